// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/site_learner.hpp"

#include <gtest/gtest.h>

#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(SiteLearner, NothingLearnedLeavesTheOwnersBounds) {
    LearnerWorld world(31);
    world.policies[0].terms.bounds.fill({30, 60});
    world.policies[0].owner.reset();
    world.policies[0].id = 2;
    world.policies[0].compiled =
        *with_learned(world.policies[0].compiled, 1, 2,
                      part_within(world.part(), chow_table(), world.policies[0].terms.bounds, 1));
    world.learner.set_policies(world.policies);
    live(world, 3200, 0.05);
    EXPECT_LT(world.cell().table()[13], 30) << "what is learned is not bound";
    EXPECT_EQ(world.part().tables[0][13], 30);
    live(world, 12800, 4.0);  // devices turn wrong: an alarm lets tables jump
    EXPECT_GT(world.cell().alarms(), 0u);
    EXPECT_GT(world.cell().table()[13], 60);
    EXPECT_EQ(world.part().tables[0][13], 60);
    EXPECT_EQ(world.learner.step(world.now + minutes(60), 900).pushes.size(), 0u)
        << "what bounds keep back is no reason to push";
}

TEST(SiteLearner, LearnsThatDevicesAreBetterThanTheyThink) {
    LearnerWorld world(1);
    live(world, 8000, 0.3);
    // With doubt 0.6 the device is wrong in 18 %, so the edge helps in about 0.14, not in 0.6.
    EXPECT_LT(world.part().tables[0][13], 90);
    EXPECT_GT(world.pushes, 1);
}

TEST(SiteLearner, TablesMoveInBoundedStepsAndAtMostEveryQuarterOfAnHour) {
    LearnerWorld world(2);
    base::Instant last;
    TableBytes before = world.part().tables[0];
    for (int i = 0; i < 200; ++i) {
        live(world, 63, 0.3);  // one short of a step of its own
        world.decide(1, 10, 0.9, 0.95);
        const bool was_alarmed = !world.learner.cells().empty() && world.cell().is_alarmed();
        const int pushes = world.pushes;
        world.step(seconds(20));
        if (world.pushes == pushes || was_alarmed || world.cell().alarms() > 0) {
            continue;
        }
        if (last != base::Instant{}) {
            EXPECT_GE(world.now - last, minutes(15));
        }
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            EXPECT_LE(std::abs(world.part().tables[0][bin] - before[bin]), LearnCell::kStepMax)
                << bin;
        }
        last = world.now;
        before = world.part().tables[0];
    }
    EXPECT_GT(world.pushes, 2);
}

TEST(SiteLearner, EverythingTheOwnerFixedStays) {
    LearnerWorld world(3);
    const base::Bytes authored = world.policies[0].compiled;
    live(world, 6000, 0.3);
    ASSERT_GT(world.pushes, 0);
    base::Bytes learned = world.policies[0].compiled;
    // Putting the learnable part and the id back gives the owner's bytes, bound to the model.
    EXPECT_NE(learned, authored);
    EXPECT_EQ(*with_learned(learned, 1, 1, *learnable_part(authored, 1)),
              bound_to(authored, 1, world.key.model));
    EXPECT_EQ(fr_policy_check(learned.data(), learned.size()), FR_OK);
    EXPECT_EQ(fr_policy_cap_per_hour(learned.data(), learned.size(), 1), 800u);
}

TEST(SiteLearner, DamagedOrForeignStateIsNotTaken) {
    LearnerWorld world(6);
    live(world, 640, 0.3);
    const base::Bytes state = world.cell().save();
    for (std::size_t size = 0; size < state.size(); ++size) {
        LearnCell cell = world.cell();
        EXPECT_FALSE(cell.restore({state.data(), size})) << size;
    }
    LearnCell other = world.cell();
    CellTerms terms = other.terms();
    terms.policy_id = 77;  // the owner set another policy meanwhile
    other.restart(terms);
    EXPECT_FALSE(other.restore(state));
}

TEST(SiteLearner, ANewPolicyOfTheOwnerBeginsAnew) {
    LearnerWorld world(7);
    live(world, 6400, 0.3);
    ASSERT_GT(world.pushes, 0);
    TableBytes authored{};
    authored.fill(200);
    LearnTerms terms = world.terms;
    terms.samples = 3200;
    world.policies = {in_force(900, terms, authored)};
    world.learner.set_policies(world.policies);
    EXPECT_NEAR(world.cell().table()[31], 198, 4);
    EXPECT_EQ(world.cell().tasks(), 0);
}

TEST(SiteLearner, OffAndFixedDoNotLearn) {
    for (const LearnMode mode : {LearnMode::kOff, LearnMode::kFixed}) {
        LearnerWorld world(8, mode);
        live(world, 640, 0.3);
        EXPECT_TRUE(world.learner.cells().empty());
        EXPECT_EQ(world.pushes, 0);
    }
}

TEST(SiteLearner, HedgePushesThresholdsAndAuditsWithItsMixingShare) {
    LearnerWorld world(9, LearnMode::kHedge);
    live(world, 6400, 0.3);
    ASSERT_GT(world.pushes, 0);
    const LearnablePart part = world.part();
    EXPECT_GT(part.audit_q8, 1);
    for (std::size_t bin = 1; bin < kBins; ++bin) {
        EXPECT_TRUE(part.tables[0][bin] == 0 || part.tables[0][bin] == 255);
        EXPECT_LE(part.tables[0][bin], part.tables[0][bin - 1]);
    }
    const base::Bytes state = world.cell().save();
    EXPECT_LE(state.size(), LearnCell::kStateBytesMax);
    LearnCell cell = world.cell();
    EXPECT_TRUE(cell.restore(state));
}

TEST(SiteLearner, ADeviceFaultRaisesAnAlarmAndIsLearned) {
    LearnerWorld world(10);
    live(world, 12800, 0.3);
    const TableBytes before = world.part().tables[0];
    bool is_told = false;
    std::uint8_t most_audits = 0;
    // Confidently wrong: half of all answers, whatever they claim.
    for (int i = 0; i < 3000; ++i) {
        world.decide(1 + static_cast<std::uint32_t>(i % 20),
                     static_cast<std::uint8_t>(200 + i % 56), 0.5, 0.95);
        if (i % 64 == 63) {
            is_told = !world.step(seconds(30)).events.empty() || is_told;
            most_audits = std::max(most_audits, world.part().audit_q8);
        }
    }
    EXPECT_TRUE(is_told);
    EXPECT_GE(most_audits, IsoGainConfig{}.alarm_audit_q8);
    EXPECT_LT(before[30], 26);
    EXPECT_GT(world.part().tables[0][30], 60);
}

TEST(SiteLearner, AThirdOfTheDevicesLyingIsFoundOut) {
    LearnerWorld world(11);
    for (int i = 0; i < 16000; ++i) {
        const auto device = 1 + static_cast<std::uint32_t>(i % 40);
        if (device <= 12) {  // 30 %
            world.lie(device);
        } else {
            const auto confidence = static_cast<std::uint8_t>((i * 37) % 256);
            world.decide(device, confidence, 1 - (1 - confidence / 255.0) * 0.5, 0.95);
        }
        if (i % 64 == 63) {
            world.step(seconds(20));
        }
    }
    EXPECT_EQ(world.cell().trust().doubted().size(), 12u);
    // The most certain tasks stay on the device: the liars did not make the others ask.
    EXPECT_LT(world.part().tables[0][31], 26);
}

// What a liar shows counts, not what it is worth: a pair that gains little hides nobody.
TEST(SiteLearner, LiarsAreFoundOutWhereTheEdgeIsWorthLittle) {
    LearnerWorld world(13);
    Registration registration;
    registration.rho = 0.15;
    registration.has_signals = true;
    world.learner.set_registration({1, digest_of(1), digest_of(2)}, registration);
    for (int i = 0; i < 16000; ++i) {
        const auto device = 1 + static_cast<std::uint32_t>(i % 10);
        if (device <= 3) {
            world.lie(device);
        } else {
            const auto confidence = static_cast<std::uint8_t>((i * 37) % 256);
            world.decide(device, confidence, 1 - (1 - confidence / 255.0) * 0.25, 0.95);
        }
        if (i % 64 == 63) {
            world.step(seconds(20));
        }
    }
    EXPECT_EQ(world.cell().trust().doubted(), (std::set<std::uint32_t>{1, 2, 3}));
}

TEST(SiteLearner, OneDeviceAddsABoundedShareOfAWindow) {
    LearnerWorld world(12);
    live(world, 6400, 0.3);
    const double before = world.cell().evidence(2);
    ASSERT_GT(before, 16 / 0.05 / 4);
    Answers answers;
    answers.confidence_q8 = 16;
    answers.local_class = 0;
    answers.edge_class = 1;
    for (int i = 0; i < 1000; ++i) {
        world.learner.on_answer(world.key, {answers, 7, false, false});
    }
    EXPECT_LE(world.cell().evidence(2) - before, std::max(16.0, 0.05 * (before + 51)));
}

TEST(SiteLearner, AnUnmeasuredPairBeginsWithChow) {
    LearnerWorld world(13);
    LearnTerms terms = world.terms;
    terms.samples = 500;
    terms.edge = "ffff";
    TableBytes nothing{};
    world.policies = {in_force(5, terms, nothing)};
    world.learner.set_policies(world.policies);
    const SiteLearner::LocalDecision one{200, 0};
    world.learner.on_decisions(world.key, {&one, 1});
    EXPECT_EQ(world.cell().table(), chow_table());
}

TEST(SiteLearner, ARegistrationReplacesWhatWasAuthored) {
    LearnerWorld world(14);
    const SiteLearner::LocalDecision one{200, 0};
    world.learner.on_decisions(world.key, {&one, 1});
    Registration useless;
    useless.samples = 300;
    useless.rho = -0.2;
    EXPECT_EQ(world.learner.set_registration({1, digest_of(1), digest_of(2)}, useless).size(), 1u);
    EXPECT_EQ(world.cell().table(), TableBytes{});
}

// Measuring takes up to a minute, and the learner hears of a policy up to a second late.
TEST(SiteLearner, ThePolicyThatCameAfterARegistrationWinsAndNoOther) {
    LearnerWorld world(29);
    live(world, 640, 0.3);
    const base::Bytes before = world.cell().save();
    Registration useless;
    useless.samples = 300;
    useless.rho = -0.2;
    const SiteLearner::PairKey pair{1, digest_of(1), digest_of(2)};
    world.learner.owner_changed(1, 2);
    EXPECT_TRUE(world.learner.set_registration(pair, useless, 1).empty()) << "begun before";
    EXPECT_EQ(world.cell().save(), before) << "nothing learned is lost by it";
    EXPECT_EQ(world.learner.set_registration(pair, useless, 3).size(), 1U);
    // What it was begun under is known only now.
    const std::vector<PolicyInForce> owners = {in_force(900, world.terms)};
    world.learner.owner_changed(1, 3);
    world.learner.set_policies(owners);
    EXPECT_EQ(world.cell().policy_id(), 900U);
    EXPECT_EQ(world.cell().table(), TableBytes{}) << "it was measured under this one";
    world.learner.owner_changed(2, 1);
    EXPECT_EQ(world.learner.set_registration(pair, useless, 3).size(), 1U) << "another task's";
}

TEST(SiteLearner, WhatIsRememberedOfAnOverrideGoesWithIt) {
    LearnerWorld world(30);
    live(world, 640, 0.3);
    auto own = world.key;
    own.scope.audience = *base::Audience::parse("device:a");
    auto of_override = in_force(7, world.terms);
    of_override.scope = own.scope;
    SiteLearner again(31);
    again.remember({world.key, world.cell().save()});
    again.remember({own, world.cell().save()});
    again.set_policies(std::vector{world.policies[0], of_override});
    EXPECT_EQ(again.cells_remembered(), 2U);
    again.set_policies(world.policies);
    EXPECT_EQ(again.cells_remembered(), 1U) << "its class's stays";
    again.expect(world.key);
    EXPECT_EQ(again.cells().at(world.key).save(), world.cell().save());
}

TEST(SiteLearner, ARegistrationOutlivesARestartAndEndsWithThePolicy) {
    LearnerWorld world(26);
    live(world, 640, 0.3);
    const base::Bytes before = world.cell().save();
    Registration useless;
    useless.samples = 300;
    useless.rho = -0.2;

    SiteLearner again(27);  // the cell was not seen yet when the pair is registered
    again.set_policies(world.policies);
    again.remember({world.key, before});
    again.expect(world.key);
    const auto stored = again.set_registration({1, digest_of(1), digest_of(2)}, useless);
    ASSERT_EQ(stored.size(), 1u);

    SiteLearner third(28);
    third.set_policies(world.policies);
    third.remember(stored[0]);
    third.expect(world.key);
    EXPECT_EQ(third.cells().at(world.key).table(), TableBytes{});
    for (SiteLearner* learner : {&again, &third}) {
        const std::vector<PolicyInForce> owners = {in_force(900, world.terms)};
        learner->owner_changed(1, 1);
        learner->set_policies(owners);
        EXPECT_EQ(learner->cells().at(world.key).table(), chow_table());
    }
}

TEST(SiteLearner, ARefusedPushIsTriedAgain) {
    LearnerWorld world(15);
    live(world, 63, 0.3);
    for (int i = 0; i < 400; ++i) {
        world.decide(1 + static_cast<std::uint32_t>(i % 20), 20, 0.99, 0.95);
    }
    world.now = world.now + minutes(20);
    auto first = world.learner.step(world.now, 2);
    ASSERT_EQ(first.pushes.size(), 1u);
    EXPECT_TRUE(world.learner.step(world.now + seconds(1), 2).pushes.empty());
    world.learner.on_refused(first.pushes[0], world.now + seconds(1));
    EXPECT_TRUE(world.learner.step(world.now + seconds(2), 2).pushes.empty());
    EXPECT_EQ(world.learner.step(world.now + seconds(62), 2).pushes.size(), 1u);
}

TEST(SiteLearner, CellsAreLimited) {
    SiteLearner learner(1);
    std::vector<PolicyInForce> policies = {in_force(1, {LearnMode::kIsoGain})};
    learner.set_policies(policies);
    const SiteLearner::LocalDecision one{200, 0};
    for (std::uint32_t i = 0; i <= SiteLearner::kCellsMax; ++i) {
        CellKey key{scope_of(), digest_of(1), digest_of(2)};
        key.model[0] = static_cast<std::uint8_t>(i);
        key.model[1] = static_cast<std::uint8_t>(i >> 8);
        learner.on_decisions(key, {&one, 1});
    }
    EXPECT_EQ(learner.cells().size(), SiteLearner::kCellsMax);
    EXPECT_EQ(learner.cells_refused(), 1u);
}

/// 64 tasks at confidence 0.3, half of them answered 0 and half 1; class 1 is always wrong.
void two_classes(LearnerWorld& world, int windows) {
    for (int i = 0; i < 64 * windows; ++i) {
        Answers answers;
        answers.confidence_q8 = 80;
        answers.local_class = static_cast<std::uint32_t>(i % 2);
        answers.edge_class = 0;
        answers.opinion = opinion_of(answers, 0.95);
        const auto device = 1 + static_cast<std::uint32_t>(i / 2 % 20);
        world.learner.on_answer(world.key, {answers, device, false, true});
        if (i % 64 == 63) {
            world.step(minutes(16));
        }
    }
}

TEST(SiteLearner, ClassesThatDifferGetTablesOfTheirOwn) {
    LearnerWorld world(33);
    LearnablePart before = world.part();
    for (int i = 0; i < 40; ++i) {
        two_classes(world, 1);
        const LearnablePart now = world.part();
        for (std::size_t class_id : {0u, 1u, 2u}) {
            for (std::size_t bin = 0; bin < kBins; ++bin) {
                const int moved =
                    (*now.table_of(class_id))[bin] - (*before.table_of(class_id))[bin];
                EXPECT_LE(std::abs(moved), LearnCell::kStepMax) << class_id << " " << bin;
            }
        }
        EXPECT_EQ(now.table_of(3), nullptr) << "the owner's rule of a class";
        before = now;
    }
    EXPECT_EQ(before.groups, 2);
    EXPECT_GT((*before.table_of(1))[10], (*before.table_of(0))[10] + 60);
    const auto first = *learnable_part(compiled_policy(1, chow_table()), 1);
    EXPECT_EQ(*with_learned(world.policies[0].compiled, 1, 1, first),
              bound_to(compiled_policy(1, chow_table()), 1, world.key.model))
        << "everything else stays";
    const base::Bytes state = world.cell().save();
    EXPECT_LE(state.size(), LearnCell::kStateBytesMax);
}

}  // namespace
}  // namespace frugal::policy
