// SPDX-License-Identifier: Apache-2.0
// How the devices of a policy on its way do beside the others: what counts, what halts it, what its
// next step waits for.
#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

/// What the devices of each side do; the others are never late and spend 100 uJ.
struct HaltCase {
    std::string case_name;
    std::uint32_t late = 0;
    std::uint32_t energy_uj = 100;
    std::uint32_t escalated = 1;
    PolicyHalt expected = PolicyHalt::kNone;
};
class PolicyHaltTest : public PolicyDeskTest, public ::testing::WithParamInterface<HaltCase> {};

TEST_P(PolicyHaltTest, StopsWhenItsDevicesDoWorse) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    ASSERT_GT(candidates.size(), 3U);
    for (int i = 0; i < kDevices; ++i) {
        const auto& mine = GetParam();
        candidates.contains(i) ? decide(i, 6, mine.late, mine.energy_uj, mine.escalated)
                               : decide(i, 6, 0, 100, 1);
    }
    const auto now = view();
    EXPECT_EQ(now.record.halt, GetParam().expected);
    EXPECT_EQ(now.record.status, GetParam().expected == PolicyHalt::kNone
                                     ? PolicyRolloutStatus::kRunning
                                     : PolicyRolloutStatus::kHalted);
    world.take();
    world.advance(std::chrono::minutes(11));
    EXPECT_EQ(told().empty(), GetParam().expected != PolicyHalt::kNone);
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyHaltTest,
    ::testing::Values(HaltCase{"like_the_others", 0, 100, 1, PolicyHalt::kNone},
                      HaltCase{"a_little_worse", 0, 120, 1, PolicyHalt::kNone},
                      HaltCase{"late", 2, 100, 1, PolicyHalt::kDeadlineMisses},
                      HaltCase{"twice_the_escalations", 0, 100, 2, PolicyHalt::kNone},
                      HaltCase{"three_times_the_escalations", 0, 100, 3, PolicyHalt::kEscalations},
                      HaltCase{"hungry", 0, 200, 1, PolicyHalt::kEnergy}),
    [](const auto& test) { return test.param.case_name; });

TEST_F(PolicyDeskTest, FewDecisionsOfItsDevicesHaltNothing) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    for (int i = 0; i < kDevices; ++i) {
        if (!candidates.contains(i)) {
            decide(i, 6, 0, 100);
        }
    }
    decide(*candidates.begin(), 4, 16, 100);
    EXPECT_EQ(view().candidate.late, 64U);
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    EXPECT_EQ(view().record.halt, PolicyHalt::kNone);
}

TEST_F(PolicyDeskTest, FewDecisionsOfTheOthersHaltNothing) {
    ASSERT_TRUE(set(2, usual()));
    for (const int device : candidates_obey(2)) {
        decide(device, 6, 16, 100);
    }
    EXPECT_GE(view().candidate.late, 256U);
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
}

// However much one device says, it neither halts a version nor lets it pass.
TEST_F(PolicyDeskTest, OneDeviceCountsForAQuarterAtMost) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    ASSERT_GT(candidates.size(), 8U);
    decide(*candidates.begin(), 100, 16, 100);
    EXPECT_EQ(view().candidate.decisions, 64U);
}

TEST_F(PolicyDeskTest, WhoIsNotAmongItsDevicesCountsForNeitherSide) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    for (int i = 0; i < kDevices; ++i) {
        obey(name_of(i), candidates.contains(i) ? 1 : 2, static_cast<std::uint64_t>(i) + 1);
        decide(i, 2, 16, 100);
    }
    EXPECT_EQ(view().candidate.decisions, 0U);
    EXPECT_EQ(view().baseline.decisions, 0U);
}

TEST_F(PolicyDeskTest, DecisionsFromBeforeTheSwitchCountForNeitherSide) {
    ASSERT_TRUE(set(2, usual()));
    const auto device = *candidates_obey(2).begin();
    const auto stream = static_cast<std::uint64_t>(device) + 1;
    obey(name_of(device), 1, stream, 0);   // still
    obey(name_of(device), 2, stream, 48);  // the tick of its 17th decision
    decide(device, 1, 0, 100);
    EXPECT_EQ(view().candidate.decisions, 0U);
    decide(device, 1, 0, 100);
    EXPECT_EQ(view().candidate.decisions, 16U);
}

TEST_F(PolicyDeskTest, TheNextStepWaitsForDecisionsOfBothSides) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    world.advance(std::chrono::hours(24));
    EXPECT_EQ(view().record.step, 0U);
    EXPECT_TRUE(view().waits_for_decisions);
    for (const int device : candidates) {
        decide(device, 6, 0, 100);
    }
    EXPECT_EQ(view().record.step, 0U) << "a cohort alone proves nothing";
    world.take();
    all_decide(6);
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(view().record.step, 1U);
    EXPECT_FALSE(view().waits_for_decisions);
    EXPECT_FALSE(told().empty());
}

// 0.01 % of sixty devices is nobody.
TEST_F(PolicyDeskTest, AShareOfNobodyIsSkippedButNeverToTheWholeFleet) {
    ASSERT_TRUE(
        set(2, {{1, std::chrono::minutes(1)}, {2, std::chrono::minutes(1)}, {kWholeFleet, {}}}));
    EXPECT_EQ(view().record.step, 1U);
    world.advance(std::chrono::hours(24));
    EXPECT_EQ(view().record.step, 1U);
    EXPECT_TRUE(view().waits_for_decisions);
    world.get<Done>(ResumePolicyRollout{1});
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
}

// "tiny" is three times as hungry as "m4": a cohort with more of them does nothing wrong.
TEST_F(TwoClassesTest, EachClassIsComparedWithItsOwn) {
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4", "tiny"}), usual()}));
    world.advance(std::chrono::seconds(1));
    const auto candidates = candidates_obey(8, 5);
    for (int i = 0; i < kDevices; ++i) {
        const bool is_tiny = i % 2 == 1;
        decide(i, candidates.contains(i) == is_tiny ? 4 : 1, 0, is_tiny ? 300 : 100);
    }
    EXPECT_EQ(view().record.halt, PolicyHalt::kNone);
    EXPECT_GT(view().candidate.decisions, 256U);
}

TEST_F(TwoClassesTest, OneClassThatDoesWorseHaltsIt) {
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4", "tiny"}), usual()}));
    world.advance(std::chrono::seconds(1));
    const auto candidates = candidates_obey(8, 5);
    for (int i = 0; i < kDevices; ++i) {
        const bool is_bad = candidates.contains(i) && i % 2 == 1;
        decide(i, 16, 0, is_bad ? 200 : 100);
    }
    EXPECT_EQ(view().record.halt, PolicyHalt::kEnergy);
}

TEST_F(TwoClassesTest, DevicesOfAClassItIsNotForAreNotCompared) {
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4"}), usual()}));
    world.advance(std::chrono::seconds(1));
    candidates_obey(8, 5);
    decide(1, 4, 0, 100);
    EXPECT_EQ(view().baseline.decisions, 0U);
}

TEST_F(PolicyDeskTest, ABatchThatOverlapsAnotherIsNotCounted) {
    ASSERT_TRUE(set(2, usual()));
    const auto device = *candidates_obey(2).begin();
    decide(device, 1, 0, 100);
    next_[device] -= 8;
    decide(device, 1, 0, 100);
    EXPECT_EQ(view().candidate.decisions, 16U);
}

// It started again without the policy it had: what it decides now is not that policy's doing.
TEST_F(PolicyDeskTest, WhoStartsAgainWithAnotherPolicyIsNotCompared) {
    ASSERT_TRUE(set(2, usual()));
    const auto device = *candidates_obey(2).begin();
    decide(device, 1, 0, 100);
    ASSERT_EQ(view().candidate.decisions, 16U);
    auto again = hello(name_of(device), static_cast<std::uint64_t>(device) + 1);
    again.tasks[0].policy = 1;
    world.say(name_of(device), again);
    decide(device, 1, 0, 100);
    EXPECT_EQ(view().candidate.decisions, 16U);
    obey(name_of(device), 2, static_cast<std::uint64_t>(device) + 1);
    decide(device, 1, 0, 100);
    EXPECT_EQ(view().candidate.decisions, 32U);
}

SaveLearning alarm_since(std::optional<base::Instant> since) {
    SaveLearning news;
    news.events.push_back({1, *base::ClassName::parse("any"), "moved", true, {}, since});
    return news;
}

TEST_F(PolicyDeskTest, AnAlarmHaltsNothingThatIsOnlyInTheShadow) {
    ASSERT_TRUE(set(2, {{0, std::chrono::hours(1)}, {kWholeFleet, {}}}));
    ASSERT_TRUE(world.ask(alarm_since(world.now.instant)));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
}

TEST_F(PolicyDeskTest, AnAlarmHaltsAVersionOnItsWay) {
    ASSERT_TRUE(set(2, usual()));
    auto news = alarm_since(world.now.instant);
    news.events[0].is_alarm = false;
    ASSERT_TRUE(world.ask(news));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    news.events[0].is_alarm = true;
    ASSERT_TRUE(world.ask(news));
    EXPECT_EQ(view().record.halt, PolicyHalt::kAlarm);
}

// Often it is the remedy: staged because things went wrong.
TEST_F(PolicyDeskTest, AnAlarmOfWhatWasSeenBeforeItHaltsNothing) {
    const auto before = world.now.instant;
    world.advance(std::chrono::minutes(1));
    ASSERT_TRUE(set(2, usual()));
    ASSERT_TRUE(world.ask(alarm_since(before)));
    ASSERT_TRUE(world.ask(alarm_since(std::nullopt))) << "seen by a process before";
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
}

TEST_F(PolicyDeskTest, WhatAPersonResumedInSpiteOfHaltsNothingAgain) {
    ASSERT_TRUE(set(2, usual()));
    const auto since = world.now.instant;
    ASSERT_TRUE(world.ask(alarm_since(since)));
    ASSERT_EQ(view().record.status, PolicyRolloutStatus::kHalted);
    world.advance(std::chrono::minutes(1));
    world.get<Done>(ResumePolicyRollout{1});
    ASSERT_TRUE(world.ask(alarm_since(since)));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    ASSERT_TRUE(world.ask(alarm_since(world.now.instant)));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kHalted);
}

// The daemon was killed in a step: the learner's sums come from the disk, with evidence of
// whenever.
TEST(PolicyRestart, OnlyWhatIsSeenFromThenOnHaltsAVersionOnItsWay) {
    Snapshot snapshot;
    snapshot.policy_versions = {PolicyDeskTest::version(1), PolicyDeskTest::version(2)};
    snapshot.policies = {{*base::ClassName::parse("any"), 1, 1, signed_policy("policy1")}};
    snapshot.policy_rollouts = {{.task = 1,
                                 .version = 2,
                                 .baseline = 1,
                                 .steps = {{2500, std::chrono::seconds(0)}, {kWholeFleet, {}}}}};
    SiteWorld again({}, std::move(snapshot));
    ASSERT_TRUE(again.ask(alarm_since(std::nullopt)));
    EXPECT_EQ(again.get<PolicyRolloutView>(GetPolicyRollout{1}).record.status,
              PolicyRolloutStatus::kRunning);
    ASSERT_TRUE(again.ask(alarm_since(again.now.instant)));
    EXPECT_EQ(again.get<PolicyRolloutView>(GetPolicyRollout{1}).record.halt, PolicyHalt::kAlarm);
}

}  // namespace
}  // namespace frugal::core
