// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>

#include "policy/learn/budget.hpp"
#include "policy/learn/class_tables.hpp"
#include "policy/learn/device_policy.hpp"
#include "policy/learn/hedge.hpp"
#include "policy/replay/rule.hpp"

namespace frugal::policy {

namespace {

constexpr double kWholeQ8 = 256;
constexpr std::uint8_t kWireTask = 1;  // each cell has a policy of its own, with one task in it

using Registrations = std::map<std::pair<std::uint32_t, std::uint32_t>, Registration>;

Registrations register_all(const Trace& trace) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<CanarySample>> samples;
    for (const CanaryRow& row : trace.canary) {
        samples[{row.task, row.phase}].push_back(row.sample);
    }
    Registrations found;
    for (const auto& [key, canary] : samples) {
        found[key] = register_pair(canary, trace.classes);
    }
    return found;
}

int price_of(double wrong_answers) {
    return static_cast<int>(std::lround(wrong_answers * kWholeQ8));
}

std::uint32_t fresh(base::Rng& rng) {
    return static_cast<std::uint32_t>(rng.next() >> 32);
}

/// Everything of one task: what its devices hold, and what the gateway learns.
struct IsoGainCell {
    IsoGainCell(const IsoGainConfig& config, std::uint32_t classes, double share)
        : learner(config, {}, classes), device(kWireTask), budget(share) {
        device.push({{learner.table()}, learner.audit_q8()});
    }

    IsoGain learner;
    DevicePolicy device;
    LearnablePart held;  ///< by the device
    BudgetPrice budget;
    Sketch sketch;
    double escalated = 0;
    std::uint32_t phase = UINT32_MAX;
};

class IsoGainRule final : public Rule {
public:
    IsoGainRule(const Trace& trace, const ReplayOptions& options, const Registrations& known)
        : options_(options),
          known_(known),
          classes_(trace.classes),
          cells_(trace.tasks, IsoGainCell(options.isogain, trace.classes, options.share)) {}

    bool escalates(const TraceRow& row, base::Rng& rng) override {
        IsoGainCell& cell = cells_[row.task];
        if (cell.phase != row.phase) {
            enter_phase(cell, row);
        }
        const auto answer =
            cell.device.decide(row.answers.confidence_q8, row.answers.local_class,
                               price_of(options_.cost + cell.budget.price()), fresh(rng));
        const bool sent = answer.tier != FR_TIER_LOCAL;
        cell.sketch.add(row.answers.confidence_q8, row.answers.local_class);
        if (sent) {
            const bool is_audit = answer.reason == FR_POLICY_AUDIT;
            cell.learner.observe({row.answers, is_audit, 0});
            cell.escalated += 1;
            counts_.audits += is_audit ? 1 : 0;
        }
        if (cell.sketch.tasks == options_.window_tasks) {
            end_window(cell);
        }
        return sent;
    }

    RuleCounts counts() const override {
        RuleCounts all = counts_;
        for (const IsoGainCell& cell : cells_) {
            all.alarms += cell.learner.alarms();
            all.probes += cell.learner.probes();
        }
        return all;
    }

private:
    void enter_phase(IsoGainCell& cell, const TraceRow& row) {
        cell.phase = row.phase;
        const auto found = known_.find({row.task, row.phase});
        if (found != known_.end()) {
            cell.learner.register_again(found->second);
            push(cell);
        }
    }

    void end_window(IsoGainCell& cell) {
        if (options_.share < 1) {
            cell.budget.add(cell.escalated, cell.sketch.tasks);
        }
        cell.learner.end_window(cell.sketch);
        cell.sketch = {};
        cell.escalated = 0;
        push(cell);
    }

    void push(IsoGainCell& cell) {
        LearnablePart part = learned_part(cell.learner, {}, classes_, {});
        if (part != cell.held) {
            cell.device.push(part);
            cell.held = std::move(part);
            ++counts_.pushes;
        }
    }

    const ReplayOptions& options_;
    const Registrations& known_;
    std::uint32_t classes_;
    std::vector<IsoGainCell> cells_;
    RuleCounts counts_;
};

struct HedgeCell {
    HedgeCell(double cost, double horizon) : learner(cost, horizon), device(kWireTask) {}

    Hedge learner;
    DevicePolicy device;
    Registration registration;
    std::uint32_t phase = UINT32_MAX;
    std::uint32_t window = 0;
};

class HedgeRule final : public Rule {
public:
    HedgeRule(const Trace& trace, const ReplayOptions& options, const Registrations& known)
        : options_(options),
          known_(known),
          classes_(trace.classes),
          cells_(trace.tasks, HedgeCell(options.cost, static_cast<double>(trace.rows.size()))) {}

    bool escalates(const TraceRow& row, base::Rng& rng) override {
        HedgeCell& cell = cells_[row.task];
        if (cell.phase != row.phase) {
            cell.phase = row.phase;
            const auto found = known_.find({row.task, row.phase});
            cell.registration = found != known_.end() ? found->second : cell.registration;
        }
        if (cell.window == 0) {
            push(cell, rng);
        }
        cell.window = (cell.window + 1) % options_.window_tasks;
        const auto answer = cell.device.decide(row.answers.confidence_q8, row.answers.local_class,
                                               price_of(options_.cost), fresh(rng));
        const bool sent = answer.tier != FR_TIER_LOCAL;
        std::optional<double> loss;
        if (sent) {
            loss = cell.registration.rho *
                   gain_signal(row.answers, cell.registration.temperature, classes_);
        }
        cell.learner.observe(bin_of(row.answers.confidence_q8), loss);
        counts_.audits += answer.reason == FR_POLICY_AUDIT ? 1 : 0;
        return sent;
    }

    RuleCounts counts() const override { return counts_; }

private:
    void push(HedgeCell& cell, base::Rng& rng) {
        cell.learner.end_window();
        const double mixing = std::ceil(cell.learner.exploration() * kWholeQ8);
        cell.device.push({{threshold_table(cell.learner.draw(rng))},
                          static_cast<std::uint8_t>(std::min(255.0, mixing))});
        ++counts_.pushes;
    }

    const ReplayOptions& options_;
    const Registrations& known_;
    std::uint32_t classes_;
    std::vector<HedgeCell> cells_;
    RuleCounts counts_;
};

}  // namespace

std::vector<NamedRule> learned_rules(const Trace& trace, const ReplayOptions& options) {
    const auto known = std::make_shared<const Registrations>(register_all(trace));
    return {{"isogain", Chance::kSeeded,
             [known, &trace, &options] {
                 return std::make_unique<IsoGainRule>(trace, options, *known);
             }},
            {"hedge", Chance::kSeeded, [known, &trace, &options] {
                 return std::make_unique<HedgeRule>(trace, options, *known);
             }}};
}

}  // namespace frugal::policy
