// SPDX-License-Identifier: Apache-2.0
// A pair whose edge model is little better than the device's: a disagreement is worth a fraction,
// until the device breaks. Then it is worth nearly all, and must be seen as soon as with a good
// edge.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "policy/learn/class_tables.hpp"
#include "policy/learn/device_policy.hpp"

namespace frugal::policy {
namespace {

constexpr std::uint32_t kClasses = 2;
constexpr int kPrice_q8 = 26;  // 0.1
constexpr std::uint8_t kDoubtful_q8 = 96;
constexpr double kDisagrees = 0.4;  // of the doubtful; of the others seldom
constexpr double kSeldom = 0.03;
constexpr int kTasks = 2000;

/// As a canary of the healthy device would find it.
Registration measured(double rho) {
    Registration known;
    known.samples = 500;
    known.rho = rho;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        known.counts[bin] = 16;
        known.gains[bin] = 16 * rho * (bin < bin_of(kDoubtful_q8) ? kDisagrees : kSeldom);
    }
    return known;
}

struct WeakPair {
    WeakPair(double rho, std::uint64_t seed) : rng(seed), learner({}, measured(rho), kClasses) {
        device.push(held());
    }

    LearnablePart held() const { return learned_part(learner, {}, kClasses, {}); }

    void task(bool is_broken) {
        const auto confidence = static_cast<std::uint8_t>(rng.below(256));
        const double disagrees = confidence < kDoubtful_q8 ? kDisagrees : kSeldom;
        const auto told =
            device.decide(confidence, 0, kPrice_q8, static_cast<std::uint32_t>(rng.next() >> 32));
        sketch.add(confidence, 0);
        if (told.tier != FR_TIER_LOCAL) {
            Answers answers;
            answers.confidence_q8 = confidence;
            answers.edge_class = rng.chance(is_broken ? 1.0 : disagrees) ? 1 : 0;
            learner.observe({answers, told.reason == FR_POLICY_AUDIT, 0});
            asked += 1;
        }
        if (sketch.tasks == 64) {
            learner.end_window(sketch);
            sketch = {};
            device.push(held());
        }
    }

    /// Of all tasks, how many ask.
    double share_asked(bool is_broken) {
        asked = 0;
        for (int i = 0; i < kTasks; ++i) {
            task(is_broken);
        }
        return asked / kTasks;
    }

    base::Rng rng;
    IsoGain learner;
    DevicePolicy device{1};
    Sketch sketch;
    double asked = 0;
};

constexpr int kSeeds = 8;

TEST(WeakPair, ABrokenDeviceAsksAsSoonAsThatOfAGoodPair) {
    for (const double rho : {1.0, 0.75, 0.5}) {
        double share = 0;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            WeakPair pair(rho, seed);
            ASSERT_LT(pair.share_asked(false), 0.5) << "rho " << rho << " seed " << seed;
            share += pair.share_asked(true) / kSeeds;
        }
        EXPECT_GT(share, 0.9) << "rho " << rho;
    }
}

TEST(WeakPair, WhatAFaultAddsIsWorthItsFaceValue) {
    WeakPair pair(0.5, 1);
    (void)pair.share_asked(false);
    Answers answers;
    answers.edge_class = 1;
    ASSERT_DOUBLE_EQ(pair.learner.showing(answers).gain, 0.5);
    (void)pair.share_asked(true);
    ASSERT_GT(pair.learner.alarms(), 0U);
    EXPECT_GT(pair.learner.showing(answers).gain, 0.7);
}

TEST(WeakPair, AnotherAlarmOfTheSameFaultDoesNotBeginAnew) {
    IsoGainConfig eager;
    eager.alarm_limit = 0.2;
    eager.alarm_tasks = 64;
    eager.quiet_tasks = 0;
    IsoGain learner(eager, measured(0.5), kClasses);
    Answers answers;
    answers.confidence_q8 = 200;
    answers.edge_class = 1;
    Sketch window;
    for (int i = 0; i < 64; ++i) {
        window.add(answers.confidence_q8, 0);
    }
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 32; ++i) {
            learner.observe({answers, true, 0});
        }
        learner.end_window(window);
        learner.end_window(window);
    }
    ASSERT_GT(learner.alarms(), 1U);
    EXPECT_GT(learner.showing(answers).gain, 0.9);
}

TEST(WeakPair, ASteadyStreamIsNoFault) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        WeakPair pair(0.25, seed);
        for (int i = 0; i < 5; ++i) {
            (void)pair.share_asked(false);
        }
        EXPECT_EQ(pair.learner.alarms(), 0U) << "seed " << seed;
    }
}

TEST(WeakPair, ARestartDoesNotForgetThatThereIsAFault) {
    WeakPair pair(0.5, 1);
    (void)pair.share_asked(false);
    (void)pair.share_asked(true);
    const auto state = pair.learner.save();
    IsoGain again({}, measured(0.5), kClasses);
    ASSERT_TRUE(again.restore(state));
    Answers answers;
    answers.edge_class = 1;
    for (int i = 0; i < 64; ++i) {
        again.observe({answers, false, 0});
    }
    EXPECT_GT(again.showing(answers).gain, 0.7);
}

}  // namespace
}  // namespace frugal::policy
