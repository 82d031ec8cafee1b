// SPDX-License-Identifier: Apache-2.0
// Staged versions that some devices, or all, cannot obey; whom `policy rollout status` counts
// where.
#include "unit/core/policy_form.hpp"
#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

constexpr std::uint8_t kOther = 9;  // a model that nobody released

/// Version 1 is for any model, version 2 for model 1, which is released.
class PolicyReachTest : public PolicyDeskTest {
protected:
    PolicyReachTest() {
        world.ask(DefineTask{{.task = 1, .name = "net", .labels = {"a", "b"}}});
        world.import(1, 1, 1);
    }
    void run(int device, std::optional<std::uint8_t> model) {
        auto word = hello_of(device);
        word.tasks[0].release = model.value_or(0);
        word.tasks[0].policy = 1;
        if (model) {
            word.tasks[0].model_digest = digest_of(*model);
        }
        world.say(name_of(device), word);
    }
    void stage_for_one_model() {
        world.take();
        auto version = PolicyDeskTest::version(2);
        version.parts[0].blob = signed_form(2, digest_of(1));
        ASSERT_TRUE(world.ask(SetPolicy{std::move(version), usual()}));
        world.advance(std::chrono::seconds(1));
    }
    /// Those that were told of version 2 say that they obey it, the others version 1.
    void obey_what_was_told() {
        for (const auto& [device, desired] : told()) {
            const auto& form = desired.tasks.at(0).policy;
            if (form != nullptr && model_in(form) != 0) {
                obeying_.insert(std::stoi(device.substr(5)));
            }
        }
        world.take();
        for (int i = 0; i < kDevices; ++i) {
            obey(name_of(i), obeying_.contains(i) ? 2 : 1, static_cast<std::uint64_t>(i) + 1);
        }
    }
    std::set<int> obeying_;
};

TEST_F(PolicyReachTest, AStageThatNobodyCanObeyHaltsAndSaysWhy) {
    for (int i = 0; i < kDevices; ++i) {
        run(i, kOther);
    }
    stage_for_one_model();
    EXPECT_EQ(view().unable, static_cast<std::uint32_t>(kDevices));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning) << "a model may still come";
    world.advance(std::chrono::hours(1));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kHalted);
    EXPECT_EQ(view().record.halt, PolicyHalt::kOutOfReach);
    EXPECT_EQ(world.written<AuditRecord>().back().detail, "version 2: out-of-reach");
    world.get<Done>(ResumePolicyRollout{1});
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished) << "a person may go on";
}

TEST_F(PolicyReachTest, AStageOfDevicesWithoutAModelHaltsToo) {
    for (int i = 0; i < kDevices; ++i) {
        run(i, std::nullopt);
    }
    stage_for_one_model();
    world.advance(std::chrono::hours(1));
    EXPECT_EQ(view().record.halt, PolicyHalt::kOutOfReach);
    EXPECT_EQ(view().unable, static_cast<std::uint32_t>(kDevices));
}

TEST_F(PolicyReachTest, AStageGoesOnWithoutThoseWhoCannotObeyIt) {
    for (int i = 0; i < kDevices; ++i) {
        run(i, i % 2 == 0 ? 1 : kOther);
    }
    stage_for_one_model();
    for (std::uint32_t number = 0; number < 2; ++number) {
        ASSERT_EQ(view().record.step, number);
        obey_what_was_told();
        all_decide(12);
        world.advance(std::chrono::minutes(11));
    }
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
    EXPECT_EQ(view().unable, static_cast<std::uint32_t>(kDevices) / 2);
}

TEST_F(PolicyReachTest, WhoWasBroughtAModelInTimeProvesIt) {
    for (int i = 0; i < kDevices; ++i) {
        run(i, std::nullopt);
    }
    stage_for_one_model();
    world.advance(std::chrono::minutes(5));
    for (int i = 0; i < kDevices; ++i) {
        run(i, 1);
    }
    obey_what_was_told();
    world.advance(std::chrono::hours(1));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    EXPECT_TRUE(view().waits_for_decisions);
    EXPECT_EQ(view().unable, 0U);
}

TEST_F(TwoClassesTest, AClassWhoseShareCannotObeyIsNotSwitchedUnproved) {
    world.ask(DefineTask{{.task = 1, .name = "net", .labels = {"a", "b"}}});
    world.import(1, 1, 1);
    auto staged = of(6, {"m4", "tiny"});
    for (auto& part : staged.parts) {
        part.blob = signed_form(6, digest_of(1));
    }
    const auto runs = [&](int device, std::uint8_t model) {
        auto word = hello_of(device);
        word.capability = capability(class_of(name_of(device)));
        word.tasks[0].model_digest = digest_of(model);
        world.say(name_of(device), word);
    };
    for (int i = 0; i < kDevices; ++i) {
        runs(i, 1);
    }
    world.take();
    ASSERT_TRUE(world.ask(
        SetPolicy{std::move(staged), {{5000, std::chrono::minutes(10)}, {kWholeFleet, {}}}}));
    world.advance(std::chrono::seconds(1));
    std::set<int> share;
    for (const auto& [device, desired] : told()) {
        const auto& form = desired.tasks.at(0).policy;
        if (form != nullptr && model_in(form) != 0) {
            share.insert(std::stoi(device.substr(5)));
        }
    }
    for (int i = 0; i < kDevices; ++i) {
        obey(name_of(i), share.contains(i) ? 6 : 5, static_cast<std::uint64_t>(i) + 1);
        if (share.contains(i) && class_of(name_of(i)) == "tiny") {
            runs(i, kOther);
        }
    }
    all_decide(12);
    world.advance(std::chrono::minutes(11));
    EXPECT_GT(view().candidate.devices, 0U) << "the other class proves it";
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kHalted);
    EXPECT_EQ(view().record.halt, PolicyHalt::kOutOfReach);
}

TEST_F(PolicyReachTest, AFormThatCouldNotBeMadeIsOutOfReachAsWell) {
    world.import(2, 2, 2);
    for (int i = 0; i < kDevices; ++i) {
        run(i, 2);
    }
    stage_for_one_model();
    std::vector<BindPolicy> asked;
    for (const auto* one : world.performed<BindPolicy>()) {
        asked.push_back(*one);
    }
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(view().unable, 0U) << "it may come";
    world.give(PolicyBound{asked[0].work, base::fail(base::ErrorKind::kNotFound, "no table")});
    world.advance(std::chrono::hours(1));
    EXPECT_EQ(view().record.halt, PolicyHalt::kOutOfReach);
    EXPECT_EQ(view().unable, static_cast<std::uint32_t>(kDevices));
}

PolicyVersionRecord learned(std::uint32_t number, std::uint32_t source) {
    auto record = PolicyDeskTest::version(number);
    record.origin = PolicyOrigin::kLearned;
    record.source = source;
    return record;
}

TEST_F(PolicyDeskTest, WhatIsLearnedOfAFinishedVersionStillCountsForIt) {
    ASSERT_TRUE(set(2, {{5000, std::chrono::minutes(10)}, {kWholeFleet, {}}}));
    world.get<Done>(ResumePolicyRollout{1});
    candidates_obey(2, 2);
    EXPECT_EQ(view().told, static_cast<std::uint32_t>(kDevices));
    ASSERT_TRUE(world.ask(SetPolicy{learned(3, 2)}));
    ASSERT_TRUE(world.ask(SetPolicy{learned(4, 3)}));
    candidates_obey(4, 4);
    EXPECT_EQ(view().told, static_cast<std::uint32_t>(kDevices));
    EXPECT_EQ(view().candidate.devices, static_cast<std::uint32_t>(kDevices));
    EXPECT_EQ(view().baseline.devices, 0U);
    ASSERT_TRUE(set(5, {}));
    ASSERT_TRUE(world.ask(SetPolicy{learned(6, 5)}));
    candidates_obey(6, 6);
    EXPECT_EQ(view().told, 0U) << "of a version that took its place";
    EXPECT_EQ(view().baseline.devices, static_cast<std::uint32_t>(kDevices));
}

TEST_F(PolicyDeskTest, WhoGoesByAPolicyOfItsOwnIsNotAmongTheOthers) {
    auto own = version(2);
    own.audience = base::Audience::device(device_id("node-3"));
    ASSERT_TRUE(world.ask(SetPolicy{std::move(own)}));
    ASSERT_TRUE(set(3, usual()));
    world.take();
    for (int i = 0; i < kDevices; ++i) {
        obey(name_of(i), i == 3 ? 2 : 1, static_cast<std::uint64_t>(i) + 1);
    }
    EXPECT_EQ(view().overridden, 1U);
    EXPECT_EQ(view().baseline.devices, static_cast<std::uint32_t>(kDevices) - 1);
}

}  // namespace
}  // namespace frugal::core
