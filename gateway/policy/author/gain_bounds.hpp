// SPDX-License-Identifier: Apache-2.0
// The bounds that an owner sets to gains (`bounds` and `classes` of a policy file), for people: who
// is bound to what, and how two files differ. The learner keeps to them after learning, so compiled
// forms lie within them too. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/author/compiled_policy.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

/// Of one task: by class id, and of its other classes.
struct OwnerBounds {
    GainBounds task{};
    std::vector<GainBounds> classes{};  ///< classes with a rule of their own have the task's

    const GainBounds& of(std::uint32_t class_id) const {
        return class_id < classes.size() ? classes[class_id] : task;
    }
};

/// kInvalidInput (file:line:column, what, remedy). A file without the task binds nothing.
base::Result<OwnerBounds> read_owner_bounds(std::string_view text, const std::string& origin,
                                            const std::string& task_name,
                                            const std::vector<std::string>& labels);

std::string words_of(const GainBounds& bounds);  ///< "0.100 to 0.500"

/// One line for the task and for each class that differs from it; none if nothing is bound.
std::vector<std::string> describe(const OwnerBounds& bounds,
                                  const std::vector<std::string>& labels);

std::vector<PolicyDifference> compare(const OwnerBounds& before, const OwnerBounds& after,
                                      const std::vector<std::string>& labels);

}  // namespace frugal::policy
