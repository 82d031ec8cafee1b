// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/what_if.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/policy_bytes.hpp"
#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

constexpr double kPrice = 26.0 / 256;

/// The world: doubtful tasks gain by asking, certain ones do not.
double true_gain(std::uint8_t confidence_q8) {
    return 0.5 * (1 - confidence_q8 / 255.0);
}

/// Records `count` tasks under a policy that sends below a threshold and audits the rest.
std::vector<WhatIfContext> record(std::uint64_t seed, int count, const TableBytes& table,
                                  std::uint8_t audit_q8) {
    base::Rng rng(seed);
    std::vector<WhatIfContext> contexts;
    for (int i = 0; i < count; ++i) {
        WhatIfContext context;
        context.confidence_q8 = static_cast<std::uint8_t>(rng.below(256));
        const bool is_chosen = table[bin_of(context.confidence_q8)] >= 26;
        const bool is_audit = !is_chosen && rng.below(256) < audit_q8;
        context.is_sent = is_chosen || is_audit;
        context.propensity_q8 = context.is_sent ? (is_chosen ? 256 : audit_q8) : 0;
        context.gain = rng.chance(true_gain(context.confidence_q8)) ? 1 : 0;
        if (!context.is_sent) {
            context.gain = -99;  // never seen: must not be looked at
        }
        contexts.push_back(context);
    }
    return contexts;
}

double true_cost(const TableBytes& table, std::uint8_t audit_q8) {
    double sum = 0;
    for (int confidence = 0; confidence < 256; ++confidence) {
        const auto q8 = static_cast<std::uint8_t>(confidence);
        const double chance = table[bin_of(q8)] >= 26 ? 1 : audit_q8 / 256.0;
        sum += chance * (kPrice - true_gain(q8)) / 256;
    }
    return sum;
}

TEST(WhatIf, TheIntervalHoldsTheTruthNineteenTimesInTwenty) {
    const TableBytes recorded = threshold_table(12);
    const TableBytes candidate = threshold_table(24);
    const base::Bytes compiled = compiled_policy(1, candidate, 2);
    int held = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto contexts = record(seed, 6000, recorded, 8);
        const auto answer = what_if({compiled, 1, kPayloadBytes}, contexts);
        held +=
            std::abs(answer.cost_per_task - true_cost(candidate, 2)) <= answer.cost_half_interval
                ? 1
                : 0;
    }
    EXPECT_GE(held, 93);
}

TEST(WhatIf, ThePolicyItselfCostsWhatItDid) {
    const TableBytes table = threshold_table(12);
    const auto contexts = record(7, 20000, table, 8);
    const auto answer = what_if({compiled_policy(1, table, 8), 1, kPayloadBytes}, contexts);
    EXPECT_NEAR(answer.escalated_share, answer.recorded_share, 0.01);
    EXPECT_NEAR(answer.cost_per_task, answer.recorded_cost_per_task, 0.01);
    EXPECT_EQ(answer.tasks, 20000u);
}

TEST(WhatIf, ALoadedGatewayIsAskedLess) {
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.weights[2] = 1;
    task.group_count = 1;
    std::fill_n(task.gains[0], kBins, std::uint8_t{100});
    const auto compiled = test::policy_bytes(1, task);
    std::vector<WhatIfContext> contexts(2);
    contexts[1].load_q8 = 200;
    EXPECT_DOUBLE_EQ(what_if({compiled, 1, 0}, contexts).escalated_share, 0.5);
}

TEST(WhatIf, NothingRecordedOrNoPolicyIsAnEmptyAnswer) {
    const auto contexts = record(1, 10, threshold_table(12), 8);
    EXPECT_EQ(what_if({{}, 1, 0}, contexts).tasks, 0u);
    const base::Bytes compiled = compiled_policy(1, chow_table());
    EXPECT_EQ(what_if({compiled, 1, 0}, {}).tasks, 0u);
    EXPECT_EQ(what_if({compiled, 2, 0}, contexts).tasks, 0u);
}

}  // namespace
}  // namespace frugal::policy
