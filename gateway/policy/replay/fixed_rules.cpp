// SPDX-License-Identifier: Apache-2.0
// Chow 1970; Sedna's hard-example filters (Threshold, CrossEntropy, IBT) at their defaults, read
// for one classification instead of boxes; thresholds chosen in hindsight or on labelled samples.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "policy/replay/rule.hpp"

namespace frugal::policy {

namespace {

constexpr std::size_t kThresholds = 257;  // 0 sends nothing, 256 everything
constexpr double kSednaDefault = 0.5;
constexpr double kWholeQ8 = 256;

using Decision = std::function<bool(const TraceRow&)>;

class FixedRule final : public Rule {
public:
    explicit FixedRule(Decision decision) : decision_(std::move(decision)) {}
    bool escalates(const TraceRow& row, base::Rng& /*rng*/) override { return decision_(row); }

private:
    Decision decision_;
};

NamedRule fixed(std::string name, Decision decision) {
    return {std::move(name), Chance::kNone,
            [decision = std::move(decision)] { return std::make_unique<FixedRule>(decision); }};
}

double error_of(std::uint32_t answer, std::uint32_t truth) {
    return answer == truth ? 0 : 1;
}

/// Costs of staying and of sending, by score; the best threshold sends every lower score.
class ThresholdSearch {
public:
    void add(std::size_t score, const Answers& answers, std::uint32_t truth, double cost) {
        stay_[score] += error_of(answers.local_class, truth);
        send_[score] += cost + error_of(answers.edge_class, truth);
    }

    std::size_t best() const {
        double sum = 0;
        for (const double stay : stay_) {
            sum += stay;
        }
        double least = sum;
        std::size_t found = 0;
        for (std::size_t score = 0; score + 1 < kThresholds; ++score) {
            sum += send_[score] - stay_[score];
            if (sum < least) {
                least = sum;
                found = score + 1;
            }
        }
        return found;
    }

private:
    std::array<double, kThresholds> stay_{};
    std::array<double, kThresholds> send_{};
};

/// Best threshold of each key; a key without samples sends nothing.
class ThresholdTable {
public:
    using Key = std::function<std::uint64_t(const TraceRow&)>;
    using Score = std::function<std::size_t(const TraceRow&)>;

    static Decision best(const std::vector<TraceRow>& rows, std::size_t count, double cost,
                         const Key& key, const Score& score) {
        std::map<std::uint64_t, ThresholdSearch> searches;
        for (std::size_t i = 0; i < count; ++i) {
            searches[key(rows[i])].add(score(rows[i]), rows[i].answers, rows[i].true_class, cost);
        }
        std::map<std::uint64_t, std::size_t> thresholds;
        for (const auto& [one, search] : searches) {
            thresholds[one] = search.best();
        }
        return [thresholds, key, score](const TraceRow& row) {
            const auto found = thresholds.find(key(row));
            return found != thresholds.end() && score(row) < found->second;
        };
    }
};

std::size_t confidence_of(const TraceRow& row) {
    return row.answers.confidence_q8;
}

std::uint64_t task_of(const TraceRow& row) {
    return row.task;
}

/// The thresholds of each phase's canary; a phase without one keeps that before.
Decision canary_fixed(const Trace& trace, double cost) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, ThresholdSearch> searches;
    for (const CanaryRow& row : trace.canary) {
        searches[{row.task, row.phase}].add(row.sample.answers.confidence_q8, row.sample.answers,
                                            row.sample.true_class, cost);
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> thresholds;
    for (const auto& [key, search] : searches) {
        thresholds[key] = search.best();
    }
    // The state is the phase last told for a task, so the decision owns a copy that it changes.
    return [thresholds,
            current = std::map<std::uint32_t, std::size_t>{}](const TraceRow& row) mutable {
        const auto found = thresholds.find({row.task, row.phase});
        if (found != thresholds.end()) {
            current[row.task] = found->second;
        }
        return confidence_of(row) < current[row.task];
    };
}

void add_hindsight(const Trace& trace, double cost, std::vector<NamedRule>& rules) {
    const auto best = [&](std::size_t count, const ThresholdTable::Key& key,
                          const ThresholdTable::Score& score) {
        return ThresholdTable::best(trace.rows, count, cost, key, score);
    };
    rules.push_back(fixed("best-fixed", best(trace.rows.size(), task_of, confidence_of)));
    if (trace.has_margins) {
        rules.push_back(fixed("best-fixed-margin", best(trace.rows.size(), task_of,
                                                        [](const TraceRow& row) -> std::size_t {
                                                            return row.margin_q8;
                                                        })));
    }
    const auto task_and_class = [](const TraceRow& row) {
        return (std::uint64_t{row.task} << 32) | row.answers.local_class;
    };
    rules.push_back(
        fixed("best-fixed-per-class", best(trace.rows.size(), task_and_class, confidence_of)));
    rules.push_back(
        fixed("calibrate-once", best((trace.rows.size() + 9) / 10, task_of, confidence_of)));
    if (!trace.canary.empty()) {
        rules.push_back(fixed("canary-fixed", canary_fixed(trace, cost)));
    }
    rules.push_back(fixed("oracle", [cost](const TraceRow& row) {
        return cost + error_of(row.answers.edge_class, row.true_class) <
               error_of(row.answers.local_class, row.true_class);
    }));
}

double confidence_share(const TraceRow& row) {
    return row.answers.confidence_q8 / kWholeQ8;
}

}  // namespace

std::vector<NamedRule> fixed_rules(const Trace& trace, const ReplayOptions& options) {
    std::vector<NamedRule> rules;
    const double cost = options.cost;
    add_hindsight(trace, cost, rules);
    rules.push_back(fixed("all-local", [](const TraceRow&) { return false; }));
    rules.push_back(fixed("all-edge", [](const TraceRow&) { return true; }));
    rules.push_back(
        fixed("chow", [cost](const TraceRow& row) { return 1 - confidence_share(row) >= cost; }));
    rules.push_back(fixed("sedna-threshold", [](const TraceRow& row) {
        return confidence_share(row) < kSednaDefault;
    }));
    if (trace.has_entropy) {
        rules.push_back(fixed("sedna-cross-entropy", [](const TraceRow& row) {
            return *row.entropy_confidence_q8 / kWholeQ8 < kSednaDefault;
        }));
    }
    // One answer is one box: all of the boxes are doubtful when it is.
    rules.push_back(fixed(
        "sedna-ibt", [](const TraceRow& row) { return confidence_share(row) <= kSednaDefault; }));
    return rules;
}

}  // namespace frugal::policy
