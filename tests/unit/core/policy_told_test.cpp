// SPDX-License-Identifier: Apache-2.0
// Policies that devices missed, policies of which they know more than the gateway, and classes that
// have one of their own. All found by checker I27 of the simulation.
#include <algorithm>

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
    std::size_t told_in_an_hour(std::uint32_t policy) {
        std::size_t told = 0;
        for (int minute = 0; minute < 60; ++minute) {
            told += answers(policy).size();
            world.advance(std::chrono::seconds(59));
        }
        return told;
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

TEST_F(PolicyToldTest, WhoCannotBeBroughtToObeyIsToldEverMoreRarely) {
    report_model();
    ASSERT_TRUE(set(2, {}));
    EXPECT_EQ(told_in_an_hour(1), 8U) << "at 0, 1, 2, 4, 8, 16, 31 and 46 minutes";
    EXPECT_EQ(told_in_an_hour(1), 4U);
    ASSERT_TRUE(set(3, {}));
    EXPECT_EQ(answers(1).size(), 1U) << "another one was chosen: at once";
    EXPECT_TRUE(answers(1).empty());
    EXPECT_EQ(answers(2).size(), 1U) << "it moved";
    EXPECT_TRUE(answers(3).empty());
    EXPECT_EQ(answers(1).size(), 1U) << "it was right meanwhile";
}

TEST_F(PolicyToldTest, WhoObeysANewerOneThanTheGatewayKnowsIsNotTold) {
    report_model();
    EXPECT_EQ(told_in_an_hour(40), 0U) << "it would refuse it each time";
    ASSERT_TRUE(set(next(), {}));
    EXPECT_EQ(answers(40).size(), 1U);
}

TEST_F(PolicyToldTest, SaysOnceThatADeviceObeysANewerOne) {
    report_model();
    answers(40);
    const auto count = [&] {
        const auto lines = world.performed<Log>();
        return std::ranges::count(lines, LogEvent::kPolicyAhead, &Log::event);
    };
    EXPECT_EQ(count(), 1);
    answers(40);
    EXPECT_EQ(count(), 0);
}

TEST_F(PolicyToldTest, SaysOfADeviceThatWaversOnceAnHourThatItIsAhead) {
    report_model();
    std::ptrdiff_t lines = 0;
    for (std::uint32_t minute = 0; minute < 90; ++minute) {
        answers(40 + minute % 2);
        const auto logged = world.performed<Log>();
        lines += std::ranges::count(logged, LogEvent::kPolicyAhead, &Log::event);
        world.advance(std::chrono::seconds(59));
    }
    EXPECT_EQ(lines, 2);
}

TEST_F(PolicyToldTest, NumbersGoOnAboveWhatDevicesObey) {
    answers(40);
    const auto raised = next();
    EXPECT_GT(raised, 40U);
    EXPECT_FALSE(set(40, {})) << "the device would refuse it";
    EXPECT_TRUE(set(raised, {}));
    world.advance(std::chrono::minutes(1));
    auto word = hello("node-4", 5);
    word.tasks[0].policy = raised + 60;
    world.say("node-4", word);
    EXPECT_GT(next(), raised + 60);
}

TEST_F(PolicyToldTest, SaysWhyANumberIsRefused) {
    const auto cause = [&](std::uint32_t number) {
        const auto reply = world.ask(SetPolicy{version(number), {}});
        return reply ? "set" : reply.error().describe();
    };
    EXPECT_NE(cause(1).find("version 1 is taken"), std::string::npos) << cause(1);
    answers(40);
    EXPECT_NE(cause(40).find("devices say"), std::string::npos) << cause(40);
}

TEST_F(PolicyToldTest, NumbersRiseAboveWhatADeviceOnceAcceptedAndLost) {
    auto word = hello("node-3", 4);
    word.tasks[0].policy = 0;
    word.tasks[0].policy_floor = 40;
    world.say("node-3", word);
    const auto raised = next();
    EXPECT_GT(raised, 40U) << "it would refuse anything lower";
    const auto stored = world.written<PolicyNumberRecord>();
    ASSERT_FALSE(stored.empty()) << "a restart must not forget it";
    EXPECT_EQ(stored.back().next, raised);
    const auto before = world.written<DeviceRecord>().size();
    world.say("node-3", word);
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(world.written<DeviceRecord>().size(), before) << "it told nothing new";
}

// Numbers rise once a minute at most, but what was said in it is not said again in time.
TEST_F(PolicyToldTest, AFloorToldTooSoonAfterAnotherOutlivesAProcess) {
    answers(40);
    const auto raised = next();
    world.take();
    auto word = hello("node-4", 5);
    word.tasks[0].policy_floor = raised + 600;
    world.say("node-4", word);
    EXPECT_EQ(next(), raised) << "somebody may just have been given it";
    const auto stored = world.written<PolicyNumberRecord>();
    ASSERT_FALSE(stored.empty());
    EXPECT_GT(stored.back().next, raised + 600);
    world.say("node-4", word);
    EXPECT_EQ(world.written<PolicyNumberRecord>().size(), stored.size()) << "nothing new";
    ASSERT_TRUE(set(raised, {})) << "nor does it keep anybody from setting one";
    SiteWorld restarted({}, Snapshot{.next_policy = stored.back().next});
    EXPECT_EQ(restarted.get<TaskList>(ListTasks{}).next_policy, stored.back().next);
    world.advance(std::chrono::minutes(1));
    answers(raised);
    EXPECT_EQ(next(), stored.back().next) << "a minute later here, too";
}

TEST_F(PolicyToldTest, SaysOfADeviceThatLostANewerOneThatItIsAhead) {
    auto word = hello("node-3", 4);
    word.tasks[0].policy_floor = 40;
    world.take();
    world.say("node-3", word);
    const auto lines = world.performed<Log>();
    const auto line = std::ranges::find(lines, LogEvent::kPolicyAhead, &Log::event);
    ASSERT_NE(line, lines.end()) << "it obeys nothing, and refuses what it is told";
    const auto& fields = (*line)->fields;
    const auto accepted = std::ranges::find(fields, "accepted", &LogField::key);
    ASSERT_NE(accepted, fields.end());
    EXPECT_EQ(accepted->value, "40");
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

TEST_F(PolicyToldTest, NoLiarKeepsPeopleFromSettingPolicies) {
    for (int i = 0; i < 20; ++i) {
        answers(next());
        const auto number = next();
        answers(number);  // between the question for a number and the policy
        EXPECT_TRUE(set(number, {}));
    }
    EXPECT_LE(next(), 1000U);
}

TEST_F(PolicyToldTest, WhatDevicesSaidOfNumbersOutlivesAProcess) {
    answers(40);
    const auto raised = next();
    const auto stored = world.written<PolicyNumberRecord>();
    ASSERT_FALSE(stored.empty());
    EXPECT_EQ(stored.back().next, raised);
    SiteWorld restarted({}, Snapshot{.next_policy = stored.back().next});
    EXPECT_EQ(restarted.get<TaskList>(ListTasks{}).next_policy, raised);
}

TEST_F(TwoClassesTest, WhatIsStagedForAnyLeavesClassesWithTheirOwnAlone) {
    world.enrol("other");
    auto word = hello("other", 99);
    word.capability = capability("other");
    world.say("other", word);
    world.take();
    const auto is_only_other_told = [&] {
        world.advance(std::chrono::seconds(1));
        const bool is_told = !world.sent<Desired>("other").empty();
        EXPECT_TRUE(told().empty()) << told().begin()->first << " has a policy of its class";
        world.take();
        return is_told;
    };
    ASSERT_TRUE(world.ask(SetPolicy{of(6, {"any"})}));
    EXPECT_TRUE(is_only_other_told());
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"any"}), {{0, {}}, {kWholeFleet, {}}}}));
    EXPECT_TRUE(is_only_other_told());
    world.get<Done>(ResumePolicyRollout{1});
    EXPECT_TRUE(is_only_other_told());
    ASSERT_TRUE(world.ask(SetPolicy{of(9, {"any"}), {{0, {}}, {kWholeFleet, {}}}}));
    EXPECT_TRUE(is_only_other_told());
    ASSERT_TRUE(world.ask(SetPolicy{of(10, {"any"})}));
    EXPECT_TRUE(is_only_other_told()) << "what was taken back";
}

}  // namespace
}  // namespace frugal::core
