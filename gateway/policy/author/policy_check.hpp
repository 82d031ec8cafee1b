// SPDX-License-Identifier: Apache-2.0
// Proves of a policy file, before anything is pushed: every task has a fail-safe, no task marked
// `never` has a way out, every cap is finite, no learned table leaves
// the owner's bounds, and every compiled form fits a device. Pure function,
// any thread; says the first thing that is wrong, with file, line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace frugal::policy {

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
};

/// kInvalidInput (file:line:column, what, cause, remedy), kLimit.
base::Result<PolicyProof> check_policy(std::string_view text, const std::string& origin);

}  // namespace frugal::policy
