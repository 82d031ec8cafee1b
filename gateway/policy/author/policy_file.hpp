// SPDX-License-Identifier: Apache-2.0
// The offload policy as people write it (TOML, config/policies) and its compiled form as devices
// evaluate it (frugal/policy.h). Pure functions, any thread; errors name file, line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "policy/learn/learn_terms.hpp"

namespace frugal::policy {

/// Whether a file that learns but has no gain table for a model may still be compiled for it.
enum class WithoutTable : std::uint8_t {
    kRefuse,
    kBeginAnew,  ///< with Chow's rule, within the owner's bounds: it is learned from there
};

/// What the compiled form is for: one task, one local model.
struct PolicyTarget {
    std::string task_name;                  ///< selects [task.NAME]
    std::uint32_t task = 0;                 ///< its id on the wire, 1..255
    base::Digest model_digest{};            ///< selects [[task.NAME.model]] by sha256
    std::vector<std::string> class_labels;  ///< for `classes`, by class id
    std::uint32_t policy_id = 0;            ///< grows with every policy a device is given
    WithoutTable without_table = WithoutTable::kRefuse;
};

/// Compiles the policy for the target, bound to its model, unless nothing in it is of that model: a
/// fixed threshold, a task that is pinned or private. kInvalidInput (file:line:column, what,
/// remedy); kNotFound if the file has no gain table for that model: a device then keeps its
/// built-in answer.
base::Result<base::Bytes> compile_policy(std::string_view text, const std::string& origin,
                                         const PolicyTarget& target);

/// How the file says the task's policy is to learn, and what it states of the target's pair of
/// models. kInvalidInput likewise; what the file does not state is not known.
base::Result<LearnTerms> read_learn_terms(std::string_view text, const std::string& origin,
                                          const PolicyTarget& target);

/// Thousandths of a group's decisions that the file lets escalate (caps.group_share); 0: it states
/// none. kInvalidInput likewise.
base::Result<std::uint32_t> read_group_share(std::string_view text, const std::string& origin,
                                             const std::string& task_name);

}  // namespace frugal::policy
