// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_judge.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace frugal::simulation {

namespace {

constexpr std::uint64_t kEnough = 300;  ///< below it a ratio means little

/// At any load, with engines that do not change: 99 % of what was admitted is answered in time.
void judge_promises(DeskOutcome& outcome) {
    if (!outcome.options.has_faults() && outcome.admitted > kEnough &&
        outcome.kept_ratio() < 0.99) {
        outcome.violations.push_back(
            fmt::format("promises: {} of {} kept", outcome.kept, outcome.admitted));
    }
    if (outcome.after_deadline != 0) {
        outcome.violations.push_back(
            fmt::format("{} inferences began after their deadline", outcome.after_deadline));
    }
    if (outcome.running_max > outcome.options.workers) {
        outcome.violations.push_back(fmt::format("{} batches at once", outcome.running_max));
    }
}

/// Audits never fare better than tasks, and give way under overload.
void judge_audits(DeskOutcome& outcome) {
    if (outcome.audits < kEnough || outcome.options.load < 1.5 || outcome.options.has_faults()) {
        return;
    }
    const auto part = [](std::uint64_t some, std::uint64_t all) {
        return static_cast<double>(some) / static_cast<double>(std::max<std::uint64_t>(all, 1));
    };
    const auto audits = part(outcome.audits_answered, outcome.audits);
    const auto tasks = part(outcome.tasks_answered, outcome.tasks_asked);
    if (audits > tasks + 0.02) {
        outcome.violations.push_back(
            fmt::format("audits {:.3f} answered, tasks {:.3f}", audits, tasks));
    }
}

/// Devices that ask alike get alike, within their group; who asks ten times as often starves
/// nobody.
void judge_shares(DeskOutcome& outcome) {
    const auto& options = outcome.options;
    if (options.has_faults() || options.load < 1.2 || options.obeys_price || options.tasks > 1) {
        return;
    }
    std::vector<std::uint64_t> modest;
    for (std::size_t i = options.greed > 1 ? 1 : 0; i < outcome.devices.size(); ++i) {
        modest.push_back(outcome.devices[i].answered);
    }
    std::ranges::sort(modest);
    const auto median = modest[modest.size() / 2];
    if (median < 100) {
        return;
    }
    // Of other groups somebody may have fewer neighbours to share with, never none.
    if (modest.front() * 3 < median) {
        outcome.violations.push_back(
            fmt::format("starved: {} answers, the median has {}", modest.front(), median));
    }
    // He may have what nobody else wants.
    const auto greedy = outcome.devices.front().answered;
    const auto& last = outcome.devices.back();
    const bool is_contested = last.answered * 10 < last.asked * 8;
    if (options.greed > 1 && options.groups == 1 && is_contested && greedy > median * 3) {
        outcome.violations.push_back(
            fmt::format("greedy: {} answers, the median has {}", greedy, median));
    }
}

/// In the long run a group is granted its share of its decisions, within 5 %, and devices that
/// weigh the price ask for hardly more.
void judge_budget(DeskOutcome& outcome) {
    const auto& options = outcome.options;
    if (options.share_permille == 0) {
        return;
    }
    std::vector<double> asked(options.groups);
    std::vector<double> caps(options.groups);
    for (const auto& device : outcome.devices) {
        asked[device.group] += static_cast<double>(device.asked) * (1 - options.loss);
        caps[device.group] += options.share_permille / 1000.0 * static_cast<double>(device.tasks);
    }
    // What the virtual queue holds, and what is under way, is not the long run.
    const auto transient = 64.0 + 8.0 * options.devices_per_group;
    const auto check = [&](const char* what, double count, double limit, double cap) {
        if (count > limit * cap + transient) {
            outcome.violations.push_back(
                fmt::format("budget: {:.0f} {}, the cap is {:.0f}", count, what, cap));
        }
    };
    for (std::size_t group = 0; group < caps.size(); ++group) {
        if (!options.has_blind) {
            check("asked", asked[group], 1.1, caps[group]);
        }
        for (const auto& budget : outcome.statistics.budgets) {
            if (budget.group == fmt::format("group-{}", group)) {
                check("granted", static_cast<double>(budget.escalated), 1.05, caps[group]);
            }
        }
    }
}

/// One who asks always, whatever he is told, leaves the others of his group at least half of
/// theirs.
void judge_blind(DeskOutcome& outcome) {
    if (!outcome.options.has_blind) {
        return;
    }
    std::uint64_t answered = 0;
    std::uint64_t tasks = 0;
    for (std::size_t i = 1; i < outcome.devices.size(); ++i) {
        const bool is_neighbour = outcome.devices[i].group == outcome.devices.front().group;
        answered += is_neighbour ? outcome.devices[i].answered : 0;
        tasks += is_neighbour ? outcome.devices[i].tasks : 0;
    }
    const auto theirs = outcome.options.share_permille / 1000.0 * static_cast<double>(tasks);
    if (theirs > 50 && static_cast<double>(answered) < 0.5 * theirs) {
        outcome.violations.push_back(fmt::format(
            "blind: his neighbours got {} answers, {:.0f} are theirs", answered, theirs));
    }
}

/// Nobody storms a gateway that was killed: two seconds after its return it is asked as often as
/// before, and answers as often. While it is away devices send what they have, one second's tasks.
void judge_herd(DeskOutcome& outcome) {
    const auto& options = outcome.options;
    if (!options.has_kill || options.has_engine_faults() || outcome.rate_before < 50) {
        return;
    }
    if (outcome.asks_back > 1.2 * outcome.asks_before) {
        outcome.violations.push_back(fmt::format("herd: {:.0f} escalations a second, before {:.0f}",
                                                 outcome.asks_back, outcome.asks_before));
    }
    if (outcome.rate_back < 0.85 * outcome.rate_before) {
        outcome.violations.push_back(fmt::format("herd: {:.0f} answers a second, before {:.0f}",
                                                 outcome.rate_back, outcome.rate_before));
    }
}

/// After the last fault everything is as before.
void judge_recovery(DeskOutcome& outcome) {
    if (outcome.options.has_faults() && outcome.rate_before > 20 &&
        outcome.rate_after < 0.7 * outcome.rate_before) {
        outcome.violations.push_back(fmt::format("recovery: {:.1f} answers a second, before {:.1f}",
                                                 outcome.rate_after, outcome.rate_before));
    }
}

}  // namespace

void judge(DeskOutcome& outcome) {
    judge_promises(outcome);
    judge_audits(outcome);
    judge_shares(outcome);
    judge_budget(outcome);
    judge_blind(outcome);
    judge_herd(outcome);
    judge_recovery(outcome);
}

}  // namespace frugal::simulation
