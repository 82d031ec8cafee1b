// SPDX-License-Identifier: Apache-2.0
// One seeded site in virtual time: real core, real storage code on a simulated disk, real nodes on
// simulated flash, a faulty network between them. First safety under faults, then everything heals
// and must converge within a budget of virtual time. One thread; the same options give the same
// trace hash. One world at a time in a process.
#pragma once

#include <memory>

#include "simulation/world/fault_injector.hpp"

namespace frugal::simulation {

struct Outcome {
    Options options;
    std::uint64_t hash = 0;
    std::uint64_t events = 0;
    base::Duration virtual_time{0};
    std::uint64_t decisions = 0;  ///< rows stored at the end
    std::map<std::string, std::uint64_t> marks;
    std::map<std::string, std::uint64_t> faults;
    std::vector<Violation> violations;
    std::vector<std::string> last_events;
};

/// Plays the whole story. `is_loud` prints every event.
Outcome run_world(const Options& options, bool is_loud);

}  // namespace frugal::simulation
