// SPDX-License-Identifier: Apache-2.0
// Devices that get policies of their own while a version is on its way to their class: who is left
// to prove it, and what its next step waits for.
#include "unit/core/policy_override_world.hpp"

namespace frugal::core {
namespace {

/// Version 11 on its way, at first to a small share: who obeys it in this step.
class PolicyOverrideInAStepTest : public PolicyOverrideTest {
protected:
    std::map<std::string, std::string> stage(std::uint32_t first_permyriad) {
        world.take();
        world.get<PolicySet>(SetPolicy{ruled(11, {"m4", "tiny"}, "new"),
                                       {{first_permyriad, std::chrono::minutes(10)},
                                        {7500, std::chrono::minutes(10)},
                                        {kWholeFleet, {}}}});
        world.advance(std::chrono::seconds(1));
        return told_policies();
    }
    void pin(const std::map<std::string, std::string>& devices) {
        for (const auto& [name, policy] : devices) {
            tell(ruled(next_++, {class_of(name)}, "own", device(name)));
        }
    }
    std::uint32_t step() { return view().record.step; }

private:
    std::uint32_t next_ = 20;
};

TEST_F(PolicyOverrideInAStepTest, TheNextShareTakesThePlaceOfCandidatesThatHaveTheirOwn) {
    const auto candidates = stage(500);
    ASSERT_FALSE(candidates.empty());
    pin(candidates);
    EXPECT_EQ(step(), 0U) << "a step lasts its time";
    world.advance(std::chrono::minutes(10));
    EXPECT_EQ(step(), 1U);
    EXPECT_GT(told_policies().size(), 20U);
}

TEST_F(PolicyOverrideInAStepTest, AlsoIfItWaitsForTheirDecisionsAlready) {
    const auto candidates = stage(500);
    world.advance(std::chrono::minutes(11));
    ASSERT_EQ(step(), 0U);
    ASSERT_TRUE(view().waits_for_decisions);
    pin(candidates);
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(step(), 1U);
}

TEST_F(PolicyOverrideInAStepTest, WhoIsRevokedWhileItWaitsIsWaitedForNoMore) {
    const auto candidates = stage(500);
    ASSERT_FALSE(candidates.empty());
    world.advance(std::chrono::minutes(11));
    ASSERT_TRUE(view().waits_for_decisions);
    for (const auto& [name, policy] : candidates) {
        world.get<Done>(RevokeDevice{device_id(name)});
    }
    world.advance(std::chrono::minutes(1));
    EXPECT_EQ(step(), 1U);
}

TEST_F(PolicyOverrideInAStepTest, WithoutCandidatesItNeverGoesToTheWholeFleet) {
    stage(500);
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    ASSERT_EQ(step(), 1U);
    pin(told_policies());  // since it was staged
    world.advance(std::chrono::minutes(30));
    EXPECT_EQ(step(), 1U);
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
}

/// Version 11 on its way to two classes, of which one has policies of its own.
class PolicyOverrideOfAClassTest : public PolicyOverrideInAStepTest {
protected:
    /// All devices of class "tiny", or those of them that were told version 11.
    void pin_tiny(const std::map<std::string, std::string>& told) {
        std::map<std::string, std::string> devices;
        for (int i = 1; i < kDevices; i += 2) {
            if (told.empty() || told.contains(name_of(i))) {
                devices[name_of(i)] = "";
            }
        }
        pin(devices);
    }
    /// All who were told version 11 obey it, the others 10, and all decide enough.
    void prove(const std::map<std::string, std::string>& candidates) {
        for (int i = 0; i < kDevices; ++i) {
            obey(name_of(i), candidates.contains(name_of(i)) ? 11 : 10,
                 static_cast<std::uint64_t>(i) + 1);
        }
        all_decide(6);
    }
    /// The step to the whole fleet waits for a person.
    void expect_waits_at_the_last_step() {
        world.advance(std::chrono::minutes(30));
        EXPECT_EQ(step(), 1U);
        EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
        world.get<Done>(ResumePolicyRollout{1});
        EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
    }
};

TEST_F(PolicyOverrideOfAClassTest, WithAllItsDevicesPinnedTheLastStepWaitsForAPerson) {
    auto candidates = stage(2500);
    pin_tiny({});
    prove(candidates);
    world.take();
    world.advance(std::chrono::minutes(10));
    ASSERT_EQ(step(), 1U) << "the next share may have a device of it";
    candidates.merge(told_policies());
    prove(candidates);
    expect_waits_at_the_last_step();
}

TEST_F(PolicyOverrideOfAClassTest, WithAllItsCandidatesPinnedToo) {
    auto candidates = stage(2500);
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    ASSERT_EQ(step(), 1U);
    candidates.merge(told_policies());
    pin_tiny(candidates);
    prove(candidates);
    expect_waits_at_the_last_step();
}

TEST_F(PolicyOverrideOfAClassTest, WhoWasRevokedProvesNothingAnyMore) {
    auto candidates = stage(2500);
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    candidates.merge(told_policies());
    std::map<std::string, std::string> all_but_one;
    std::string last;
    for (const auto& [name, policy] : candidates) {
        if (class_of(name) == "tiny") {
            (last.empty() ? last : all_but_one[name]) = name;
        }
    }
    pin(all_but_one);
    prove(candidates);
    world.get<Done>(RevokeDevice{device_id(last)});
    expect_waits_at_the_last_step();
}

TEST_F(PolicyOverrideOfAClassTest, AShadowThatNobodyOfItEvaluatesDoesNotEndWithTheTime) {
    pin_tiny({});
    world.get<PolicySet>(SetPolicy{ruled(100, {"m4", "tiny"}, "new"),
                                   {{0, std::chrono::minutes(10)}, {kWholeFleet, {}}}});
    world.advance(std::chrono::minutes(30));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
    world.get<Done>(ResumePolicyRollout{1});
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
}

TEST_F(PolicyOverrideOfAClassTest, AClassOfWhichSomeStillProveItHoldsNothingUp) {
    auto candidates = stage(2500);
    world.get<Done>(ResumePolicyRollout{1});
    world.advance(std::chrono::seconds(1));
    candidates.merge(told_policies());
    pin({*std::ranges::find_if(candidates,
                               [](const auto& told) { return class_of(told.first) == "tiny"; })});
    prove(candidates);
    world.advance(std::chrono::minutes(10));
    EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
}

/// Every device of the site gets its own.
class PolicyOverrideOfAllTest : public PolicyOverrideInAStepTest {
protected:
    void pin_all() {
        std::map<std::string, std::string> all;
        for (int i = 0; i < kDevices; ++i) {
            all[name_of(i)] = "";
        }
        pin(all);
    }
    /// It waits before the whole fleet until a person resumes it.
    void expect_waits() {
        world.advance(std::chrono::minutes(60));
        EXPECT_EQ(step(), 1U);
        EXPECT_EQ(view().record.status, PolicyRolloutStatus::kRunning);
        EXPECT_EQ(history().in_force, (std::vector<std::uint32_t>{1, 10}));
        world.get<Done>(ResumePolicyRollout{1});
        EXPECT_EQ(view().record.status, PolicyRolloutStatus::kFinished);
    }
};

TEST_F(PolicyOverrideOfAllTest, InTheMiddleOfAStepNobodyProvesItAnyMore) {
    stage(2500);
    pin_all();
    EXPECT_EQ(step(), 0U);
    expect_waits();
}

TEST_F(PolicyOverrideOfAllTest, BeforeItIsStagedNobodyProvesItEither) {
    pin_all();
    world.get<PolicySet>(SetPolicy{
        ruled(100, {"m4", "tiny"}, "new"),
        {{2500, std::chrono::minutes(10)}, {7500, std::chrono::minutes(10)}, {kWholeFleet, {}}}});
    world.advance(std::chrono::seconds(1));
    expect_waits();
}

}  // namespace
}  // namespace frugal::core
