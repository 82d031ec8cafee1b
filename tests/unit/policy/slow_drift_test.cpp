// SPDX-License-Identifier: Apache-2.0
// A stream that gets worse little by little: devices ask where the learner sends them, and the few
// audits elsewhere show next to nothing. What is asked anyway must tell.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "policy/learn/class_tables.hpp"
#include "policy/learn/device_policy.hpp"

namespace frugal::policy {
namespace {

constexpr std::uint32_t kClasses = 2;
constexpr int kPrice_q8 = 13;              // 0.05, as a link costs that is almost free
constexpr std::uint8_t kDoubtful_q8 = 96;  // below it the device is often wrong, above never
constexpr double kGain = 0.4;              // there
constexpr double kWorse = 0.25;            // all gain so much more in the end
constexpr int kTasks = 6000;

/// The canary saw the stream as it was.
Registration measured() {
    Registration known;
    known.samples = 500;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        known.counts[bin] = 16;
        known.gains[bin] = bin < bin_of(kDoubtful_q8) ? 16 * kGain : 0;
    }
    return known;
}

struct SlowWorld {
    explicit SlowWorld(std::uint64_t seed) : rng(seed) { device.push(held()); }

    LearnablePart held() const { return learned_part(learner, {}, kClasses, {}); }

    void task(double worse) {
        const auto confidence = static_cast<std::uint8_t>(rng.below(256));
        const double gain = std::max(0.0, (confidence < kDoubtful_q8 ? kGain : 0) + worse);
        const auto told =
            device.decide(confidence, 0, kPrice_q8, static_cast<std::uint32_t>(rng.next() >> 32));
        sketch.add(confidence, 0);
        if (told.tier != FR_TIER_LOCAL) {
            Answers answers;
            answers.confidence_q8 = confidence;
            answers.edge_class = rng.chance(gain) ? 1 : 0;
            learner.observe({answers, told.reason == FR_POLICY_AUDIT, 0});
            asked += confidence >= kDoubtful_q8 ? 1 : 0;
        }
        if (sketch.tasks == 64) {
            learner.end_window(sketch);
            sketch = {};
            device.push(held());
        }
    }

    /// Of tasks that the device was sure of, how many ask.
    double share_asked(int tasks, double worse) {
        asked = 0;
        for (int i = 0; i < tasks; ++i) {
            task(worse);
        }
        return asked / (tasks * (256.0 - kDoubtful_q8) / 256);
    }

    base::Rng rng;
    IsoGain learner{{}, measured(), kClasses};
    DevicePolicy device{1};
    Sketch sketch;
    double asked = 0;
};

TEST(SlowDrift, NoiseThatGrowsIsSeenInWhatIsAskedAnyway) {
    double share = 0;
    constexpr int kSeeds = 8;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SlowWorld world(seed);
        ASSERT_LT(world.share_asked(1000, 0), 0.25) << "seed " << seed;
        for (int i = 0; i < kTasks; ++i) {
            world.task(kWorse * i / kTasks);
        }
        share += world.share_asked(1000, kWorse) / kSeeds;
        EXPECT_GE(world.learner.alarms(), 1u) << "seed " << seed;
    }
    EXPECT_GT(share, 0.8) << "asking is worth five times its price everywhere";
}

TEST(SlowDrift, ASteadyStreamForgetsNothing) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SlowWorld world(seed);
        EXPECT_LT(world.share_asked(30'000, 0), 0.1) << "seed " << seed;
        EXPECT_EQ(world.learner.alarms(), 0u) << "seed " << seed;
    }
}

// What is overrated is asked, and so puts itself right.
TEST(SlowDrift, GainsThatShrinkSlowlyAreLearnedWithoutAnAlarm) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SlowWorld world(seed);
        for (int i = 0; i < kTasks; ++i) {
            world.task(-kWorse * std::min(1.0, 2.0 * i / kTasks));
        }
        EXPECT_EQ(world.learner.alarms(), 0u) << "seed " << seed;
        EXPECT_NEAR(world.learner.expected_gain(4), kGain - kWorse, 0.1) << "seed " << seed;
    }
}

}  // namespace
}  // namespace frugal::policy
