// SPDX-License-Identifier: Apache-2.0
// Versions of policies and their way to the devices: shares, shadow, halt, revert.
#include "core/offload/policy_desk.hpp"

#include <algorithm>
#include <set>

#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

constexpr int kDevices = 60;

std::string name_of(int number) {
    return "node-" + std::to_string(number);
}

class PolicyDeskTest : public ::testing::Test {
protected:
    PolicyDeskTest() {
        for (int i = 0; i < kDevices; ++i) {
            world.enrol(name_of(i));
            world.say(name_of(i), hello(name_of(i), static_cast<std::uint64_t>(i) + 1));
        }
        set(1, {});
        world.take();
    }
    static PolicyVersionRecord version(std::uint32_t number) {
        return {.task = 1,
                .version = number,
                .release = "net@1",
                .text = "text " + std::to_string(number),
                .parts = {{*base::ClassName::parse("any"),
                           signed_policy("policy" + std::to_string(number))}}};
    }
    base::Result<AdminReply> set(std::uint32_t number, std::vector<PolicyStep> steps) {
        auto reply = world.ask(SetPolicy{version(number), std::move(steps)});
        world.advance(std::chrono::seconds(1));
        return reply;
    }
    static std::vector<PolicyStep> usual() {
        return {
            {2500, std::chrono::minutes(10)}, {5000, std::chrono::minutes(10)}, {kWholeFleet, {}}};
    }
    PolicyRolloutView view() { return world.get<PolicyRolloutView>(GetPolicyRollout{1}); }
    PolicyHistory history() { return world.get<PolicyHistory>(ListPolicyVersions{1}); }

    /// What each device was last told since the last take(), by name.
    std::map<std::string, Desired> told() {
        std::map<std::string, Desired> told;
        for (int i = 0; i < kDevices; ++i) {
            const auto desired = world.sent<Desired>(name_of(i));
            if (!desired.empty()) {
                told[name_of(i)] = desired.back();
            }
        }
        return told;
    }
    static std::string policy_in(const Desired& desired) {
        return std::string(base::as_text(desired.tasks.at(0).policy->content()));
    }
    void obey(const std::string& device, std::uint32_t policy, std::uint64_t stream) {
        world.say(device,
                  Health{.stream = {stream}, .boot_epoch = 1, .tasks = {{1, policy, 0, {}, 0}}});
    }
    /// Decisions of one device, `late` of the first ones too late.
    void decide(int device, std::uint32_t batches, std::uint32_t late, std::uint32_t energy_uj) {
        const auto stream = static_cast<std::uint64_t>(device) + 1;
        for (std::uint32_t i = 0; i < batches; ++i) {
            auto batch = decisions(next_[device], 16, stream);
            next_[device] += 16;
            batch.energy_uj = 16 * energy_uj;
            for (std::uint32_t k = 0; k < late; ++k) {
                batch.outcomes[k] = 0x1E;  // local after all: LATE
            }
            world.say(name_of(device), std::move(batch));
        }
    }
    /// Splits the fleet by what each device was told, as they would report it.
    std::set<int> candidates_obey(std::uint32_t number) {
        std::set<int> candidates;
        for (const auto& [device, desired] : told()) {
            const auto index = std::stoi(device.substr(5));
            if (policy_in(desired) == "policy" + std::to_string(number)) {
                candidates.insert(index);
                obey(device, number, static_cast<std::uint64_t>(index) + 1);
            }
        }
        return candidates;
    }

    SiteWorld world;
    std::map<int, std::uint64_t> next_;
};

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
    world.take();
    world.advance(std::chrono::minutes(10));
    const auto second = told();
    EXPECT_GT(second.size(), 0U);
    for (const auto& [device, desired] : second) {
        EXPECT_FALSE(first.contains(device)) << "was told already";
        EXPECT_EQ(policy_in(desired), "policy2");
    }
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

struct HaltCase {
    std::string case_name;
    std::uint32_t late = 0;
    std::uint32_t energy_uj = 100;
    PolicyHalt expected = PolicyHalt::kNone;
};
class PolicyHaltTest : public PolicyDeskTest, public ::testing::WithParamInterface<HaltCase> {};

TEST_P(PolicyHaltTest, StopsWhenItsDevicesDoWorse) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    ASSERT_GT(candidates.size(), 3U);
    for (int i = 0; i < kDevices; ++i) {
        const bool is_candidate = candidates.contains(i);
        decide(i, 6, is_candidate ? GetParam().late : 0, is_candidate ? GetParam().energy_uj : 100);
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

INSTANTIATE_TEST_SUITE_P(All, PolicyHaltTest,
                         ::testing::Values(HaltCase{"like_the_others", 0, 100, PolicyHalt::kNone},
                                           HaltCase{"a_little_worse", 0, 120, PolicyHalt::kNone},
                                           HaltCase{"late", 2, 100, PolicyHalt::kDeadlineMisses},
                                           HaltCase{"hungry", 0, 200, PolicyHalt::kEnergy}),
                         [](const auto& test) { return test.param.case_name; });

TEST_F(PolicyDeskTest, FewDecisionsHaltNothing) {
    ASSERT_TRUE(set(2, usual()));
    const auto candidates = candidates_obey(2);
    decide(*candidates.begin(), 4, 16, 100);
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
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
    const auto refused = world.ask(SetPolicy{std::move(learned), {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
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

TEST_F(PolicyDeskTest, AnAlarmHaltsAVersionOnItsWay) {
    ASSERT_TRUE(set(2, usual()));
    SaveLearning news;
    news.events.push_back({1, *base::ClassName::parse("any"), "moved", false});
    ASSERT_TRUE(world.ask(news));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    news.events[0].is_alarm = true;
    ASSERT_TRUE(world.ask(news));
    EXPECT_EQ(view().record.halt, PolicyHalt::kAlarm);
}

TEST_F(PolicyDeskTest, StepsMustRiseToTheWholeFleet) {
    for (const auto& steps :
         std::vector<std::vector<PolicyStep>>{{{500, {}}},
                                              {{2500, {}}, {500, {}}, {kWholeFleet, {}}},
                                              {{kWholeFleet, {}}, {100, {}}}}) {
        EXPECT_FALSE(set(2, steps));
    }
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
