// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/rng.hpp"

namespace frugal::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// Drawn last, so that a seed's site stays what it was.
void draw_variety(DeskOptions& options, base::Rng& rng) {
    options.has_blind = options.share_permille != 0 && rng.chance(0.4);
    options.loss = rng.chance(0.3) ? rng.uniform() * 0.1 : 0;
    if (options.share_permille == 0 && rng.chance(0.3)) {
        options.tasks = 2 + static_cast<std::uint32_t>(rng.below(2));
    }
    if (rng.chance(0.15)) {
        options.engine_each *= 10;
    }
    options.deadline_min = std::max<base::Duration>(
        options.deadline_min,
        options.engine_base + options.engine_each * 4 * options.tasks + milliseconds(30));
    options.deadline_max = std::max(options.deadline_max, options.deadline_min);
}

}  // namespace

DeskOptions desk_options_of_seed(std::uint64_t seed) {
    base::Rng rng(seed * 0x9E3779B97F4A7C15ULL + 77);
    DeskOptions options;
    options.seed = seed;
    options.groups = 1 + static_cast<std::uint32_t>(rng.below(3));
    options.devices_per_group = 3 + static_cast<std::uint32_t>(rng.below(14));
    options.workers = 1 + static_cast<std::uint32_t>(rng.below(3));
    options.batch_max = 1U << rng.below(4);
    options.load = rng.chance(0.5) ? 3.0 : 0.3 + rng.uniform() * 3;
    options.engine_each = microseconds(500 + rng.below(8000));
    options.engine_base = rng.chance(0.5) ? options.engine_each * 2 : microseconds(0);
    options.deadline_min = options.engine_base + options.engine_each * 4 + milliseconds(30);
    options.deadline_max = options.deadline_min + milliseconds(rng.below(1500));
    options.way_max = microseconds(200 + rng.below(5000));
    options.audits = rng.chance(0.5) ? 0.02 + rng.uniform() * 0.4 : 0;
    options.greed = rng.chance(0.3) ? 10 : 1;
    options.obeys_price = rng.chance(0.3);
    options.share_permille = rng.chance(0.25) ? 50 + static_cast<std::uint32_t>(rng.below(300)) : 0;
    if (options.share_permille != 0) {
        options.load = 0.5;
        options.greed = 1;
        options.audits = 0;
        options.obeys_price = true;
        options.length = std::chrono::seconds(120);
    } else if (rng.chance(0.4)) {
        options.has_slow_engine = rng.chance(0.5);
        options.has_failing_engine = rng.chance(0.4);
        options.has_hung_engine = rng.chance(0.4);
        options.has_kill = rng.chance(0.4);
        options.length = std::chrono::seconds(60);
    }
    draw_variety(options, rng);
    return options;
}

std::string describe(const DeskOptions& options) {
    return fmt::format(
        "seed {}: {}x{} devices, {} workers, batches to {}, load {:.2f}, engine {}+{} us a task, "
        "deadlines {}..{} ms, way {} us, audits {:.2f}, greed {}, {}share {}{}, {} tasks, "
        "loss {:.3f}, faults{}{}{}{}",
        options.seed, options.groups, options.devices_per_group, options.workers, options.batch_max,
        options.load, options.engine_base.count(), options.engine_each.count(),
        options.deadline_min.count() / 1000, options.deadline_max.count() / 1000,
        options.way_max.count(), options.audits, options.greed,
        options.obeys_price ? "obedient, " : "", options.share_permille,
        options.has_blind ? " one blind" : "", options.tasks, options.loss,
        options.has_slow_engine ? " slow" : "", options.has_failing_engine ? " failing" : "",
        options.has_hung_engine ? " hung" : "", options.has_kill ? " kill" : "");
}

}  // namespace frugal::simulation
