// SPDX-License-Identifier: Apache-2.0
// Runs policies over a recorded trace and tells what each would have cost. Pure function of trace,
// options and seeds; any thread. Cost of a task: 1 for a wrong local answer; the escalation's
// cost, and 1 for a wrong edge answer, if it was sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/replay/rule.hpp"

namespace frugal::policy {

/// One policy over all seeds; means unless said otherwise.
struct PolicyFigures {
    std::string name;
    double cost_per_task = 0;
    double over_best_fixed_percent = 0;
    double worst_over_best_fixed_percent = 0;  ///< of the seeds
    double escalated_fraction = 0;
    double accuracy = 0;  ///< of the answers the system gave
    RuleCounts counts;    ///< sums over the seeds
    /// Tasks from each change of phase until the policy is near the phase's best fixed threshold
    /// again, the median of the seeds; the phase's length if it never was.
    std::vector<double> recovery_tasks;
};

struct ReplayReport {
    std::size_t tasks = 0;
    std::vector<std::size_t> phase_begins;  ///< the changes that recovery is told of
    std::vector<PolicyFigures> policies;    ///< isogain first
};

ReplayReport replay(const Trace& trace, const ReplayOptions& options);

}  // namespace frugal::policy
