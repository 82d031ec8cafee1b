// SPDX-License-Identifier: Apache-2.0
// Versions of policies and their way to the devices: shares, shadow, revert, replacement.
#include <algorithm>

#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

TEST_F(PolicyDeskTest, TheFirstOfATaskIsInForceAtOnce) {
    EXPECT_EQ(history().in_force, std::vector<std::uint32_t>{1});
    const auto listed = world.get<TaskList>(ListTasks{});
    EXPECT_EQ(listed.next_policy, 2U);
    ASSERT_EQ(listed.policies.size(), 1U);
    EXPECT_FALSE(world.ask(GetPolicyRollout{1}));
}

TEST_F(PolicyDeskTest, AVersionIsKeptAsItWasSetAndAudited) {
    ASSERT_TRUE(set(2, {}));
    const auto kept = history();
    ASSERT_EQ(kept.versions.size(), 2U);
    EXPECT_EQ(kept.versions[0]->version, 2U);
    EXPECT_EQ(kept.versions[0]->actor, "ada");
    EXPECT_EQ(kept.versions[0]->text, "text 2");
    EXPECT_NE(kept.versions[0]->digest, kept.versions[1]->digest);
    EXPECT_GT(kept.versions[0]->set_at.unix_ms, 0);
    const auto audits = world.written<AuditRecord>();
    EXPECT_TRUE(std::ranges::any_of(audits, [](const AuditRecord& audit) {
        return audit.action == "policy.set" && audit.subject == "task 1" &&
               audit.detail == "version 2 authored, at once";
    }));
    EXPECT_EQ(world.written<PolicyVersionRecord>().size(), 2U);
}

TEST_F(PolicyDeskTest, ANumberIsUsedOnce) {
    for (const std::uint32_t number : {0U, 1U}) {
        const auto refused = set(number, {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    }
}

TEST_F(PolicyDeskTest, ForgetsLearnedVersionsFirst) {
    CoreConfig config;
    config.policy.versions_per_task = 5;
    SiteWorld small(config);
    for (std::uint32_t number = 1; number <= 8; ++number) {
        auto next = version(number);
        next.origin = number % 2 == 0 ? PolicyOrigin::kLearned : PolicyOrigin::kAuthored;
        next.source = number % 2 == 0 ? number - 1 : 0;
        small.get<PolicySet>(SetPolicy{std::move(next), {}});
    }
    const auto kept = small.get<PolicyHistory>(ListPolicyVersions{1});
    std::vector<std::uint32_t> numbers;
    for (const auto& item : kept.versions) {
        numbers.push_back(item->version);
    }
    EXPECT_EQ(numbers, (std::vector<std::uint32_t>{8, 7, 5, 3, 1}));
    EXPECT_EQ(small.written<PolicyVersionDropped>().size(), 3U);
}

TEST_F(PolicyDeskTest, GoesStepByStepToAGrowingShare) {
    ASSERT_TRUE(set(2, usual()));
    const auto first = told();
    EXPECT_GT(first.size(), 5U);
    EXPECT_LT(first.size(), 30U);
    for (const auto& [device, desired] : first) {
        EXPECT_EQ(policy_in(desired), "policy2") << device;
    }
    EXPECT_EQ(history().candidate, 2U);
    EXPECT_EQ(history().in_force, std::vector<std::uint32_t>{1});
    const auto early = candidates_obey(2);
    all_decide(6);
    world.take();
    world.advance(std::chrono::minutes(10));
    const auto second = told();
    EXPECT_GT(second.size(), 0U);
    for (const auto& [device, desired] : second) {
        EXPECT_FALSE(first.contains(device)) << "was told already";
        EXPECT_EQ(policy_in(desired), "policy2");
        obey(device, 2, static_cast<std::uint64_t>(std::stoi(device.substr(5))) + 1);
    }
    for (int i = 0; i < kDevices; ++i) {
        const bool is_candidate = early.contains(i) || second.contains(name_of(i));
        obey(name_of(i), is_candidate ? 2 : 1, static_cast<std::uint64_t>(i) + 1);
    }
    all_decide(6);
    world.take();
    world.advance(std::chrono::minutes(10));
    EXPECT_EQ(told().size() + first.size() + second.size(), static_cast<std::size_t>(kDevices));
    EXPECT_EQ(history().in_force, std::vector<std::uint32_t>{2});
    EXPECT_EQ(history().candidate, 0U);
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
}

TEST_F(PolicyDeskTest, OnlyEvaluatesInTheShadow) {
    auto steps = usual();
    steps.insert(steps.begin(), {0, {}});
    ASSERT_TRUE(set(2, steps));
    const auto all = told();
    ASSERT_EQ(all.size(), static_cast<std::size_t>(kDevices));
    for (const auto& [device, desired] : all) {
        EXPECT_EQ(policy_in(desired), "policy1");
        EXPECT_EQ(base::as_text(desired.tasks.at(0).shadow->content()), "policy2");
    }
    world.say("node-3", Health{.stream = {4}, .boot_epoch = 1, .tasks = {{1, 1, 2, {0, 7, 3}, 4}}});
    EXPECT_EQ(view().told, 1U);
    EXPECT_EQ(view().shadow_answers, 10U);
    EXPECT_EQ(view().shadow_differs, 4U);
    world.advance(std::chrono::hours(24));
    EXPECT_EQ(view().record.step, 0U) << "waits for a person";
    world.take();
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    for (const auto& [device, desired] : told()) {
        EXPECT_FALSE(desired.tasks.at(0).shadow) << device;
    }
    EXPECT_EQ(told().size(), static_cast<std::size_t>(kDevices));
}

TEST_F(PolicyDeskTest, AnotherVersionTakesItsPlaceEverywhereAtOnce) {
    ASSERT_TRUE(set(2, usual()));
    const auto first = told();
    world.take();
    auto back = version(3);
    back.origin = PolicyOrigin::kReverted;
    back.source = 1;
    world.get<PolicySet>(SetPolicy{std::move(back), {}});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(told().size(), static_cast<std::size_t>(kDevices));
    for (const auto& [device, desired] : told()) {
        EXPECT_EQ(policy_in(desired), "policy3") << device;
    }
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kAborted);
    EXPECT_FALSE(world.ask(ResumePolicyRollout{1}));
}

TEST_F(PolicyDeskTest, TheLearnerWaitsForAVersionOnItsWay) {
    ASSERT_TRUE(set(2, usual()));
    auto learned = version(3);
    learned.origin = PolicyOrigin::kLearned;
    learned.source = 1;  // in force: nothing else is against it
    const auto refused = world.ask(SetPolicy{std::move(learned), {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    EXPECT_EQ(refused.error().cause, "a version of the task is on its way to the devices");
}

// Devices take no older version: one that leaves a class with the version on its way is refused.
TEST_F(TwoClassesTest, WhatReplacesAVersionOnItsWayIsForAllItsClasses) {
    learn(7, 5, "m4");
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4", "tiny"}), usual()}));
    for (const auto& [only, left] : {std::pair("m4", "class tiny"), std::pair("any", "class m4")}) {
        const auto error = refusal(of(9, {only}), {});
        EXPECT_EQ(error.kind, base::ErrorKind::kConflict);
        EXPECT_NE(error.cause.find(left), std::string::npos) << error.cause;
        EXPECT_NE(error.remedy.find("abort"), std::string::npos);
    }
    world.take();
    ASSERT_TRUE(world.ask(SetPolicy{of(9, {"m4", "tiny"})}));
    world.advance(std::chrono::seconds(1));
    ASSERT_EQ(told().size(), static_cast<std::size_t>(kDevices));
    for (const auto& [device, desired] : told()) {
        EXPECT_EQ(policy_in(desired), "policy9" + class_of(device)) << device;
    }
}

TEST_F(TwoClassesTest, InTheShadowNobodyObeysItSoAnyVersionMayReplaceIt) {
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4", "tiny"}), {{0, {}}, {kWholeFleet, {}}}}));
    EXPECT_TRUE(world.ask(SetPolicy{of(9, {"m4"}), usual()}));
}

TEST_F(TwoClassesTest, AStagedVersionWaitsForTheOneOnItsWay) {
    ASSERT_TRUE(world.ask(SetPolicy{of(8, {"m4", "tiny"}), usual()}));
    EXPECT_EQ(refusal(of(9, {"m4", "tiny"}), usual()).kind, base::ErrorKind::kConflict);
    EXPECT_EQ(history().candidate, 8U);
}

TEST_F(TwoClassesTest, TheFirstOfAClassIsInForceAtOnceAndStaysIfTheRestIsTakenBack) {
    SiteWorld other;
    other.enrol("old");
    other.say("old", hello("old", 1));
    other.enrol("new");
    auto tiny = hello("new", 2);
    tiny.capability = capability("tiny");
    other.say("new", tiny);
    ASSERT_TRUE(other.ask(SetPolicy{of(5, {"m4"})}));
    other.advance(std::chrono::seconds(1));
    other.take();
    ASSERT_TRUE(other.ask(SetPolicy{of(8, {"m4", "tiny"}), {{1, {}}, {kWholeFleet, {}}}}));
    other.advance(std::chrono::seconds(1));
    ASSERT_FALSE(other.sent<Desired>("new").empty());
    EXPECT_EQ(policy_in(other.sent<Desired>("new").back()), "policy8tiny");
    EXPECT_EQ(other.get<TaskList>(ListTasks{}).policies.size(), 2U) << "an abort signs both again";
    EXPECT_EQ(other.get<PolicyHistory>(ListPolicyVersions{1}).candidate, 8U);
}

TEST_F(PolicyDeskTest, RemembersWhatReachedEveryDevice) {
    ASSERT_TRUE(set(2, usual()));
    EXPECT_FALSE(history().versions[0]->was_in_force);
    EXPECT_TRUE(history().versions[1]->was_in_force);
    ASSERT_TRUE(set(3, {}));
    ASSERT_TRUE(set(4, usual()));
    world.get<Done>(ResumePolicyRollout{1});
    world.get<Done>(ResumePolicyRollout{1});
    EXPECT_TRUE(history().versions[0]->was_in_force);
    EXPECT_FALSE(history().versions[2]->was_in_force) << "2 was replaced on its way";
    ASSERT_EQ(world.written<PolicyVersionReached>().size(), 1U);
    EXPECT_EQ(world.written<PolicyVersionReached>()[0].version, 4U);
}

TEST_F(PolicyDeskTest, WhatWasLearnedOfAnotherVersionIsRefused) {
    ASSERT_TRUE(set(2, {}));
    auto learned = version(3);
    learned.origin = PolicyOrigin::kLearned;
    learned.source = 1;
    const auto refused = world.ask(SetPolicy{learned});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    learned.source = 2;
    EXPECT_TRUE(world.ask(SetPolicy{learned}));
}

TEST_F(PolicyDeskTest, WhatWasLearnedIsCheckedBeforeThePolicyIsInForce) {
    SetPolicy command{version(2), {}};
    command.learned.push_back({.task = 1,
                               .device_class = *base::ClassName::parse("any"),
                               .state = base::Bytes(kLearningStateMax + 1)});
    EXPECT_FALSE(world.ask(command));
    EXPECT_EQ(history().in_force, std::vector<std::uint32_t>{1});
}

TEST_F(TwoClassesTest, TheOrderOfItsPartsIsNoContent) {
    ASSERT_TRUE(world.ask(SetPolicy{of(6, {"m4", "tiny"})}));
    auto turned = of(7, {"tiny", "m4"});
    turned.text = "text 6";
    for (auto& part : turned.parts) {
        part.blob = signed_policy("policy6" + part.device_class.text());
    }
    ASSERT_TRUE(world.ask(SetPolicy{turned}));
    EXPECT_EQ(history().versions[0]->digest, history().versions[1]->digest);
    EXPECT_EQ(history().versions[0]->parts[0].device_class.text(), "m4");
}

TEST_F(PolicyDeskTest, StepsMustRiseToTheWholeFleet) {
    for (const auto& steps :
         std::vector<std::vector<PolicyStep>>{{{500, {}}},
                                              {{2500, {}}, {500, {}}, {kWholeFleet, {}}},
                                              {{kWholeFleet, {}}, {100, {}}}}) {
        EXPECT_FALSE(set(2, steps));
    }
}

// All that setting it does, up to the change.
TEST_F(PolicyDeskTest, ATrialChangesNothingAndRefusesWhatSettingWould) {
    const auto trial = [&](std::uint32_t number, std::vector<PolicyStep> steps) {
        SetPolicy command{version(number), std::move(steps)};
        command.is_trial = true;
        return world.ask(command);
    };
    const auto before = world.committed.size();
    const auto staged = trial(2, usual());
    ASSERT_TRUE(staged);
    EXPECT_EQ(std::get<PolicySet>(*staged).version, 2U);
    EXPECT_TRUE(std::get<PolicySet>(*staged).is_staged);
    EXPECT_FALSE(std::get<PolicySet>(*trial(2, {})).is_staged);
    EXPECT_FALSE(trial(2, {{500, {}}})) << "its steps end too early";
    EXPECT_FALSE(trial(1, {})) << "the number is taken";
    world.advance(std::chrono::minutes(1));
    EXPECT_EQ(world.committed.size(), before);
    EXPECT_TRUE(told().empty());
    EXPECT_EQ(history().versions.size(), 1U);
    ASSERT_TRUE(set(2, usual()));
}

TEST_F(PolicyDeskTest, GoesOnAfterARestart) {
    Snapshot snapshot;
    snapshot.policy_versions = {version(1), version(2)};
    snapshot.policies = {{*base::ClassName::parse("any"), 1, 1, signed_policy("policy1")}};
    snapshot.policy_rollouts = {{.task = 1, .version = 2, .baseline = 1, .steps = usual()}};
    SiteWorld again({}, std::move(snapshot));
    EXPECT_EQ(again.get<PolicyRolloutView>(GetPolicyRollout{1}).record.step, 0U);
    again.advance(std::chrono::minutes(11));
    EXPECT_EQ(again.get<PolicyRolloutView>(GetPolicyRollout{1}).record.step, 1U);
    again.advance(std::chrono::minutes(11));
    EXPECT_EQ(again.get<PolicyHistory>(ListPolicyVersions{1}).in_force,
              std::vector<std::uint32_t>{2});
}

TEST(PolicyPlace, SpreadsDevicesAndNeverMoves) {
    std::uint32_t low = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto device = *base::DeviceId::parse(name_of(i));
        EXPECT_EQ(policy_place(device, 7), policy_place(device, 7));
        low += policy_place(device, 7) < 500 ? 1 : 0;
    }
    EXPECT_GT(low, 60U);
    EXPECT_LT(low, 140U);
}

}  // namespace
}  // namespace frugal::core
