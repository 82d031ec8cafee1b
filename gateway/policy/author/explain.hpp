// SPDX-License-Identifier: Apache-2.0
// Why a device answered as it did, in sentences: the rule of the policy that spoke, and the numbers
// it compared, as far as they are known. Pure function, any thread. Says which numbers the device
// told, which were recomputed from the compiled policy, and which are lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/author/compiled_policy.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

/// One decision as it is known afterwards.
struct AnswerFacts {
    std::uint32_t task = 0;
    std::uint32_t reason = 0;  ///< fr_policy_reason_t
    std::uint32_t tier = 0;    ///< fr_tier_t that answered
    std::optional<std::uint32_t> local_class{};
    std::optional<std::uint8_t> local_confidence{};
    /// What the device itself said it compared; absent when it is no longer among its last answers.
    std::optional<std::uint8_t> told_gain{};
    std::optional<std::uint16_t> told_price{};
    std::optional<std::uint8_t> told_guard{};  ///< number of the guard that said local
    std::optional<std::uint32_t> payload_bytes{};
    /// What the owner lets the gain of the local class be; absent if it is not known.
    std::optional<GainBounds> bounds{};
    std::string bounds_error{};  ///< why it is not known, if its text cannot be read
};

/// The rule that spoke, then gain, price and its terms, bounds; one sentence each. `policy` may be
/// null: then only the reason is explained.
std::vector<std::string> explain(const CompiledPolicy* policy, const AnswerFacts& facts,
                                 const std::vector<std::string>& labels);

}  // namespace frugal::policy
