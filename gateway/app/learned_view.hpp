// SPDX-License-Identifier: Apache-2.0
// Cells of the learner as the REST interface shows them. Pure functions, any thread.
#pragma once

#include "policy/learn/site_learner.hpp"
#include "wire/json_views_learning.hpp"

namespace frugal::app {

/// By task: first what devices use now, as told by `is_served` and `idle_s`; each part by class.
void put_used_first(std::vector<wire::LearnedCellView>& views);

/// All but release, `is_served` and `idle_s`, which the cell does not know.
wire::LearnedCellView learned_view(const policy::CellKey& key, const policy::LearnCell& cell);

}  // namespace frugal::app
