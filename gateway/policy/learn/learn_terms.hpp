// SPDX-License-Identifier: Apache-2.0
// What a policy's author says about learning: how, and what was measured of the pair of models
// before. Not in the compiled policy, because devices do not need it. Plain value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "policy/learn/canary.hpp"

namespace frugal::policy {

enum class LearnMode : std::uint8_t {
    kOff,      ///< the gain table stays as authored
    kFixed,    ///< a threshold of the device's confidence
    kIsoGain,  ///< the default: see isogain.hpp
    kHedge,    ///< certified: see hedge.hpp
};
std::string_view to_string(LearnMode mode);  ///< "isogain"

struct LearnTerms {
    LearnMode mode = LearnMode::kOff;
    double threshold = 0;    ///< of kFixed, 0..1: less certain tasks escalate
    double temperature = 1;  ///< of the edge model, as [[task.NAME.model]] states it
    double rho = 1;          ///< likewise
    double samples = 0;      ///< labelled samples behind the authored gain table
    std::string model{};     ///< pair it was measured for: leading hex digits of the digests;
    std::string edge{};      ///< empty for any
    std::optional<TableBytes> gain{};  ///< as measured: what the bounds leave of it is compiled
    GroupBounds bounds{};              ///< the owner's: nothing that is learned goes beyond
    bool operator==(const LearnTerms&) const = default;
};

/// "isogain", "hedge", "off" or "fixed(0.62)"; absent for anything else.
std::optional<LearnTerms> parse_learn_mode(std::string_view text);

/// What an authored gain table is worth as evidence: its samples, spread evenly over the bins.
Registration registration_of(const LearnTerms& terms, const TableBytes& authored);

/// False if the table was measured for another pair, and says nothing of this one.
bool is_measured_for(const LearnTerms& terms, const base::Digest& model, const base::Digest& edge);

/// Everything less certain than the threshold escalates.
TableBytes fixed_table(double threshold);

}  // namespace frugal::policy
