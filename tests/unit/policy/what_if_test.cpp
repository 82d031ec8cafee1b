// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/what_if.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/policy_bytes.hpp"
#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

constexpr double kPrice = 26.0 / 256;
constexpr double kExact = 1e12;  // samples behind a rho that is known

/// The world: doubtful tasks gain by asking, certain ones do not.
double true_gain(std::uint8_t confidence_q8) {
    return 0.5 * (1 - confidence_q8 / 255.0);
}

/// As compiled_policy(), but without a cap: these tasks have no times.
base::Bytes compiled_with(const TableBytes& table, std::uint8_t audit_q8,
                          std::uint32_t cap_per_hour = 0) {
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.privacy = 1;
    task.cap_per_hour = cap_per_hour;
    task.weights[0] = 1;
    task.audit = audit_q8;
    task.group_count = 1;
    std::ranges::copy(table, task.gains[0]);
    return test::policy_bytes(1, task);
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
        context.signal = rng.chance(true_gain(context.confidence_q8)) ? 1 : 0;
        context.block = static_cast<std::uint32_t>(i);
        if (!context.is_sent) {
            context.signal = -99;  // never seen: must not be looked at
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
    const base::Bytes compiled = compiled_with(candidate, 2);
    int held = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto contexts = record(seed, 6000, recorded, 8);
        const auto answer = what_if({compiled, 1, kPayloadBytes, 1, kExact}, contexts);
        held +=
            std::abs(answer.cost_per_task - true_cost(candidate, 2)) <= answer.cost_half_interval
                ? 1
                : 0;
    }
    EXPECT_GE(held, 93);
}

/// A pair of models whose gain is rho times a signal: asked the more, the less certain the device.
struct SignalWorld {
    static constexpr double kRho = 0.5;
    static constexpr double kSettled = 0.85;  // of the disagreements: one of both is right

    /// Signal of one task; 0 when both agree.
    static double signal_of(std::uint8_t confidence_q8, base::Rng& rng) {
        const bool is_disagreement = rng.chance(0.3 * (1 - confidence_q8 / 255.0));
        const double strength = 0.2 + 0.8 * rng.below(1'000'000) / 1e6;
        return is_disagreement ? strength : 0;
    }
    static double gain_of(double signal, base::Rng& rng) {
        const double edge_right = (kSettled + kRho * signal) / 2;
        const double local_right = (kSettled - kRho * signal) / 2;
        const double draw = rng.below(1'000'000) / 1e6;
        return signal == 0 ? 0 : draw < edge_right ? 1 : draw < edge_right + local_right ? -1 : 0;
    }
    /// As register_pair() measures it.
    static double measured_rho(int samples, base::Rng& rng) {
        double gains = 3;
        double signals = 3;
        for (int i = 0; i < samples; ++i) {
            const double signal = signal_of(static_cast<std::uint8_t>(rng.below(256)), rng);
            signals += signal;
            gains += gain_of(signal, rng);
        }
        return gains / signals;
    }
    static double true_cost(const TableBytes& table) {
        double sum = 0;
        for (int confidence = 0; confidence < 256; ++confidence) {
            const double gain = kRho * 0.6 * 0.3 * (1 - confidence / 255.0);
            sum += table[bin_of(static_cast<std::uint8_t>(confidence))] >= 26
                       ? (kPrice - gain) / 256
                       : 0;
        }
        return sum;
    }
};

TEST(WhatIf, TheIntervalKnowsThatRhoComesFromFewSamples) {
    constexpr int kRuns = 300;
    constexpr int kCanary = 500;
    const TableBytes candidate = threshold_table(24);
    const base::Bytes compiled = compiled_with(candidate, 0);
    const double truth = SignalWorld::true_cost(candidate);
    int held = 0;
    int held_if_rho_were_known = 0;
    double squares = 0;
    double widths = 0;
    for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
        base::Rng rng(seed);
        const double rho = SignalWorld::measured_rho(kCanary, rng);
        auto contexts = record(seed + 1000, 6000, threshold_table(28), 8);
        for (auto& context : contexts) {
            context.signal = static_cast<float>(SignalWorld::signal_of(context.confidence_q8, rng));
        }
        const auto answer = what_if({compiled, 1, kPayloadBytes, rho, kCanary}, contexts);
        const auto sure = what_if({compiled, 1, kPayloadBytes, rho, kExact}, contexts);
        const double error = std::abs(answer.cost_per_task - truth);
        held += error <= answer.cost_half_interval ? 1 : 0;
        held_if_rho_were_known += error <= sure.cost_half_interval ? 1 : 0;
        squares += error * error / kRuns;
        widths += answer.cost_half_interval / kRuns;
    }
    EXPECT_GE(held, kRuns * 93 / 100);
    EXPECT_LT(held_if_rho_were_known, kRuns * 80 / 100);
    // Honest is not the same as endless.
    EXPECT_LT(widths, 1.5 * 1.96 * std::sqrt(squares));
}

TEST(WhatIf, TasksOfOneSceneAreNotSoManyTasks) {
    constexpr int kRuns = 200;
    constexpr std::uint32_t kScene = 50;  // tasks that look alike
    const TableBytes candidate = threshold_table(24);
    const base::Bytes compiled = compiled_with(candidate, 0);
    int held = 0;
    int held_if_independent = 0;
    for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
        base::Rng rng(seed);
        std::vector<WhatIfContext> contexts;
        for (std::uint32_t scene = 0; scene < 120; ++scene) {
            WhatIfContext context;
            context.confidence_q8 = static_cast<std::uint8_t>(rng.below(256));
            context.is_sent = true;
            context.propensity_q8 = 256;
            context.signal = rng.chance(true_gain(context.confidence_q8)) ? 1 : 0;
            context.block = scene;
            contexts.insert(contexts.end(), kScene, context);
        }
        const WhatIfQuestion question{compiled, 1, kPayloadBytes, 1, kExact};
        const double truth = true_cost(candidate, 0);
        const auto answer = what_if(question, contexts);
        held += std::abs(answer.cost_per_task - truth) <= answer.cost_half_interval ? 1 : 0;
        for (std::uint32_t i = 0; i < contexts.size(); ++i) {
            contexts[i].block = i;
        }
        const auto naive = what_if(question, contexts);
        held_if_independent +=
            std::abs(naive.cost_per_task - truth) <= naive.cost_half_interval ? 1 : 0;
    }
    EXPECT_GE(held, kRuns * 93 / 100);
    EXPECT_LT(held_if_independent, kRuns / 2);
}

TEST(WhatIf, ARhoThatNobodyMeasuredIsHardlyKnown) {
    const auto contexts = record(3, 20000, threshold_table(12), 8);
    const base::Bytes compiled = compiled_with(threshold_table(12), 8);
    const auto guessed = what_if({compiled, 1, kPayloadBytes, 1, 0}, contexts);
    const auto measured = what_if({compiled, 1, kPayloadBytes, 1, 400}, contexts);
    EXPECT_GT(guessed.rho_half_interval, 1);
    EXPECT_LT(measured.rho_half_interval, 0.2);
    EXPECT_GT(guessed.cost_half_interval, 2 * measured.cost_half_interval);
}

TEST(WhatIf, ThePolicyItselfCostsWhatItDid) {
    const TableBytes table = threshold_table(12);
    const auto contexts = record(7, 20000, table, 8);
    const auto answer = what_if({compiled_with(table, 8), 1, kPayloadBytes, 1, kExact}, contexts);
    EXPECT_NEAR(answer.escalated_share, answer.recorded_share, 0.01);
    EXPECT_NEAR(answer.cost_per_task, answer.recorded_cost_per_task, 0.01);
    EXPECT_EQ(answer.tasks, 20000u);
}

TEST(WhatIf, TheDevicesOwnBucketHoldsBackWhatTheCapDoesNotLet) {
    constexpr std::uint32_t kCap = 40;
    constexpr std::int64_t kSecond_ms = 1000;
    constexpr std::int64_t kHours = 5;
    auto contexts = record(5, kHours * 3600, threshold_table(32), 8);
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        contexts[i].at_ms = static_cast<std::int64_t>(i) * kSecond_ms;
        contexts[i].device = static_cast<std::uint32_t>(i % 2);
    }
    const auto compiled = compiled_with(threshold_table(32), 255, kCap);
    const auto answer = what_if({compiled, 1, kPayloadBytes, 1, kExact}, contexts);
    const double per_hour = answer.escalated_share * static_cast<double>(contexts.size()) / kHours;
    EXPECT_LE(per_hour, 2 * kCap);
    EXPECT_GE(per_hour, 2 * kCap * 0.9);
    const auto freely =
        what_if({compiled_with(threshold_table(32), 255), 1, kPayloadBytes, 1, kExact}, contexts);
    EXPECT_GT(freely.escalated_share, 0.9);
    EXPECT_LT(answer.cost_half_interval, freely.cost_half_interval);
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
    const base::Bytes compiled = compiled_with(chow_table(), 1);
    EXPECT_EQ(what_if({compiled, 1, 0}, {}).tasks, 0u);
    EXPECT_EQ(what_if({compiled, 2, 0}, contexts).tasks, 0u);
}

TEST(WhatIf, WhatWasDoneCostsTheSameUnderAnyCapShareOrPin) {
    const TableBytes table = threshold_table(12);
    auto contexts = record(3, 4000, table, 8);
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        contexts[i].price_q8 = static_cast<std::uint8_t>(i % 90);
        contexts[i].load_q8 = static_cast<std::uint8_t>(i % 40);
        contexts[i].at_ms = static_cast<std::int64_t>(i) * 1000;
    }
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.weights[0] = 1;
    task.weights[2] = 2;
    task.group_count = 1;
    std::ranges::copy(table, task.gains[0]);
    const auto cost = [&](std::uint32_t share_permille) {
        const auto compiled = test::policy_bytes(1, task);
        return what_if({compiled, 1, kPayloadBytes, 1, kExact, share_permille}, contexts)
            .recorded_cost_per_task;
    };
    const double free = cost(0);
    EXPECT_DOUBLE_EQ(cost(50), free) << "a share";
    for (const std::uint32_t cap : {8u, 64u, 2040u}) {
        task.cap_per_hour = cap;
        EXPECT_DOUBLE_EQ(cost(0), free) << cap;
    }
    const std::vector<std::uint8_t> pins(FR_CLASSES_MAX, FR_POLICY_PIN_EDGE);
    task.has_pins = true;
    task.classes = pins.data();
    task.class_count = FR_CLASSES_MAX;
    EXPECT_DOUBLE_EQ(cost(0), free) << "a pin";
}

}  // namespace
}  // namespace frugal::policy
