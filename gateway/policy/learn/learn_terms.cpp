// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/learn_terms.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/hex.hpp"

namespace frugal::policy {

namespace {

constexpr std::array<std::pair<LearnMode, std::string_view>, 4> kModes = {
    {{LearnMode::kOff, "off"},
     {LearnMode::kFixed, "fixed"},
     {LearnMode::kIsoGain, "isogain"},
     {LearnMode::kHedge, "hedge"}}};

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string_view to_string(LearnMode mode) {
    return kModes[static_cast<std::size_t>(mode)].second;
}

std::optional<LearnTerms> parse_learn_mode(std::string_view text) {
    LearnTerms terms;
    const std::size_t open = text.find('(');
    const std::string_view name = text.substr(0, open);
    for (const auto& [mode, word] : kModes) {
        if (word == name) {
            terms.mode = mode;
            if (mode != LearnMode::kFixed) {
                return open == std::string_view::npos ? std::optional(terms) : std::nullopt;
            }
            if (open == std::string_view::npos || !text.ends_with(')')) {
                return std::nullopt;
            }
            const auto threshold = parse_number(text.substr(open + 1, text.size() - open - 2));
            if (!threshold || *threshold < 0 || *threshold > 1) {
                return std::nullopt;
            }
            terms.threshold = *threshold;
            return terms;
        }
    }
    return std::nullopt;
}

Registration registration_of(const LearnTerms& terms, const TableBytes& authored) {
    Registration registration;
    registration.temperature = terms.temperature;
    registration.rho = terms.rho;
    registration.has_signals = terms.samples > 0;
    registration.samples = terms.samples;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        registration.counts[bin] = terms.samples / static_cast<double>(kBins);
        registration.gains[bin] = registration.counts[bin] * authored[bin] / 256;
    }
    return registration;
}

bool is_measured_for(const LearnTerms& terms, const base::Digest& model, const base::Digest& edge) {
    return base::to_hex(model).starts_with(terms.model) &&
           base::to_hex(edge).starts_with(terms.edge);
}

TableBytes fixed_table(double threshold) {
    TableBytes table{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double middle = (static_cast<double>(bin) + 0.5) / static_cast<double>(kBins);
        table[bin] = middle < threshold ? 255 : 0;
    }
    return table;
}

}  // namespace frugal::policy
