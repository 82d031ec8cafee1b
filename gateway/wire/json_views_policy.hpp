// SPDX-License-Identifier: Apache-2.0
// Policies, their versions, their way to the devices and their answers explained, as JSON texts of
// the REST interface (proto/openapi.yaml names every key). Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin.hpp"

namespace frugal::wire {

std::string to_json(const core::PolicySet& set);
std::string to_json(const core::PolicyHistory& history);
std::string to_json(const core::PolicyRolloutView& view);

/// The rules of one compiled part in words.
struct PolicyPartWords {
    std::string device_class;
    std::vector<std::string> lines{};
    std::optional<core::PolicySource> source{};  ///< as core::PolicyPart's
};
std::string policy_version_json(const core::PolicyVersionRecord& version,
                                const std::vector<PolicyPartWords>& parts);

/// One thing that two versions say differently for a device class.
struct PolicyPartDifference {
    std::string device_class;
    std::string what;
    std::string before;
    std::string after;
};
std::string policy_difference_json(std::string_view before, std::string_view after,
                                   const std::vector<PolicyPartDifference>& parts);
/// What setting it would do, and what it says otherwise than what is in force.
std::string policy_trial_json(const core::PolicySet& set,
                              const std::vector<PolicyPartDifference>& parts);

struct DecisionExplanation {
    std::string device;
    std::uint64_t sequence = 0;
    std::uint32_t task = 0;
    core::Tier tier = core::Tier::kUnspecified;
    core::PolicyReason reason = core::PolicyReason::kUnspecified;
    std::uint32_t policy = 0;        ///< version; 0: none is known
    bool is_policy_certain = false;  ///< the device told; else the newest that was set before
    std::vector<std::string> lines{};
};
std::string explanation_json(const DecisionExplanation& explanation);

}  // namespace frugal::wire
