// SPDX-License-Identifier: Apache-2.0
// What is learned of one pair of models is for that pair.
#include <gtest/gtest.h>

#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

using std::chrono::minutes;

std::uint32_t model_of(base::ByteView compiled) {
    return fr_policy_model(compiled.data(), compiled.size(), 1);
}

TEST(LearnedBinding, APushIsBoundToTheModelItWasLearnedOf) {
    LearnerWorld world(1);
    EXPECT_EQ(model_of(world.policies[0].compiled), 0u);
    live(world, 8000, 0.3);
    ASSERT_GT(world.pushes, 0);
    EXPECT_EQ(model_of(world.policies[0].compiled), fr_policy_model_tag(digest_of(1).data()));
}

TEST(LearnedBinding, DevicesWithAnotherModelHoldTheOwnersTableForIt) {
    LearnerWorld world(2);
    auto own = *learnable_part(compiled_policy(1, chow_table()), 1);
    own.tables[0].fill(77);
    own.audit_q8 = 9;
    world.policies[0].owner_for = [own](const base::Digest& model) {
        return model == digest_of(9) ? std::optional(own) : std::nullopt;
    };
    world.learner.set_policies(world.policies);
    live(world, 8000, 0.3);
    const auto first_pushes = world.pushes;
    ASSERT_GT(first_pushes, 0);
    const auto lead = world.key;
    world.key.model = digest_of(9);
    world.decide(1, 10, 0.9, 0.95);
    EXPECT_EQ(world.cell().pushed(), own);
    world.key = lead;
    live(world, 8000, 2.0);  // the other model is learned of again
    ASSERT_GT(world.pushes, first_pushes);
    EXPECT_EQ(world.learner.cells().at({scope_of(), digest_of(9), digest_of(2)}).pushed(), own);
    EXPECT_NE(world.cell().pushed(), own);
}

TEST(LearnedBinding, BesideAnotherEdgeModelNothingOfTheOneBeforeIsPushed) {
    LearnerWorld world(3);
    world.policies[0].edge_model = digest_of(2);
    world.learner.set_policies(world.policies);
    live(world, 4000, 0.3);
    ASSERT_GT(world.pushes, 0);
    world.policies[0].edge_model = digest_of(3);
    world.learner.set_policies(world.policies);
    const auto pushes = world.pushes;
    live(world, 4000, 4.0);  // answers of the old one, still: an alarm
    world.step(minutes(60));
    EXPECT_EQ(world.pushes, pushes);
    world.key.edge_model = digest_of(3);
    live(world, 1000, 0.3);
    EXPECT_GT(world.pushes, pushes) << "the new pair leads at once, whatever was known before";
}

TEST(LearnedBinding, AfterAnUpdateTheTableFollowsTheModelThatDevicesRun) {
    LearnerWorld world(4);
    live(world, 8000, 0.3);
    ASSERT_EQ(model_of(world.policies[0].compiled), fr_policy_model_tag(digest_of(1).data()));
    world.key.model = digest_of(9);
    live(world, 3000, 2.0);
    EXPECT_EQ(model_of(world.policies[0].compiled), fr_policy_model_tag(digest_of(9).data()));
    EXPECT_LT(world.learner.cells().at({scope_of(), digest_of(1), digest_of(2)}).recent(), 100);
}

TEST(LearnedBinding, TwoModelsThatShareAClassDoNotTakeTheTableFromEachOther) {
    LearnerWorld world(5);
    std::vector<std::uint32_t> models;
    for (int round = 0; round < 120; ++round) {
        world.key.model = digest_of(round % 2 == 0 ? 1 : 9);
        const auto pushes = world.pushes;
        live(world, 256, round % 16 < 8 ? 0.3 : 2.0);  // so that there is something to push
        if (world.pushes != pushes && round > 8) {
            models.push_back(model_of(world.policies[0].compiled));
        }
    }
    ASSERT_GT(models.size(), 10U);
    EXPECT_EQ(std::ranges::count(models, models.front()), std::ssize(models));
}

// Nobody has decided yet: which devices there are is not known but from the policy.
TEST(LearnedBinding, AfterAStartTheModelOfTheTableLeadsOn) {
    LearnerWorld world(7);
    live(world, 8000, 2.0);
    const auto left = world.key;
    world.key.model = digest_of(9);
    live(world, 8000, 0.3);
    ASSERT_EQ(model_of(world.policies[0].compiled), fr_policy_model_tag(digest_of(9).data()));

    LearnerWorld again(8);
    again.policies = world.policies;
    again.learner = SiteLearner(8);
    again.learner.set_policies(again.policies);
    for (const auto& [key, cell] : world.learner.cells()) {
        again.learner.remember({key, cell.save()});
        const SiteLearner::LocalDecision one{200, 0};
        again.learner.on_decisions(key, {&one, 1});
    }
    ASSERT_EQ(again.learner.cells().begin()->first, left) << "the first in order is the other";
    for (int hour = 0; hour < 3; ++hour) {
        for (const auto& push : again.step(minutes(60)).pushes) {
            EXPECT_EQ(push.cell.model, digest_of(9));
        }
    }
    again.key = left;
    live(again, 192, 4.0);
    again.step(minutes(60));
    EXPECT_NE(model_of(again.policies[0].compiled), fr_policy_model_tag(digest_of(1).data()))
        << "a few tasks do not tell what devices run";
}

TEST(LearnedBinding, WhoTakesTheLeadWaitsForTheTimeOfAPush) {
    LearnerWorld world(6);
    live(world, 4000, 0.3);
    auto cell = world.cell();
    auto part = cell.pushed();
    part.tables[0].fill(255);  // far from what it learned
    const auto now = world.now + minutes(60);
    cell.on_sibling_pushed(part, cell.policy_id(), now);
    EXPECT_FALSE(cell.next_push(now + minutes(1)));
    EXPECT_TRUE(cell.next_push(now + minutes(16)));
}

}  // namespace
}  // namespace frugal::policy
