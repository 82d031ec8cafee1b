// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/canary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace frugal::policy {
namespace {

CanarySample sample(std::uint32_t local, std::uint32_t edge, std::uint32_t truth,
                    std::uint8_t confidence_q8) {
    CanarySample made;
    made.answers.local_class = local;
    made.answers.edge_class = edge;
    made.answers.confidence_q8 = confidence_q8;
    made.true_class = truth;
    return made;
}

CanarySample with_opinion(CanarySample made, double top, double local) {
    made.answers.opinion = EdgeOpinion{top, local};
    return made;
}

TEST(Canary, CountsTrueGainsByBin) {
    const std::vector<CanarySample> canary = {
        sample(0, 1, 1, 100),  // the edge helps
        sample(0, 1, 0, 103),  // it harms
        sample(0, 1, 2, 255),  // both wrong
        sample(0, 0, 0, 255),  // both right
    };
    const Registration found = register_pair(canary, 3);
    EXPECT_DOUBLE_EQ(found.counts[12], 2);
    EXPECT_EQ(found.gains[12], 0);
    EXPECT_DOUBLE_EQ(found.counts[31], 2);
    EXPECT_EQ(found.samples, 4);
    // Bare disagreement: three signals of 1, true gain 0: (0 + 3) / (3 + 3).
    EXPECT_FALSE(found.has_signals);
    EXPECT_DOUBLE_EQ(found.rho, 0.5);
    EXPECT_EQ(found.temperature, 1);
}

/// Where both classes doubt, asking helps one of them and not the other; where only the first one
/// doubts less, asking helps it still.
std::vector<CanarySample> two_classes() {
    std::vector<CanarySample> canary;
    for (int i = 0; i < 80; ++i) {
        canary.push_back(sample(0, 2, 2, 100));
        canary.push_back(sample(1, 1, 1, 100));
        canary.push_back(sample(0, 2, 2, 104));
    }
    return canary;
}

TEST(Canary, TellsClassesApart) {
    const Registration found = register_pair(two_classes(), 3);
    EXPECT_LT(found.classes.of(1), 0.2);
    EXPECT_GT(found.classes.of(0), 1.2);
    const auto gain = [&found](std::size_t bin) { return found.gains[bin] / found.counts[bin]; };
    EXPECT_NEAR(gain(12), gain(13), 0.1) << "the class that is no worth asking does not hide it";
    EXPECT_NEAR(gain(13) * found.classes.of(0), 1, 0.1);
    const Registration pooled = without_classes(found, two_classes());
    EXPECT_EQ(pooled.gains[12] / pooled.counts[12], 0.5);
    EXPECT_EQ(pooled.gains[13] / pooled.counts[13], 1);
    EXPECT_EQ(pooled.classes.of(1), 1);
}

TEST(Canary, RhoComparesTrueGainsWithSignals) {
    // Two classes, so that a temperature of 1 leaves the chances as they are told.
    std::vector<CanarySample> canary(9, with_opinion(sample(0, 1, 1, 50), 0.9, 0.1));
    canary.push_back(with_opinion(sample(0, 1, 0, 50), 0.9, 0.1));
    const Registration found = register_pair(canary, 2);
    // Nine of ten at 0.9 is well calibrated: the grid's step nearest to 1 wins.
    EXPECT_NEAR(found.temperature, 1, 1e-9);
    EXPECT_NEAR(found.rho, (8.0 + 3) / (10 * 0.8 + 3), 1e-9);
    EXPECT_EQ(found.gains[6], 8);
}

TEST(Canary, OverconfidentEdgeIsHeated) {
    // 0.99 told, 0.75 true: with odds 99, T = ln 99 / ln 3 = 4.18.
    std::vector<CanarySample> canary(75, with_opinion(sample(0, 1, 1, 50), 0.99, 0.01));
    canary.insert(canary.end(), 25, with_opinion(sample(0, 1, 0, 50), 0.99, 0.01));
    const Registration found = register_pair(canary, 2);
    EXPECT_NEAR(found.temperature, std::log(99.0) / std::log(3.0), 0.12);
    EXPECT_NEAR(gain_signal(canary[0].answers, found.temperature, 2), 0.5, 0.02);
}

TEST(Canary, UselessEdgeHasNoPositiveRho) {
    const std::vector<CanarySample> canary(20, sample(0, 1, 0, 200));
    EXPECT_LE(register_pair(canary, 2).rho, 0);
}

TEST(Canary, WithoutSamplesNothingIsCorrected) {
    const Registration found = register_pair({}, 10);
    EXPECT_EQ(found.rho, 1);
    EXPECT_EQ(found.temperature, 1);
    EXPECT_EQ(found.samples, 0);
}

TEST(Canary, SignalIsZeroWhenBothAgree) {
    EXPECT_EQ(gain_signal(with_opinion(sample(4, 4, 0, 9), 0.7, 0.7).answers, 1, 10), 0);
}

TEST(Canary, TemperatureSpreadsOverTheOtherClasses) {
    // Ten classes: 0.6, 0.2 and eight of 0.025; at T = 2 their roots share one whole.
    const Answers answers = with_opinion(sample(1, 2, 2, 9), 0.6, 0.2).answers;
    const double sum = std::sqrt(0.6) + std::sqrt(0.2) + 8 * std::sqrt(0.025);
    EXPECT_NEAR(gain_signal(answers, 2, 10), (std::sqrt(0.6) - std::sqrt(0.2)) / sum, 1e-12);
}

}  // namespace
}  // namespace frugal::policy
