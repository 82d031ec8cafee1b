// SPDX-License-Identifier: Apache-2.0
// What the learner knows after a restart of the gateway, and what it takes for the owner's.
#include <gtest/gtest.h>

#include "policy/learn/registration_state.hpp"
#include "policy/learn/site_learner.hpp"
#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

using std::chrono::minutes;

TEST(LearnerRestart, ARestartLosesNothing) {
    LearnerWorld world(4);
    live(world, 6400, 0.3);
    const base::Bytes state = world.cell().save();
    EXPECT_LE(state.size(), LearnCell::kStateBytesMax);

    LearnerWorld again(5);
    again.policies = world.policies;
    again.learner = SiteLearner(5);
    again.learner.set_policies(again.policies);
    again.learner.remember({again.key, state});
    const SiteLearner::LocalDecision one{200, 0};
    again.learner.on_decisions(again.key, {&one, 1});
    const LearnCell& cell = again.cell();
    EXPECT_EQ(cell.table(), world.cell().table());
    EXPECT_EQ(cell.audit_q8(), world.cell().audit_q8());
    EXPECT_NEAR(cell.tasks(), world.cell().tasks(), 1);
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        EXPECT_NEAR(cell.evidence(bin), world.cell().evidence(bin), 0.2) << bin;
    }
    EXPECT_EQ(cell.save(), state);
}

TEST(LearnerRestart, LiarsStayDoubted) {
    LearnerWorld world(6);
    for (int i = 0; i < 6400; ++i) {
        const auto device = 1 + static_cast<std::uint32_t>(i % 20);
        if (device <= 3) {
            world.lie(device);
        } else {
            world.decide(device, static_cast<std::uint8_t>(40 + i % 200), 0.7, 0.95);
        }
    }
    const auto step = world.learner.step(world.now, 900);
    const std::set<std::uint32_t> liars = {1, 2, 3};
    ASSERT_EQ(world.cell().trust().doubted(), liars);
    ASSERT_EQ(step.changed.size(), 1U);
    EXPECT_EQ(step.changed[0].doubted, (std::vector<std::uint32_t>{1, 2, 3}));

    LearnerWorld again(7);
    again.policies = world.policies;
    again.learner = SiteLearner(7);
    again.learner.set_policies(again.policies);
    again.learner.remember(step.changed[0]);
    const SiteLearner::LocalDecision one{200, 0};
    again.learner.on_decisions(again.key, {&one, 1});
    EXPECT_EQ(again.cell().trust().doubted(), liars);
    const auto before = again.cell().evidence(31);
    for (int i = 0; i < 15; ++i) {
        again.lie(2);
    }
    EXPECT_EQ(again.cell().evidence(31), before) << "not learned from, before it is judged anew";
    const std::vector<SiteLearner::LocalDecision> window(64, one);
    again.learner.on_decisions(again.key, window);
    for (const auto& event : again.learner.step(again.now, 900).events) {
        EXPECT_EQ(event.what.find("unlike the others"), std::string::npos) << "no news";
    }
}

TEST(LearnerRestart, ACanaryOutlivesARestartAlsoForCellsNotSeenYet) {
    LearnerWorld world(8);
    Registration measured;
    measured.temperature = 0.5;
    measured.rho = 0.25;
    measured.samples = 300;
    measured.counts[3] = 12;
    measured.gains[3] = 4.5;
    measured.classes.add(2, 30, 10);
    measured.classes.add(1, -5, 12);
    const auto kept = read_registration(save(measured));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->counts, measured.counts);
    EXPECT_EQ(kept->gains, measured.gains);
    EXPECT_EQ(kept->classes.sums(), measured.classes.sums());
    EXPECT_EQ(kept->samples, 300);
    EXPECT_LE(save(measured).size(), LearnCell::kStateBytesMax);
    world.learner = SiteLearner(8);
    world.learner.remember({1, digest_of(1), digest_of(2)}, *kept);
    world.learner.set_policies(world.policies);
    const SiteLearner::LocalDecision one{200, 0};
    world.learner.on_decisions(world.key, {&one, 1});
    EXPECT_EQ(world.cell().terms().registration.rho, 0.25);
    EXPECT_EQ(world.cell().terms().registration.temperature, 0.5);
}

TEST(LearnerRestart, DamagedRegistrationsAreNone) {
    const auto good = save(Registration{});
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(read_registration(base::ByteView(good).first(size))) << size;
    }
    auto other = good;
    other[0] = 99;
    EXPECT_FALSE(read_registration(other));
}

TEST(LearnerRestart, ACellUnderALearnedPolicyBeginsFromTheOwnersFile) {
    LearnerWorld world(16);
    TableBytes learned{};
    learned.fill(255);
    LearnTerms terms = world.terms;
    terms.samples = 320;
    world.policies = {in_force(5, terms, learned, 16)};  // an alarm had raised the audits
    world.policies[0].owner->tables = {};
    world.policies[0].owner->audit_q8 = 2;
    world.learner.set_policies(world.policies);
    live(world, 63, 0.3);
    world.decide(1, 10, 0.9, 0.95);
    EXPECT_EQ(world.cell().pushed().audit_q8, 16) << "what devices hold";
    EXPECT_EQ(world.cell().audit_q8(), 2);
    EXPECT_LT(world.cell().table()[0], 64) << "what was learned before is no evidence of a canary";
    world.step();
    EXPECT_EQ(world.part().audit_q8, 2);
}

/// What stays of the learner when the gateway is switched off after a push was made durable.
SiteLearner after_restart(const LearnerWorld& world, const PolicyPush& push,
                          std::vector<StoredCell> stored) {
    auto policies = world.policies;
    policies[0].compiled = push.compiled;
    policies[0].id = push.id;
    SiteLearner learner(99);
    for (StoredCell& cell : stored) {
        learner.remember(std::move(cell));
    }
    learner.set_policies(policies);
    return learner;
}

/// The step in which devices that are right where they doubt have changed the table.
LearnerStep first_push(LearnerWorld& world) {
    live(world, 63, 0.3);
    for (int i = 0; i < 400; ++i) {
        world.decide(1 + static_cast<std::uint32_t>(i % 20), 20, 0.99, 0.95);
    }
    world.now = world.now + minutes(20);
    return world.learner.step(world.now, 2);
}

TEST(LearnerRestart, APushKeepsWhatTheOtherModelsOfItsClassLearned) {
    LearnerWorld world(17);
    const CellKey other{scope_of(), digest_of(7), digest_of(2)};
    const std::vector<SiteLearner::LocalDecision> window(64, {200, 0});
    world.learner.on_decisions(other, window);
    const auto step = first_push(world);
    ASSERT_EQ(step.pushes.size(), 1u);
    const auto stored = world.learner.stored_after(step.pushes[0]);
    ASSERT_EQ(stored.size(), 2u);

    SiteLearner again = after_restart(world, step.pushes[0], stored);
    const SiteLearner::LocalDecision one{200, 0};
    again.on_decisions(other, {&one, 1});
    EXPECT_EQ(again.cells().at(other).tasks(), 64);
    again.on_decisions(world.key, {&one, 1});
    EXPECT_EQ(again.cells().at(world.key).tasks(), world.cell().tasks());
}

TEST(LearnerRestart, APushKeepsWhatIsRememberedOfCellsNotSeenYet) {
    LearnerWorld world(18);
    const CellKey other{scope_of(), digest_of(7), digest_of(2)};
    const std::vector<SiteLearner::LocalDecision> window(64, {200, 0});
    world.learner.on_decisions(other, window);
    const auto saved = world.learner.step(world.now, 2).changed;
    ASSERT_EQ(saved.size(), 1u);
    LearnerWorld next(19);
    next.learner.remember(saved[0]);
    const auto step = first_push(next);
    ASSERT_EQ(step.pushes.size(), 1u);
    const auto stored = next.learner.stored_after(step.pushes[0]);
    next.learner.on_pushed(step.pushes[0], next.now);
    SiteLearner again = after_restart(next, step.pushes[0], stored);
    const SiteLearner::LocalDecision one{200, 0};
    for (SiteLearner* learner : {&again, &next.learner}) {
        learner->on_decisions(other, {&one, 1});
        EXPECT_EQ(learner->cells().at(other).tasks(), 64);
    }
}

TEST(LearnerRestart, HedgeKeepsTheMeasuredPairOverARestart) {
    LearnerWorld world(20, LearnMode::kHedge);
    Registration measured;
    measured.temperature = 0.5;
    measured.rho = 0.25;
    world.learner.set_registration({1, digest_of(1), digest_of(2)}, measured);
    const std::vector<SiteLearner::LocalDecision> window(64, {200, 0});
    world.learner.on_decisions(world.key, window);
    world.learner.step(world.now, 2);
    const base::Bytes state = world.cell().save();

    LearnerWorld again(21, LearnMode::kHedge);
    again.learner.remember({again.key, state});
    const SiteLearner::LocalDecision one{200, 0};
    again.learner.on_decisions(again.key, {&one, 1});
    EXPECT_EQ(again.cell().terms().registration.temperature, 0.5);
    EXPECT_EQ(again.cell().terms().registration.rho, 0.25);
    EXPECT_EQ(again.cell().tasks(), 64);
}

TEST(LearnerRestart, APolicyThatWentAndCameIsPushedAgain) {
    LearnerWorld world(22);
    live(world, 63, 0.3);
    const auto busy = [&world] {
        for (int i = 0; i < 400; ++i) {
            world.decide(1 + static_cast<std::uint32_t>(i % 20), 20, 0.99, 0.95);
        }
        world.now = world.now + minutes(20);
        return world.learner.step(world.now, world.policies[0].id + 1).pushes.size();
    };
    ASSERT_EQ(busy(), 1u);
    world.learner.set_policies({});
    world.policies[0] = in_force(8, world.terms);
    world.learner.set_policies(world.policies);
    EXPECT_EQ(busy(), 1u);
}

TEST(LearnerRestart, ARestartedGatewayDoesNotPushAtOnce) {
    LearnerWorld world(14);
    live(world, 6400, 0.3);
    const base::Bytes state = world.cell().save();
    const int pushes = world.pushes;
    world.learner = SiteLearner(14);
    world.learner.set_policies(world.policies);
    world.learner.remember({world.key, state});
    const base::Instant restarted = world.now;
    for (int i = 0; world.now - restarted < minutes(14); ++i) {
        // Another skill: there is something to push.
        for (int task = 0; task < 64; ++task) {
            world.decide(1 + static_cast<std::uint32_t>(task % 20),
                         static_cast<std::uint8_t>(task * 4), 0.9, 0.95);
        }
        const std::uint8_t audits = world.part().audit_q8;
        world.step();
        if (world.cell().is_alarmed() || world.part().audit_q8 != audits) {
            GTEST_FAIL() << "the test wants a quiet cell";
        }
    }
    EXPECT_EQ(world.pushes, pushes);
    world.step(minutes(2));
    EXPECT_GT(world.pushes, pushes);
}

}  // namespace
}  // namespace frugal::policy
