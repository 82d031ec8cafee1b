// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/class_factors.hpp"

#include <gtest/gtest.h>

#include "policy/learn/class_tables.hpp"

namespace frugal::policy {
namespace {

/// So many wrong answers expected of each class; `gains` of them for each class in turn.
ClassFactors factors_of(double expected, const std::vector<double>& gains) {
    ClassFactors factors;
    for (std::uint32_t i = 0; i < gains.size(); ++i) {
        factors.add(i, gains[i], expected);
    }
    return factors;
}

TEST(ClassFactors, LittleEvidenceHardlyMovesAClass) {
    EXPECT_DOUBLE_EQ(ClassFactors().of(0), 1);
    EXPECT_NEAR(factors_of(1, {3}).of(0), 1.22, 0.01);
    EXPECT_NEAR(factors_of(1000, {3000}).of(0), 2.98, 0.01);
    EXPECT_EQ(factors_of(100, {-500}).of(0), 0);
    EXPECT_LT(factors_of(100, {1e6}).of(0), 4);
    EXPECT_EQ(factors_of(100, {0}).of(ClassFactors::kTracked), 1);
}

TEST(ClassFactors, NothingExpectedSaysNothingOfAClass) {
    EXPECT_EQ(factors_of(0, {-500}).of(0), 1);
    EXPECT_EQ(factors_of(-3, {100}).of(0), 1);
}

TEST(ClassFactors, TheirMeanOverAllTasksIsOne) {
    auto factors = factors_of(1000, {4000, 1000, 400});
    const ClassFactors::Values tasks = {10, 70, 20};
    const double ratio = factors.of(1) / factors.of(2);
    factors.normalise(tasks);
    EXPECT_NEAR(0.1 * factors.of(0) + 0.7 * factors.of(1) + 0.2 * factors.of(2), 1, 1e-9);
    EXPECT_NEAR(factors.of(1) / factors.of(2), ratio, 1e-9);
    factors.normalise({});
    EXPECT_NEAR(factors.of(1) / factors.of(2), ratio, 1e-9) << "no tasks say nothing";
    auto none = factors_of(1000, {-1000, -1000});
    none.normalise({1, 1});
    EXPECT_EQ(none.of(0), 1);
}

TEST(ClassFactors, LikeClassesShareAGroup) {
    const auto factors = factors_of(1000, {1000, 3000, 100, 1010, 2980, 110});
    ClassMap map{};
    ASSERT_EQ(factors.cluster(map, 6, 4), 3) << "a fourth would be like one of them";
    EXPECT_EQ(map[0], 0) << "the usual ones first: unknown classes are in group 0";
    EXPECT_EQ(map[3], 0);
    EXPECT_EQ(map[1], map[4]);
    EXPECT_EQ(map[2], map[5]);
    EXPECT_NE(map[1], map[2]);
    EXPECT_NEAR(factors.of_group(map, map[1]), 2.97, 0.02);
    EXPECT_NEAR(factors.of_group(map, map[2]), 0.11, 0.02);
}

TEST(ClassFactors, ClassesThatDifferLittleAreOneGroup) {
    ClassMap map{};
    EXPECT_EQ(factors_of(1000, {1000, 1010, 990}).cluster(map, 3, 4), 1);
    EXPECT_EQ(ClassFactors().cluster(map, 10, 4), 1);
    EXPECT_EQ(map, ClassMap{});
}

TEST(ClassFactors, WhatTheOwnerPinnedStays) {
    ClassMap map{};
    map[1] = FR_POLICY_PIN_EDGE;
    map[2] = FR_POLICY_PIN_LOCAL;
    EXPECT_EQ(factors_of(1000, {1000, 9000, 0, 100, 3000}).cluster(map, 5, FR_POLICY_PIN_EDGE), 2);
    EXPECT_EQ(map[1], FR_POLICY_PIN_EDGE);
    EXPECT_EQ(map[2], FR_POLICY_PIN_LOCAL);
    EXPECT_LT(map[3], 2);
    EXPECT_LT(map[4], 2);
}

TEST(ClassFactors, ARestartKeepsTheFactors) {
    const auto factors = factors_of(1000, {1000, 3000, 100});
    ClassFactors again;
    again.restore(factors.save());
    EXPECT_EQ(again.save(), factors.save());
    EXPECT_NEAR(again.of(1), factors.of(1), 0.01);
}

Evidence evidence_of(std::uint32_t local_class, bool edge_differs) {
    Evidence evidence;
    evidence.answers.confidence_q8 = 128;
    evidence.answers.local_class = local_class;
    evidence.answers.edge_class = edge_differs ? 9 : local_class;
    return evidence;
}

/// Of the first class every answer is wrong, of the second none, of the third every other one.
IsoGain learner_of_three_classes() {
    IsoGain learner({}, {}, 10);
    for (int i = 0; i < 3000; ++i) {
        const auto local_class = static_cast<std::uint32_t>(i % 3);
        learner.observe(evidence_of(local_class, local_class == 0 || (local_class == 2 && i % 2)));
        if (i % 64 == 63) {
            Sketch sketch;
            for (int task = 0; task < 64; ++task) {
                sketch.add(128, static_cast<std::uint32_t>(task % 3));
            }
            learner.end_window(sketch);
        }
    }
    return learner;
}

TEST(ClassTables, AClassThatIsUsuallyWrongAsksMore) {
    const auto learner = learner_of_three_classes();
    const auto part = learned_part(learner, {}, 10, {});
    ASSERT_EQ(part.groups, 3);
    EXPECT_GT((*part.table_of(0))[16], 200);
    EXPECT_LT((*part.table_of(1))[16], 20);
    EXPECT_NEAR((*part.table_of(2))[16], 128, 15);
    EXPECT_EQ(part.map_bytes, 3);
}

TEST(ClassTables, NoClassLeavesTheOwnersBoundsOrGroups) {
    const auto learner = learner_of_three_classes();
    GroupBounds bounds;
    bounds.fill({40, 150});
    const auto part = learned_part(learner, {}, 10, bounds);
    EXPECT_EQ((*part.table_of(0))[16], 150);
    EXPECT_EQ((*part.table_of(1))[16], 40);
    LearnablePart owner;
    owner.groups = 2;
    owner.map_bytes = 1;
    owner.classes[1] = 1;
    const auto his = learned_part(learner, owner, 10, bounds);
    EXPECT_EQ(his.classes, owner.classes);
    EXPECT_EQ(his.groups, 2);
}

TEST(ClassTables, AnotherMixOfClassesEndsWhatWasLearnedOfThem) {
    auto learner = learner_of_three_classes();
    for (int i = 0; i < 8; ++i) {
        Sketch sketch;
        for (int task = 0; task < 64; ++task) {
            sketch.add(128, 0);
        }
        learner.end_window(sketch);
    }
    EXPECT_EQ(learned_part(learner, {}, 10, {}).groups, 1);
}

}  // namespace
}  // namespace frugal::policy
