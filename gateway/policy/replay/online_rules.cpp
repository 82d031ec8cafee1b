// SPDX-License-Identifier: Apache-2.0
// Two learners of the literature, deciding task by task and believing the edge: exponential
// weights over thresholds (Moothedath, Champati, Gross, arXiv 2304.00891) and HI-LCB
// (arXiv 2508.08985, alpha 0.52).
#include <algorithm>
#include <cmath>

#include "policy/learn/hedge.hpp"
#include "policy/replay/rule.hpp"

namespace frugal::policy {

namespace {

constexpr double kLcbAlpha = 0.52;

class ExponentialWeights final : public Rule {
public:
    ExponentialWeights(double cost, const Trace& trace)
        : learners_(trace.tasks, Hedge(cost, static_cast<double>(trace.rows.size()))) {}

    bool escalates(const TraceRow& row, base::Rng& rng) override {
        Hedge& learner = learners_[row.task];
        const std::size_t bin = bin_of(row.answers.confidence_q8);
        const bool sent = rng.chance(learner.chance(bin));
        std::optional<double> loss;
        if (sent) {
            loss = row.answers.local_class == row.answers.edge_class ? 0 : 1;
        }
        learner.observe(bin, loss);
        learner.end_window();
        return sent;
    }

private:
    std::vector<Hedge> learners_;
};

class HiLcb final : public Rule {
public:
    HiLcb(double cost, const Trace& trace) : cost_(cost), cells_(trace.tasks) {}

    bool escalates(const TraceRow& row, base::Rng& /*rng*/) override {
        Cell& cell = cells_[row.task];
        cell.tasks += 1;
        const std::size_t bin = bin_of(row.answers.confidence_q8);
        const bool sent = 1 - trusted_accuracy(cell, bin) >= cost_;
        if (sent) {
            cell.sent[bin] += 1;
            cell.right[bin] += row.answers.local_class == row.answers.edge_class ? 1 : 0;
        }
        return sent;
    }

private:
    struct Cell {
        BinValues sent{};
        BinValues right{};
        double tasks = 0;
    };

    // Accuracy grows with confidence, so the bound of a less certain bin holds here too.
    static double trusted_accuracy(const Cell& cell, std::size_t bin) {
        double bound = 0;
        for (std::size_t i = 0; i <= bin; ++i) {
            if (cell.sent[i] > 0) {
                bound =
                    std::max(bound, cell.right[i] / cell.sent[i] -
                                        std::sqrt(kLcbAlpha * std::log(cell.tasks) / cell.sent[i]));
            }
        }
        return bound;
    }

    double cost_;
    std::vector<Cell> cells_;
};

}  // namespace

std::vector<NamedRule> online_rules(const Trace& trace, const ReplayOptions& options) {
    const double cost = options.cost;
    return {
        {"exponential-weights", Chance::kSeeded,
         [cost, &trace] { return std::make_unique<ExponentialWeights>(cost, trace); }},
        {"hi-lcb", Chance::kNone, [cost, &trace] { return std::make_unique<HiLcb>(cost, trace); }}};
}

}  // namespace frugal::policy
