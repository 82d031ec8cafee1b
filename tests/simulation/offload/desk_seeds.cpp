// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_seeds.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "simulation/offload/desk_world.hpp"

namespace frugal::simulation {

int run_desk_seeds(const std::vector<std::uint64_t>& seeds, bool as_json) {
    std::uint64_t failed = 0;
    std::uint64_t asked = 0;
    std::uint64_t admitted = 0;
    std::uint64_t kept = 0;
    double worst = 1;
    double hours = 0;
    for (const auto seed : seeds) {
        const auto outcome = run_desk(desk_options_of_seed(seed));
        asked += outcome.asked;
        hours += static_cast<double>(outcome.options.length.count()) / 3.6e9;
        if (!outcome.options.has_faults()) {
            admitted += outcome.admitted;
            kept += outcome.kept;
            worst = outcome.admitted > 300 ? std::min(worst, outcome.kept_ratio()) : worst;
        }
        if (!outcome.violations.empty()) {
            ++failed;
            fmt::print("FAILED {}\n", describe(outcome.options));
            for (const auto& violation : outcome.violations) {
                fmt::print("  {}\n", violation);
            }
        }
    }
    const auto ratio =
        admitted == 0 ? 1.0 : static_cast<double>(kept) / static_cast<double>(admitted);
    fmt::print(
        fmt::runtime(
            as_json ? "{{\"seeds\": {}, \"violations\": {}, \"simulated_hours\": {:.2f}, "
                      "\"escalations\": {}, \"admitted_kept\": {:.5f}, \"worst_kept\": {:.5f}}}\n"
                    : "desk: seeds {}  failed {}  simulated {:.1f} h  escalations {}  "
                      "admitted and answered in time {:.5f}, worst seed {:.5f}\n"),
        seeds.size(), failed, hours, asked, ratio, worst);
    return failed == 0 ? 0 : 1;
}

}  // namespace frugal::simulation
