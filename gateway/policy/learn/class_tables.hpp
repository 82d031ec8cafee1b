// SPDX-License-Identifier: Apache-2.0
// What IsoGain learned as devices are to hold it: in one gain table, or in one for each group of
// classes for which asking gains more or less. Pure functions, any thread. Classes that the owner
// pinned stay pinned, groups that he made stay his, and no gain leaves his bounds.
#pragma once

#include "policy/learn/compiled_table.hpp"
#include "policy/learn/isogain.hpp"

namespace frugal::policy {

/// `owner`: the part as the owner's file compiles. `classes` of the task.
LearnablePart learned_part(const IsoGain& learner, const LearnablePart& owner,
                           std::uint32_t classes, const GroupBounds& bounds);

/// The same for groups that are given.
LearnablePart filled_in(const IsoGain& learner, LearnablePart layout, const GroupBounds& bounds);

}  // namespace frugal::policy
