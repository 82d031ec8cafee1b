// SPDX-License-Identifier: Apache-2.0
// One device before the real core, whose every question goes to a server beyond the site that is up
// and down and often slow, in virtual time. Small and fast; judged by BreakerJudge alone. One call,
// one world.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::simulation {

/// A bug built into the world on purpose.
enum class CloudPlant : std::uint8_t {
    kNone,
    kSwappedAnswers,  ///< an answer to a call from before passes for one to a call of now: I31
};

struct CloudOutcome {
    std::uint64_t calls = 0;
    std::uint64_t old_answers = 0;  ///< to calls that began in another state of the breaker
    std::uint64_t opened = 0;       ///< times the breaker opened
    std::vector<std::string> violations;
};

CloudOutcome run_cloud(std::uint64_t seed, CloudPlant plant);

/// 0 if no seed has a violation.
int run_cloud_seeds(const std::vector<std::uint64_t>& seeds, bool as_json);
/// 0 if the bug is found within so many seeds.
int run_planted_cloud(std::uint64_t seeds);

}  // namespace frugal::simulation
