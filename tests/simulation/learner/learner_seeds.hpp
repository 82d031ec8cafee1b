// SPDX-License-Identifier: Apache-2.0
// Runs seeds of the learner's simulation and says what it found.
#pragma once

#include <cstdint>
#include <vector>

namespace frugal::simulation {

/// 0 if no seed failed.
int run_learner_seeds(const std::vector<std::uint64_t>& seeds, bool as_json);

/// Each bug built in on purpose must be found by its own check. 0 if each was.
int run_planted_learners(std::uint64_t seeds);

}  // namespace frugal::simulation
