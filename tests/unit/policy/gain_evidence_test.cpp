// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/gain_evidence.hpp"

#include <gtest/gtest.h>

namespace frugal::policy {
namespace {

constexpr double kPriorWeight = 2;
constexpr ClassFactors::Values kTasks = {1, 1};  // of two classes equally many

/// So many samples of a class in a bin, each of this gain.
void add(GainEvidence& evidence, std::size_t bin, std::uint32_t class_id, int count, double gain,
         std::uint32_t device = 0) {
    for (int i = 0; i < count; ++i) {
        evidence.add(bin, class_id, gain, device);
    }
}

/// Gains are 0.4 in bin 4 and 0.2 in bin 20, 1.6 times that for class 0 and 0.4 times for class 1;
/// in the second bin hardly anything is seen of class 1.
GainEvidence selected() {
    GainEvidence evidence(2);
    add(evidence, 4, 0, 2000, 0.64);
    add(evidence, 4, 1, 2000, 0.16);
    add(evidence, 20, 0, 2000, 0.32);
    add(evidence, 20, 1, 20, 0.08);
    return evidence;
}

TEST(GainEvidence, WhoIsSeenMoreDoesNotRaiseTheGainOfAll) {
    auto evidence = selected();
    evidence.fit(kPriorWeight, kTasks, 30);
    EXPECT_NEAR(evidence.factors().of(0), 1.6, 0.01);
    EXPECT_NEAR(evidence.factors().of(1), 0.4, 0.01);
    EXPECT_NEAR(evidence.usual().values[4], 0.4, 0.005);
    EXPECT_NEAR(evidence.usual().values[20], 0.2, 0.005);
    EXPECT_NEAR(evidence.count(20), 2000 * 1.6 + 20 * 0.4, 15);
}

TEST(GainEvidence, AFewRoundsEachWindowArriveThereToo) {
    auto evidence = selected();
    for (int window = 0; window < 20; ++window) {
        evidence.fit(kPriorWeight, kTasks);
    }
    EXPECT_NEAR(evidence.factors().of(0), 1.6, 0.01);
    EXPECT_NEAR(evidence.usual().values[20], 0.2, 0.005);
}

TEST(GainEvidence, WithoutEvidenceChowIsBelieved) {
    GainEvidence evidence(2);
    evidence.fit(kPriorWeight, kTasks);
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        EXPECT_DOUBLE_EQ(evidence.expected().values[bin], chow_gain(bin)) << bin;
    }
    EXPECT_EQ(evidence.factors().of(1), 1);
}

TEST(GainEvidence, GoesOnFromWhatWasKnown) {
    auto evidence = selected();
    evidence.fit(kPriorWeight, kTasks, 30);
    GainEvidence again(2, evidence.flat(), evidence.factors());
    again.fit(kPriorWeight, kTasks, 0);
    EXPECT_NEAR(again.expected().values[20], evidence.expected().values[20], 1e-9);
    again.fit(kPriorWeight, kTasks);
    EXPECT_NEAR(again.factors().of(0), 1.6, 0.01);
    EXPECT_NEAR(again.expected().values[20], 0.2, 0.005);
}

TEST(GainEvidence, ForgottenClassesLeaveTheirBins) {
    auto evidence = selected();
    evidence.fit(kPriorWeight, kTasks, 30);
    evidence.forget_classes();
    evidence.fit(kPriorWeight, kTasks);
    EXPECT_EQ(evidence.factors().of(0), 1);
    EXPECT_NEAR(evidence.usual().values[20], 0.2, 0.005);
}

constexpr std::uint32_t kLiar = 7;

/// The liar says so often that asking gains in the bin where devices are seldom wrong.
void lie(GainEvidence& evidence, std::uint32_t class_id, int times) {
    add(evidence, 20, class_id, times, 1, kLiar);
}

void expect_same(const GainEvidence& one, const GainEvidence& other) {
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        EXPECT_NEAR(one.count(bin), other.count(bin), 0.1) << bin;
        EXPECT_NEAR(one.flat().gains[bin], other.flat().gains[bin], 0.1) << bin;
        EXPECT_NEAR(one.expected().values[bin], other.expected().values[bin], 1e-4) << bin;
    }
    EXPECT_NEAR(one.factors().of(0), other.factors().of(0), 1e-3);
}

TEST(GainEvidence, WhatIsTakenBackWasNeverThere) {
    GainEvidence evidence(2);
    add(evidence, 9, 0, 100, 0.5);
    add(evidence, 9, 0, 40, 1, kLiar);
    add(evidence, 9, 1, 10, 1, kLiar + 1);
    evidence.retract(kLiar);
    EXPECT_DOUBLE_EQ(evidence.count(9), 110);
    EXPECT_DOUBLE_EQ(evidence.flat().gains[9], 60);
    evidence.retract(kLiar);
    EXPECT_DOUBLE_EQ(evidence.count(9), 110) << "it has nothing there any more";
}

// Lies move the factor of their class, and so what they count for.
TEST(GainEvidence, IsTakenBackThoughFactorsMovedInBetween) {
    auto honest = selected();
    auto lied_to = selected();
    for (int round = 0; round < 10; ++round) {
        lie(lied_to, 1, 40);
        lie(lied_to, 0, 5);
        for (GainEvidence* one : {&honest, &lied_to}) {
            one->fade(0.99);
            one->fit(kPriorWeight, kTasks);
        }
    }
    ASSERT_GT(lied_to.factors().of(1), honest.factors().of(1) * 1.5);
    lied_to.retract(kLiar);
    honest.fit(kPriorWeight, kTasks, 30);
    lied_to.fit(kPriorWeight, kTasks, 30);
    expect_same(lied_to, honest);
}

TEST(GainEvidence, IsTakenBackThoughClassesWereForgottenInBetween) {
    auto evidence = selected();
    evidence.fit(kPriorWeight, kTasks, 30);
    const double factor = evidence.factors().of(1);
    const auto before = evidence.flat();
    lie(evidence, 1, 100);
    evidence.forget_classes();
    EXPECT_NEAR(evidence.count(20), before.counts[20] + 100 * factor, 0.1);
    lie(evidence, 1, 50);
    evidence.fade(0.5);
    evidence.retract(kLiar);
    EXPECT_NEAR(evidence.count(20), before.counts[20] / 2, 0.1);
    EXPECT_NEAR(evidence.flat().gains[20], before.gains[20] / 2, 0.1);
}

// A class that gains nothing counts for nothing, but what was said of it is there.
TEST(GainEvidence, IsTakenBackThoughItCountedForNothing) {
    ClassFactors::Sums sums;
    sums.gains[1] = -8;
    GainEvidence evidence(2, {}, ClassFactors(sums));
    ASSERT_EQ(evidence.factors().of(1), 0);
    lie(evidence, 1, 30);
    EXPECT_EQ(evidence.flat().gains[20], 30);
    evidence.retract(kLiar);
    EXPECT_EQ(evidence.flat().gains[20], 0);
}

TEST(GainEvidence, FadesInBinsAndClasses) {
    auto evidence = selected();
    evidence.fit(kPriorWeight, kTasks, 30);
    const double before = evidence.count(4);
    evidence.fade(0.5);
    EXPECT_NEAR(evidence.count(4), before / 2, 1e-3);
    evidence.fade(0);
    evidence.fit(kPriorWeight, kTasks);
    EXPECT_EQ(evidence.factors().of(0), 1);
    EXPECT_DOUBLE_EQ(evidence.expected().values[4], chow_gain(4));
}

TEST(GainEvidence, ClassesThatAreNotTrackedCountAsAll) {
    GainEvidence evidence(300);
    add(evidence, 9, 250, 100, 0.5);
    evidence.fit(kPriorWeight, {});
    EXPECT_EQ(evidence.count(9), 100);
    EXPECT_EQ(evidence.flat().gains[9], 50);
    add(evidence, 9, 251, 20, 1, kLiar);
    evidence.retract(kLiar);
    EXPECT_EQ(evidence.count(9), 100);
    EXPECT_EQ(evidence.flat().gains[9], 50);
}

}  // namespace
}  // namespace frugal::policy
