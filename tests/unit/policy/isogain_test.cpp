// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/isogain.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/rng.hpp"

namespace frugal::policy {
namespace {

Evidence evidence(std::uint8_t confidence_q8, bool edge_differs, bool is_audit = false,
                  std::uint32_t device = 0) {
    Evidence made;
    made.answers.confidence_q8 = confidence_q8;
    made.answers.local_class = 0;
    made.answers.edge_class = edge_differs ? 1 : 0;
    made.is_audit = is_audit;
    made.device = device;
    return made;
}

/// A window of tasks of one class, spread evenly over the confidences from `least` on.
Sketch window(std::uint32_t tasks, std::uint32_t least = 0) {
    Sketch sketch;
    for (std::uint32_t i = 0; i < tasks; ++i) {
        sketch.add(static_cast<std::uint8_t>(least + i * (255 - least) / tasks), 0);
    }
    return sketch;
}

TEST(IsoGain, BeginsWithChowsRule) {
    const IsoGain learner({}, {}, 4);
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        EXPECT_EQ(learner.table()[bin], std::lround(256 * chow_gain(bin))) << bin;
    }
    EXPECT_EQ(learner.audit_q8(), 1);
}

TEST(IsoGain, BeginsWithTheCanaryWhereThereIsOne) {
    Registration known;
    known.samples = known.counts[31] = 97;
    known.gains[31] = 50;
    const IsoGain learner({}, known, 4);
    // (50 + 3 x prior) / 100, pooled with the lower bins it violates.
    EXPECT_GT(learner.table()[31], 100);
}

TEST(IsoGain, LabelsSayWhatADisagreementGainsAndEscalationsHowStrongItsSignalIs) {
    Registration bare;  // of a canary that carried no signals
    bare.samples = 80;
    bare.rho = 0.25;
    IsoGain learner({}, bare, 4);
    Evidence doubtful = evidence(100, true);
    doubtful.answers.opinion = EdgeOpinion{0.6, 0.2};  // a signal of 0.4
    for (int i = 0; i < 256; ++i) {
        learner.observe(doubtful);
    }
    // What is believed of the bin, 0.6 by Chow's rule, takes no part.
    EXPECT_NEAR(learner.showing(doubtful.answers).gain, 0.25, 0.01);
    // Surer than usual: twice the signal, twice the gain.
    doubtful.answers.opinion = EdgeOpinion{0.9, 0.1};
    EXPECT_NEAR(learner.showing(doubtful.answers).gain, 0.5, 0.02);
    // An edge that says nothing is believed as the canary measured it.
    EXPECT_DOUBLE_EQ(learner.showing(evidence(100, true).answers).gain, 0.25);
}

TEST(IsoGain, AUselessEdgeIsNeverAsked) {
    Registration useless;
    useless.samples = 100;
    useless.rho = -0.1;
    IsoGain learner({}, useless, 4);
    learner.observe(evidence(0, true));
    learner.end_window(window(64));
    EXPECT_EQ(learner.table(), TableBytes{});
}

TEST(IsoGain, LearnsWhatEscalationsShow) {
    IsoGain learner({}, {}, 4);
    for (int push = 0; push < 40; ++push) {
        for (int i = 0; i < 20; ++i) {
            learner.observe(evidence(4, false));
        }
        learner.end_window(window(64));
    }
    EXPECT_LT(learner.table()[0], 20);
}

TEST(IsoGain, TablesMoveInBoundedStepsWithoutAnAlarm) {
    IsoGainConfig config;
    config.surprise_limit = 1e9;
    IsoGain learner(config, {}, 4);
    TableBytes before = learner.table();
    for (int push = 0; push < 20; ++push) {
        for (int i = 0; i < 500; ++i) {
            learner.observe(evidence(static_cast<std::uint8_t>(i % 200), false));
        }
        learner.end_window(window(64));
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            EXPECT_LE(std::abs(learner.table()[bin] - before[bin]), 33) << bin;
        }
        before = learner.table();
    }
    EXPECT_LT(before[0], 10);
}

TEST(IsoGain, AuditsThatContradictRaiseTheAlarm) {
    Registration known;
    known.samples = known.counts[31] = 500;
    IsoGain learner({}, known, 4);
    learner.end_window(window(64));
    ASSERT_LT(learner.table()[31], 10);
    // S grows by almost 0.95 each time: 3.5 is passed at the fourth.
    for (int i = 0; i < 3; ++i) {
        learner.observe(evidence(255, true, true));
    }
    EXPECT_EQ(learner.alarms(), 0u);
    learner.observe(evidence(255, true, true));
    EXPECT_EQ(learner.alarms(), 1u);
    learner.end_window(window(64));
    EXPECT_EQ(learner.audit_q8(), IsoGainConfig{}.probe_audit_q8);
    // 2 % of the canary is left, 10 samples: a few more audits turn the table.
    for (int i = 0; i < 8; ++i) {
        learner.observe(evidence(255, true, true));
    }
    learner.end_window(window(64));
    EXPECT_GT(learner.table()[31], 50);
    // And the audits fall back in two steps.
    for (int i = 0; i < 4; ++i) {
        learner.end_window(window(64));
    }
    EXPECT_EQ(learner.audit_q8(), IsoGainConfig{}.alarm_audit_q8);
    for (int i = 0; i < 30; ++i) {
        learner.end_window(window(64));
    }
    EXPECT_EQ(learner.audit_q8(), IsoGainConfig{}.audit_q8);
}

// Whoever judges something by an alarm must know what it was gathered from.
TEST(IsoGain, AnAlarmSaysSinceWhenItsEvidenceCameIn) {
    Registration known;
    known.samples = known.counts[31] = 500;
    IsoGain learner({}, known, 4);
    learner.end_window(window(64));
    const auto at = [](int second) { return base::Instant{std::chrono::seconds(second)}; };
    auto seen = evidence(255, true, true);
    seen.at = at(1);
    learner.observe(seen);
    for (int i = 0; i < 100; ++i) {  // the edge agrees until nothing is left of it
        auto quiet = evidence(255, false, true);
        quiet.at = at(2);
        learner.observe(quiet);
    }
    for (int second = 3; learner.alarms() == 0; ++second) {
        seen.at = at(second);
        learner.observe(seen);
    }
    EXPECT_EQ(learner.alarm_since(), at(3));
}

TEST(SurpriseSum, BeginsAnewWhereItIsAsGoodAsNothing) {
    const auto at = [](int second) { return base::Instant{std::chrono::seconds(second)}; };
    SurpriseSum sum;
    sum.add(SurpriseSum::kNothing / 2, at(1));
    sum.add(1, at(2));
    EXPECT_EQ(sum.since(), at(2));
    sum.add(1, at(3));
    EXPECT_EQ(sum.since(), at(2));
}

TEST(IsoGain, AnAlarmOfWhatWasStoredHasNoBeginning) {
    Registration known;
    known.samples = known.counts[31] = 500;
    IsoGain before({}, known, 4);
    auto seen = evidence(255, true, true);
    seen.at = base::Instant{std::chrono::seconds(5)};
    for (int i = 0; i < 3; ++i) {
        before.observe(seen);
    }
    before.end_window(window(64));
    ASSERT_EQ(before.alarms(), 0u);
    IsoGain learner({}, known, 4);
    ASSERT_TRUE(learner.restore(before.save()));
    learner.observe(seen);
    ASSERT_EQ(learner.alarms(), 1u);
    EXPECT_FALSE(learner.alarm_since());
}

TEST(IsoGain, WhenTheFaultIsOverTheSameIsExpectedAsBefore) {
    Registration known;
    known.samples = known.counts[31] = 500;
    IsoGain learner({}, known, 4);
    learner.end_window(window(64));
    const double certain = learner.expected_gain(31);
    const double unsure = learner.expected_gain(16);
    ASSERT_GT(unsure, 0.3);
    while (learner.alarms() == 0) {
        learner.observe(evidence(255, true, true));
    }
    const auto pass = IsoGainConfig{}.quiet_tasks / 64;
    for (std::uint32_t i = 0; i <= pass; ++i) {
        for (int audit = 0; audit < 8; ++audit) {
            learner.observe(evidence(255, true, true));
        }
        learner.end_window(window(64));
    }
    ASSERT_GT(learner.expected_gain(31), 0.6);
    for (int i = 0; i < 100 && learner.alarms() == 1; ++i) {
        learner.observe(evidence(255, false));
    }
    ASSERT_EQ(learner.alarms(), 2u);
    // Four surprising audits in five hundred samples are part of what was before.
    EXPECT_NEAR(learner.expected_gain(31), certain, 0.01);
    EXPECT_NEAR(learner.expected_gain(16), unsure, 0.01);
}

TEST(IsoGain, WhatALiarAddedBeforeItsAlarmDoesNotComeBackWithTheAllClear) {
    constexpr std::uint32_t kLiar = 7;
    Registration known;
    known.samples = known.counts[31] = 40;
    IsoGain learner({}, known, 4);
    learner.end_window(window(64));
    const double certain = learner.expected_gain(31);
    while (learner.alarms() == 0) {
        learner.observe(evidence(255, true, true, kLiar));
    }
    learner.retract(kLiar);
    const auto pass = IsoGainConfig{}.quiet_tasks / 64;
    for (std::uint32_t i = 0; i <= pass; ++i) {
        for (int audit = 0; audit < 8; ++audit) {
            learner.observe(evidence(255, true, true));
        }
        learner.end_window(window(64));
    }
    for (int i = 0; i < 100 && learner.alarms() == 1; ++i) {
        learner.observe(evidence(255, false));
    }
    ASSERT_EQ(learner.alarms(), 2u);
    EXPECT_NEAR(learner.expected_gain(31), certain, 0.002);
}

TEST(IsoGain, AMovedSketchIsProbedOnceAndForAWhile) {
    IsoGain learner({}, {}, 4);
    for (int i = 0; i < 30; ++i) {
        learner.end_window(window(64));
    }
    ASSERT_EQ(learner.probes(), 0u);
    int windows = 0;
    while (learner.probes() == 0 && windows < 10) {
        learner.end_window(window(64, 200));
        ++windows;
    }
    EXPECT_LE(windows, 3);
    EXPECT_EQ(learner.audit_q8(), IsoGainConfig{}.probe_audit_q8);
    for (int i = 0; i < 20; ++i) {
        learner.end_window(window(64, 200));
    }
    EXPECT_EQ(learner.probes(), 1u);
    EXPECT_EQ(learner.audit_q8(), IsoGainConfig{}.audit_q8);
}

/// A learner that a moved sketch has just asked to look closer, before a window of `audits`.
IsoGain probing_after(int audits, bool edge_differs) {
    Registration known;
    known.samples = known.counts[31] = 500;
    IsoGain learner({}, known, 4);
    for (int i = 0; i < 30; ++i) {
        learner.end_window(window(64));
    }
    while (learner.probes() == 0) {
        learner.end_window(window(64, 200));
    }
    for (int i = 0; i < audits; ++i) {
        learner.observe(evidence(255, edge_differs && i % 8 == 0, true));
    }
    learner.end_window(window(64, 200));
    return learner;
}

TEST(IsoGain, AProbeEndsOnceItsAuditsShowNothing) {
    const auto few = static_cast<int>(IsoGainConfig{}.probe_audits) - 1;
    EXPECT_EQ(probing_after(few, false).audit_q8(), IsoGainConfig{}.probe_audit_q8);
    EXPECT_EQ(probing_after(few + 1, false).audit_q8(), IsoGainConfig{}.audit_q8);
    const auto surprised = probing_after(few + 1, true);
    EXPECT_EQ(surprised.alarms(), 0u);
    EXPECT_EQ(surprised.audit_q8(), IsoGainConfig{}.probe_audit_q8) << "one in eight goes wrong";
}

TEST(IsoGain, ASteadyStreamIsNotProbed) {
    base::Rng rng(11);
    IsoGain learner({}, {}, 4);
    for (int push = 0; push < 2000; ++push) {
        Sketch sketch;
        for (int i = 0; i < 64; ++i) {
            sketch.add(static_cast<std::uint8_t>(255 - rng.below(256) * rng.below(256) / 256),
                       static_cast<std::uint32_t>(rng.below(10)));
        }
        learner.end_window(sketch);
    }
    EXPECT_LE(learner.probes(), 1u);
}

TEST(IsoGain, OneDeviceAddsABoundedShare) {
    const auto gain_after = [](std::uint32_t device) {
        IsoGainConfig config;
        config.surprise_limit = 1e9;
        IsoGain learner(config, {}, 4);
        for (int i = 0; i < 1000; ++i) {
            learner.observe(evidence(128, true, false, device));
        }
        for (int i = 0; i < 16; ++i) {
            learner.observe(evidence(128, false, false, device + 1 + static_cast<unsigned>(i)));
        }
        learner.end_window(window(64));
        return learner.table()[16];
    };
    // 16 lying samples against 16 honest ones, not 1000.
    EXPECT_LT(gain_after(7), 170);
}

/// Class 1 was measured to gain next to nothing.
IsoGain of_a_class_that_gains_nothing() {
    Registration known;
    known.samples = 200;
    ClassFactors::Sums sums;
    sums.gains[1] = -8;
    known.classes = ClassFactors(sums);
    IsoGainConfig config;
    config.surprise_limit = 1e9;
    return IsoGain(config, known, 4);
}

TEST(IsoGain, AClassThatGainsNothingIsLimitedToo) {
    IsoGain learner = of_a_class_that_gains_nothing();
    Evidence lie = evidence(128, true, false, 7);
    lie.answers.local_class = 1;
    lie.answers.edge_class = 0;
    ASSERT_EQ(learner.weight_of(lie.answers), 0);
    int added = 0;
    for (int i = 0; i < 1000; ++i) {
        added += learner.observe(lie) ? 1 : 0;
    }
    EXPECT_EQ(added, 16);
}

TEST(IsoGain, ANewPairForgetsTheOld) {
    IsoGain learner({}, {}, 4);
    const TableBytes start = learner.table();
    for (int i = 0; i < 200; ++i) {
        learner.observe(evidence(64, false));
    }
    learner.end_window(window(64));
    ASSERT_NE(learner.table(), start);
    learner.register_again({});
    EXPECT_EQ(learner.table(), start);
}

}  // namespace
}  // namespace frugal::policy
