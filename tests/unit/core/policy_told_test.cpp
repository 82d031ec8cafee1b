// SPDX-License-Identifier: Apache-2.0
// Policies that devices missed, policies of which they know more than the gateway, and classes that
// have one of their own. All found by checker I27 of the simulation.
#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

class PolicyToldTest : public PolicyDeskTest {
protected:
    /// What the device says it obeys and evaluates, and what it is told of it within a second.
    std::vector<Desired> answers(std::uint32_t policy, std::uint32_t shadow = 0) {
        world.take();
        world.say("node-3",
                  Health{.stream = {4}, .boot_epoch = 1, .tasks = {{1, policy, shadow, {}, 0}}});
        world.advance(std::chrono::seconds(1));
        return world.sent<Desired>("node-3");
    }
    void report_model() {
        auto word = hello("node-3", 4);
        word.tasks[0].release = 1;
        world.say("node-3", word);
    }
    std::uint32_t next() { return world.get<TaskList>(ListTasks{}).next_policy; }
};

TEST_F(PolicyToldTest, WhoMissedItIsToldAgainWithItsNextHealth) {
    report_model();
    ASSERT_TRUE(set(2, {}));
    const auto told = answers(1);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(policy_in(told[0]), "policy2");
    EXPECT_TRUE(answers(2).empty());
}

TEST_F(PolicyToldTest, WhoStillEvaluatesWhatWasTakenBackIsToldAgain) {
    report_model();
    ASSERT_TRUE(set(2, {{0, {}}, {kWholeFleet, {}}}));
    EXPECT_EQ(answers(1).size(), 1U) << "has not begun to evaluate it";
    EXPECT_TRUE(answers(1, 2).empty());
    ASSERT_TRUE(set(3, {}));
    EXPECT_EQ(answers(3, 2).size(), 1U);
    EXPECT_TRUE(answers(3).empty());
}

TEST_F(PolicyToldTest, WhoHasNoModelIsNotToldOverAndOver) {
    auto word = hello("node-3", 4);
    word.tasks[0].release = 0;
    world.say("node-3", word);
    EXPECT_TRUE(answers(0).empty());
}

TEST_F(PolicyToldTest, NumbersGoOnAboveWhatDevicesObey) {
    answers(40);
    EXPECT_EQ(next(), 41U);
    EXPECT_FALSE(set(40, {})) << "the device would refuse it";
    EXPECT_TRUE(set(41, {}));
    auto word = hello("node-4", 5);
    word.tasks[0].policy = 60;
    world.say("node-4", word);
    EXPECT_EQ(next(), 61U);
}

TEST_F(PolicyToldTest, NoLiarUsesTheNumbersUp) {
    answers(0xFFFFFFFF);
    const auto raised = next();
    EXPECT_LE(raised, 70'000U);
    answers(0xFFFFFFFF);
    EXPECT_EQ(next(), raised);
    EXPECT_TRUE(set(raised, {}));
    EXPECT_EQ(next(), raised + 1);
}

TEST_F(TwoClassesTest, WhatIsStagedForAnyLeavesClassesWithTheirOwnAlone) {
    ASSERT_TRUE(world.ask(SetPolicy{of(6, {"any"})}));
    world.take();
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"any"}), usual()}));
    world.advance(std::chrono::seconds(1));
    ASSERT_FALSE(told().empty());
    for (const auto& [device, desired] : told()) {
        EXPECT_EQ(policy_in(desired), "policy5" + class_of(device)) << device;
    }
    world.get<Done>(ResumePolicyRollout{1});
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    for (const auto& [device, desired] : told()) {
        EXPECT_EQ(policy_in(desired), "policy5" + class_of(device)) << device;
    }
}

}  // namespace
}  // namespace frugal::core
