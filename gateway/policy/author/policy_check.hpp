// SPDX-License-Identifier: Apache-2.0
// Proves of a policy file, before anything is pushed: every task has a fail-safe, no task marked
// `never` has a way out, none is less private than it is defined, every cap is finite, no learned
// table leaves the owner's bounds, and every compiled form fits a device. `frugalctl policy check`
// and the gateway, before a text comes into force, prove with this one function. Pure, any thread;
// says the first thing that is wrong, with file, line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace frugal::policy {

/// The longest text of a policy, in bytes: what the gateway takes over REST.
inline constexpr std::size_t kPolicyTextMax = 16 * 1024;

/// What holds of one task with one device model.
struct TaskProof {
    std::string task;
    std::string model;
    std::string privacy;
    bool can_escalate = false;
    std::uint32_t cap_per_hour = 0;
    std::size_t compiled_bytes = 0;
    std::vector<std::string> gain_bounds{};  ///< "gains of class coat: 0.100 to 0.500"
};

struct PolicyProof {
    std::string fail_safe;
    std::size_t guards = 0;
    std::vector<TaskProof> tasks;
    std::vector<std::string> remarks{};  ///< sound, but perhaps not meant; a sentence each
};

/// What a gateway knows of the task that a text is meant for.
struct DefinedTask {
    std::string name;
    std::uint8_t privacy = 0;  ///< 0 public, 1 edge-only, 2 never: the text may only add to it
    std::uint32_t payload_bytes = 0;  ///< of an input of its edge model; 0: not known
};

/// kInvalidInput (file:line:column, what, cause, remedy), kLimit. Without `defined` nothing is
/// known of the site.
base::Result<PolicyProof> check_policy(std::string_view text, const std::string& origin,
                                       const DefinedTask* defined = nullptr);

}  // namespace frugal::policy
