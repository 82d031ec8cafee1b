// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/replay.hpp"

#include <algorithm>
#include <iterator>

namespace frugal::policy {

namespace {

constexpr std::size_t kRecoveryWindow = 256;  // tasks a mean cost is taken over
constexpr double kRecoveryFactor = 1.10;
constexpr double kRecoverySlack = 0.02;  // wrong answers a task
constexpr std::size_t kPhaseLeast = 4 * kRecoveryWindow;
constexpr std::size_t kPhaseChangesMax = 64;

struct Phase {
    std::size_t begin;
    std::size_t end;
    double near_cost;  ///< a mean cost that counts as recovered
};

struct Run {
    double cost = 0;
    double errors = 0;
    double sent = 0;
    std::vector<float> costs;  ///< of each task
    RuleCounts counts;
};

Run run_rule(const Trace& trace, double cost, const NamedRule& named, std::uint64_t seed) {
    Run run;
    run.costs.reserve(trace.rows.size());
    base::Rng rng(seed);
    const auto rule = named.make();
    for (const TraceRow& row : trace.rows) {
        const bool sent = rule->escalates(row, rng);
        const std::uint32_t answer = sent ? row.answers.edge_class : row.answers.local_class;
        const double error = answer == row.true_class ? 0 : 1;
        const double task_cost = error + (sent ? cost : 0);
        run.cost += task_cost;
        run.errors += error;
        run.sent += sent ? 1 : 0;
        run.costs.push_back(static_cast<float>(task_cost));
    }
    run.counts = rule->counts();
    return run;
}

std::vector<Phase> phases_after_changes(const Trace& trace, const ReplayOptions& options) {
    std::vector<Phase> phases;
    const auto differs = [](const TraceRow& one, const TraceRow& next) {
        return one.phase != next.phase;
    };
    auto begin = std::adjacent_find(trace.rows.begin(), trace.rows.end(), differs);
    while (begin != trace.rows.end() && phases.size() < kPhaseChangesMax) {
        ++begin;
        const auto last = std::adjacent_find(begin, trace.rows.end(), differs);
        const auto end = last == trace.rows.end() ? last : std::next(last);
        if (static_cast<std::size_t>(end - begin) >= kPhaseLeast) {
            Trace part;
            part.rows.assign(begin, end);
            part.tasks = trace.tasks;
            part.classes = trace.classes;
            const Run best = run_rule(part, options.cost, fixed_rules(part, options).front(), 0);
            const double mean = best.cost / static_cast<double>(part.rows.size());
            phases.push_back({static_cast<std::size_t>(begin - trace.rows.begin()),
                              static_cast<std::size_t>(end - trace.rows.begin()),
                              mean * kRecoveryFactor + kRecoverySlack});
        }
        begin = last;
    }
    return phases;
}

double recovery_of(const Phase& phase, const std::vector<float>& costs) {
    double sum = 0;
    for (std::size_t i = phase.begin; i < phase.end; ++i) {
        sum += costs[i];
        if (i + 1 < phase.begin + kRecoveryWindow) {
            continue;
        }
        const std::size_t first = i + 1 - kRecoveryWindow;
        if (sum <= phase.near_cost * kRecoveryWindow) {
            return static_cast<double>(first - phase.begin);
        }
        sum -= costs[first];
    }
    return static_cast<double>(phase.end - phase.begin);
}

double median(std::vector<double> values) {
    const std::size_t middle = values.size() / 2;
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle),
                     values.end());
    return values[middle];
}

void add(RuleCounts& sum, const RuleCounts& one) {
    sum.pushes += one.pushes;
    sum.alarms += one.alarms;
    sum.probes += one.probes;
    sum.audits += one.audits;
}

PolicyFigures figures_of(const NamedRule& rule, const std::vector<Run>& runs,
                         const std::vector<Phase>& phases, double best_cost) {
    PolicyFigures figures;
    figures.name = rule.name;
    const double count = static_cast<double>(runs.size());
    const double tasks = static_cast<double>(runs.front().costs.size());
    double worst = 0;
    for (const Run& run : runs) {
        figures.cost_per_task += run.cost / tasks / count;
        figures.escalated_fraction += run.sent / tasks / count;
        figures.accuracy += (1 - run.errors / tasks) / count;
        worst = std::max(worst, run.cost);
        add(figures.counts, run.counts);
    }
    // A trace without a single error or escalation has no percentages.
    const double best_mean = best_cost / tasks;
    if (best_cost > 0) {
        figures.over_best_fixed_percent = 100 * (figures.cost_per_task / best_mean - 1);
        figures.worst_over_best_fixed_percent = 100 * (worst / best_cost - 1);
    }
    for (const Phase& phase : phases) {
        std::vector<double> delays;
        for (const Run& run : runs) {
            delays.push_back(recovery_of(phase, run.costs));
        }
        figures.recovery_tasks.push_back(median(std::move(delays)));
    }
    return figures;
}

}  // namespace

ReplayReport replay(const Trace& trace, const ReplayOptions& options) {
    ReplayReport report;
    report.tasks = trace.rows.size();
    const auto phases = phases_after_changes(trace, options);
    for (const Phase& phase : phases) {
        report.phase_begins.push_back(phase.begin);
    }
    auto rules = learned_rules(trace, options);
    auto fixed = fixed_rules(trace, options);
    const double best_cost = run_rule(trace, options.cost, fixed.front(), 0).cost;
    auto online = online_rules(trace, options);
    std::move(fixed.begin(), fixed.end(), std::back_inserter(rules));
    std::move(online.begin(), online.end(), std::back_inserter(rules));
    for (const NamedRule& rule : rules) {
        std::vector<Run> runs;
        const std::uint32_t seeds = rule.chance == Chance::kSeeded ? options.seeds : 1;
        for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
            runs.push_back(run_rule(trace, options.cost, rule, seed));
        }
        report.policies.push_back(figures_of(rule, runs, phases, best_cost));
    }
    return report;
}

}  // namespace frugal::policy
