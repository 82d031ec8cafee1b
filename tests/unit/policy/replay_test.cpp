// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace frugal::policy {
namespace {

TraceRow row(std::uint8_t confidence_q8, std::uint32_t local, std::uint32_t edge,
             std::uint32_t truth, std::uint32_t phase = 0) {
    TraceRow made;
    made.answers.confidence_q8 = confidence_q8;
    made.answers.local_class = local;
    made.answers.edge_class = edge;
    made.true_class = truth;
    made.phase = phase;
    return made;
}

const PolicyFigures& figures_of(const ReplayReport& report, const std::string& name) {
    const auto found = std::find_if(report.policies.begin(), report.policies.end(),
                                    [&](const auto& one) { return one.name == name; });
    EXPECT_NE(found, report.policies.end()) << name;
    return *found;
}

/// Both unsure answers are wrong; of the sure ones one is wrong and the edge is right, one is right
/// and the edge is wrong.
Trace small_trace() {
    Trace trace;
    trace.rows = {row(40, 0, 1, 1), row(60, 0, 1, 1), row(200, 0, 1, 1), row(250, 1, 0, 1)};
    return trace;
}

struct Expected {
    const char* name;
    double cost;
    double escalated;
    double accuracy;
};

TEST(Replay, FixedRulesCostWhatPencilAndPaperSay) {
    ReplayOptions options;
    options.cost = 0.2;
    const ReplayReport report = replay(small_trace(), options);
    const Expected table[] = {
        {"all-local", 3.0 / 4, 0, 0.25},
        {"all-edge", 1.8 / 4, 1, 0.75},
        {"best-fixed", 0.6 / 4, 0.75, 1},
        {"oracle", 0.6 / 4, 0.75, 1},
        {"chow", 0.6 / 4, 0.75, 1},               // 1 - 200/256 = 0.22 is sent, 0.02 is not
        {"sedna-threshold", 1.4 / 4, 0.5, 0.75},  // below 0.5
    };
    for (const Expected& expected : table) {
        const PolicyFigures& figures = figures_of(report, expected.name);
        EXPECT_NEAR(figures.cost_per_task, expected.cost, 1e-12) << expected.name;
        EXPECT_NEAR(figures.escalated_fraction, expected.escalated, 1e-12) << expected.name;
        EXPECT_NEAR(figures.accuracy, expected.accuracy, 1e-12) << expected.name;
        EXPECT_NEAR(figures.over_best_fixed_percent, 100 * (expected.cost / 0.15 - 1), 1e-9)
            << expected.name;
    }
    EXPECT_EQ(report.policies.front().name, "isogain");
}

Trace long_trace(std::size_t tasks, std::size_t fault_at) {
    Trace trace;
    base::Rng rng(3);
    for (std::size_t i = 0; i < tasks; ++i) {
        const bool faulty = i >= fault_at;
        const auto confidence =
            static_cast<std::uint8_t>(faulty ? 224 + rng.below(32) : rng.below(256));
        const bool wrong = rng.chance(faulty ? 0.9 : 1 - confidence / 256.0);
        const auto truth = static_cast<std::uint32_t>(rng.below(4));
        trace.rows.push_back(
            row(confidence, wrong ? (truth + 1) % 4 : truth, truth, truth, faulty ? 1 : 0));
    }
    trace.classes = 4;
    return trace;
}

TEST(Replay, SameSeedsSameFigures) {
    const Trace trace = long_trace(4000, 4000);
    const ReplayReport one = replay(trace, {});
    const ReplayReport other = replay(trace, {});
    ASSERT_EQ(one.policies.size(), other.policies.size());
    for (std::size_t i = 0; i < one.policies.size(); ++i) {
        EXPECT_EQ(one.policies[i].cost_per_task, other.policies[i].cost_per_task);
    }
}

TEST(Replay, AConfidentlyWrongDeviceIsNoticedWithinAThousandTasks) {
    const ReplayReport report = replay(long_trace(10000, 4000), {});
    ASSERT_EQ(report.phase_begins, std::vector<std::size_t>{4000});
    const PolicyFigures& isogain = figures_of(report, "isogain");
    EXPECT_LT(isogain.recovery_tasks.at(0), 1000);
    EXPECT_LT(isogain.over_best_fixed_percent, 12);
    EXPECT_GT(isogain.counts.alarms, 0u);
    EXPECT_EQ(figures_of(report, "all-local").recovery_tasks.at(0), 6000);
}

TEST(Replay, TheBudgetHoldsTheLongRunShare) {
    ReplayOptions options;
    options.cost = 0.05;
    options.share = 0.1;
    const Trace trace = long_trace(20000, 20000);
    EXPECT_NEAR(figures_of(replay(trace, options), "isogain").escalated_fraction, 0.1, 0.015);
}

TEST(Replay, ABotchedEdgeWithACanaryIsNotAsked) {
    Trace trace = long_trace(6000, 6000);
    for (std::size_t i = 3000; i < trace.rows.size(); ++i) {
        trace.rows[i].phase = 1;
        trace.rows[i].answers.edge_class = (trace.rows[i].true_class + 2) % 4;
    }
    for (std::size_t i = 0; i < 6000; i += 20) {
        const TraceRow& from = trace.rows[i];
        trace.canary.push_back({{from.answers, from.true_class}, 0, from.phase});
    }
    const ReplayReport report = replay(trace, {});
    EXPECT_LT(figures_of(report, "isogain").over_best_fixed_percent, 0);
    EXPECT_LT(figures_of(report, "isogain").escalated_fraction, 0.5);
    EXPECT_GT(figures_of(report, "exponential-weights").over_best_fixed_percent, 20);
}

TEST(Replay, RulesWithoutTheirColumnsAreLeftOut) {
    const ReplayReport report = replay(small_trace(), {});
    for (const PolicyFigures& figures : report.policies) {
        EXPECT_NE(figures.name, "sedna-cross-entropy");
        EXPECT_NE(figures.name, "best-fixed-margin");
        EXPECT_NE(figures.name, "canary-fixed");
    }
}

}  // namespace
}  // namespace frugal::policy
