// SPDX-License-Identifier: Apache-2.0
// One cell of the learner as the REST interface shows it. A pure function, any thread.
#pragma once

#include "policy/learn/site_learner.hpp"
#include "wire/json_views_learning.hpp"

namespace frugal::app {

wire::LearnedCellView learned_view(const policy::CellKey& key, const policy::LearnCell& cell);

}  // namespace frugal::app
