// SPDX-License-Identifier: Apache-2.0
#include "simulation/learner/learner_seeds.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "simulation/learner/learner_world.hpp"

namespace frugal::simulation {

int run_learner_seeds(const std::vector<std::uint64_t>& seeds, bool as_json) {
    std::uint64_t failed = 0;
    double cost = 0;
    double better = 0;
    double regret = 0;
    std::uint64_t with_liars = 0;
    std::uint64_t pushes = 0;
    for (const auto seed : seeds) {
        const auto options = learner_options_of_seed(seed);
        auto outcome = run_learner(options);
        if (run_learner(options).hash != outcome.hash) {
            outcome.violations.push_back("I23: the same seed gives two histories");
        }
        cost += outcome.cost;
        better += std::min(outcome.cost_local, outcome.cost_edge);
        pushes += outcome.pushes;
        if (options.liars != 0) {
            regret += outcome.cost / outcome.cost_alone - 1;
            ++with_liars;
        }
        if (!outcome.violations.empty()) {
            ++failed;
            fmt::print("FAILED {}\n", describe(options));
            for (const auto& violation : outcome.violations) {
                fmt::print("  {}\n", violation);
            }
        }
    }
    fmt::print(
        fmt::runtime(as_json
                         ? "{{\"seeds\": {}, \"violations\": {}, \"pushes\": {}, "
                           "\"cost\": {:.4f}, \"cost_best_fixed_tier\": {:.4f}, "
                           "\"regret_by_liars\": {:.4f}}}\n"
                         : "learner: seeds {}  failed {}  pushes {}  cost of a task "
                           "{:.4f}, of the better tier alone {:.4f}, more by liars {:.4f} of it\n"),
        seeds.size(), failed, pushes, cost / static_cast<double>(seeds.size()),
        better / static_cast<double>(seeds.size()),
        regret / static_cast<double>(std::max<std::uint64_t>(1, with_liars)));
    return failed == 0 ? 0 : 1;
}

int run_planted_learners(std::uint64_t seeds) {
    int missed = 0;
    for (const auto plant : all_learner_plants()) {
        std::uint64_t seed = 1;
        bool is_caught = false;
        for (; seed <= seeds && !is_caught; ++seed) {
            const auto outcome = run_learner(planted_learner_options(seed, plant));
            is_caught = std::any_of(outcome.violations.begin(), outcome.violations.end(),
                                    [plant](const std::string& violation) {
                                        return violation.starts_with(invariant_of(plant));
                                    });
        }
        fmt::print("planted {:<20} {}\n", to_string(plant),
                   is_caught
                       ? fmt::format("caught by {} with seed {}", invariant_of(plant), seed - 1)
                       : fmt::format("MISSED in {} seeds", seeds));
        missed += is_caught ? 0 : 1;
    }
    return missed == 0 ? 0 : 1;
}

}  // namespace frugal::simulation
