// SPDX-License-Identifier: Apache-2.0
// Devices obey the class tables that the learner makes of what they send: what it then sees is
// chosen by itself. What it believes must be the truth all the same.
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.hpp"
#include "policy/learn/class_tables.hpp"
#include "policy/learn/device_policy.hpp"
#include "policy/learn/learn_cell.hpp"
#include "support/learner_policy.hpp"

namespace frugal::policy {
namespace {

constexpr std::uint32_t kClasses = 4;
constexpr std::uint32_t kEdgeClass = 9;  // none that devices answer
constexpr int kPrice_q8 = 26;
constexpr std::array<double, kClasses> kFactors = {2.5, 1, 0.25, 0.25};  // classes equally many

double pooled_gain(std::size_t bin) {
    return 0.4 * (1 - (static_cast<double>(bin) + 0.5) / kBins);
}

/// A task that the edge would put right with its true chance; both know nothing else of it.
Answers draw(std::uint32_t local_class, double gain, std::uint8_t confidence_q8, base::Rng& rng) {
    Answers answers;
    answers.confidence_q8 = confidence_q8;
    answers.local_class = local_class;
    answers.edge_class = rng.chance(gain) ? kEdgeClass : local_class;
    return answers;
}

struct ClosedLoop {
    explicit ClosedLoop(std::uint64_t seed) : rng(seed) {}

    void run(int tasks) {
        for (int task = 0; task < tasks; ++task) {
            const auto confidence = static_cast<std::uint8_t>(rng.below(256));
            const auto local_class = static_cast<std::uint32_t>(rng.below(kClasses));
            const double gain = pooled_gain(bin_of(confidence)) * kFactors[local_class];
            const Answers answers = draw(local_class, gain, confidence, rng);
            const auto told = device.decide(confidence, local_class, kPrice_q8,
                                            static_cast<std::uint32_t>(rng.next() >> 32));
            sketch.add(confidence, local_class);
            if (told.tier != FR_TIER_LOCAL) {
                learner.observe({answers, told.reason == FR_POLICY_AUDIT, 0});
            }
            if (sketch.tasks == 64) {
                learner.end_window(sketch);
                sketch = {};
                part = learned_part(learner, {}, kClasses, {});
                device.push(part);
            }
        }
    }

    base::Rng rng;
    IsoGain learner{{}, {}, 10};
    DevicePolicy device{1};
    LearnablePart part = learned_part(learner, {}, kClasses, {});
    Sketch sketch;
};

TEST(ClassSelection, ABinHoldsTheGainOfAllClassesNotOfThoseThatAsk) {
    double error = 0;
    double largest = 0;
    constexpr int kSeeds = 8;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        ClosedLoop loop(seed);
        loop.run(100'000);
        double own = 0;
        for (std::size_t bin = 2; bin < 28; ++bin) {  // further up the edge is not worth its price
            own += (loop.learner.expected_gain(bin) - pooled_gain(bin)) / 26;
        }
        error += own / kSeeds;
        largest = std::max(largest, std::abs(own));
    }
    // Of 0.21 in the mean; two of the four classes ask nearly nowhere.
    EXPECT_NEAR(error, 0, 0.02);
    EXPECT_LT(largest, 0.05);
}

TEST(ClassSelection, TheTableOfAClassThatAsksLittleIsTheTruth) {
    double error = 0;
    constexpr int kSeeds = 8;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        ClosedLoop loop(seed);
        loop.run(100'000);
        for (std::size_t bin = 20; bin < 28; ++bin) {  // here only class 0 is worth asking
            const double believed = (*loop.part.table_of(1))[bin] / 256.0;
            error += (believed - pooled_gain(bin)) / 8 / kSeeds;
        }
    }
    EXPECT_NEAR(error, 0, 0.02);
}

TEST(ClassSelection, AuditsOfAClassThatGainsMoreAreNoAlarm) {
    ClosedLoop loop(3);
    loop.run(60'000);
    const auto alarms = loop.learner.alarms();
    for (int i = 0; i < 600; ++i) {  // as it is, but all of it from the class that gains most
        const auto confidence = static_cast<std::uint8_t>(loop.rng.below(128));
        const double gain = pooled_gain(bin_of(confidence)) * kFactors[0];
        Answers answers = draw(0, 1, confidence, loop.rng);
        answers.finished_signal = gain;  // without chance: that alone may raise an alarm
        loop.learner.observe({answers, true, 0});
    }
    EXPECT_EQ(loop.learner.alarms(), alarms);
}

/// Of 20 devices the last one meets one class only.
TEST(ClassSelection, ADeviceThatMeetsOneClassIsNotDoubted) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CellTerms terms;
        terms.mode = LearnMode::kIsoGain;
        terms.authored = terms.held = *learnable_part(compiled_policy(1, chow_table()), 1);
        terms.classes = 10;
        LearnCell cell(terms, seed);
        base::Rng rng(seed);
        for (int i = 0; i < 20'000; ++i) {
            const auto device = 1 + static_cast<std::uint32_t>(rng.below(20));
            const auto confidence = static_cast<std::uint8_t>(rng.below(64));
            const auto local_class = device == 20 ? 0 : static_cast<std::uint32_t>(rng.below(4));
            const double gain = pooled_gain(bin_of(confidence)) * kFactors[local_class];
            cell.on_answer({draw(local_class, gain, confidence, rng), device});
            cell.end_window();
            ASSERT_TRUE(cell.trust().is_believed(20)) << "seed " << seed << " after " << i;
        }
    }
}

}  // namespace
}  // namespace frugal::policy
