// SPDX-License-Identifier: Apache-2.0
// Policies of single devices and of the devices with one label: whom they reach, what goes before
// what, and what a device obeys when its own one ends.
#include <algorithm>

#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

/// node-3 is of class "tiny", node-4 of class "m4"; version 5 is in force for both classes. A
/// policy's bytes name their version and class where a compiled one has its id, and then its rules.
class PolicyOverrideTest : public TwoClassesTest {
protected:
    PolicyOverrideTest() {
        world.get<PolicySet>(SetPolicy{ruled(10, {"m4", "tiny"}, "all")});
        world.advance(std::chrono::seconds(1));
        world.take();
    }
    static PolicyVersionRecord ruled(std::uint32_t number, std::vector<std::string> classes,
                                     const std::string& rules, base::Audience audience = {}) {
        auto record = version(number);
        record.audience = std::move(audience);
        record.parts.clear();
        for (const auto& name : classes) {
            auto id = std::to_string(number);
            id.insert(0, 4 - id.size(), '0');
            record.parts.push_back(
                {*base::ClassName::parse(name), signed_policy("policy" + id + rules + name)});
        }
        return record;
    }
    static base::Audience device(const std::string& name) {
        return base::Audience::device(device_id(name));
    }
    static PolicyVersionRecord ended(std::uint32_t number, std::vector<std::string> classes,
                                     const std::string& rules, base::Audience audience) {
        auto record = ruled(number, std::move(classes), rules, std::move(audience));
        record.origin = PolicyOrigin::kWithdrawn;
        return record;
    }
    /// Sets it at once; who is told what because of it.
    std::map<std::string, std::string> tell(PolicyVersionRecord record) {
        world.take();
        world.get<PolicySet>(SetPolicy{std::move(record)});
        world.advance(std::chrono::seconds(1));
        return told_policies();
    }
    std::map<std::string, std::string> told_policies() {
        std::map<std::string, std::string> policies;
        for (const auto& [name, desired] : told()) {
            policies[name] = policy_in(desired);
        }
        return policies;
    }
    /// What the device is told to obey when it comes back.
    std::string obeys(const std::string& name) {
        world.take();
        auto word = hello(name, 77);
        word.capability = capability(class_of(name));
        world.say(name, word);
        return policy_in(world.sent<Desired>(name).at(0));
    }
    /// What the device is told by another process that read what this one wrote.
    std::string obeys_after_restart(const std::string& name) {
        Snapshot snapshot;
        for (const auto& record : world.written<PolicyRecord>()) {
            std::erase_if(snapshot.policies, [&](const PolicyRecord& older) {
                return older.device_class == record.device_class &&
                       older.audience == record.audience;
            });
            snapshot.policies.push_back(record);
        }
        snapshot.policy_versions = world.written<PolicyVersionRecord>();
        std::map<std::string, DeviceRecord> devices;
        for (const auto& record : world.written<DeviceRecord>()) {
            devices.insert_or_assign(record.id.text(), record);
        }
        for (int i = 0; i < kDevices; ++i) {
            snapshot.devices.push_back(devices.at(name_of(i)));
        }
        SiteWorld again({}, std::move(snapshot));
        auto word = hello(name, 4);
        word.capability = capability(class_of(name));
        again.say(name, word);
        return policy_in(again.sent<Desired>(name).at(0));
    }
    base::ErrorKind refusal_kind(PolicyVersionRecord record, std::vector<PolicyStep> steps = {}) {
        return refusal(std::move(record), std::move(steps)).kind;
    }
    std::uint32_t next() { return world.get<TaskList>(ListTasks{}).next_policy; }
};

TEST_F(PolicyOverrideTest, ReachesItsDeviceAloneAndWithThePartOfItsClass) {
    const auto told = tell(ruled(11, {"m4", "tiny"}, "own", device("node-3")));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.at("node-3"), "policy0011owntiny");
    const auto kept = history();
    EXPECT_EQ(kept.versions[0]->parts.size(), 1U);
    EXPECT_EQ(kept.in_force, (std::vector<std::uint32_t>{1, 10})) << "any, and both classes";
    ASSERT_EQ(kept.overrides.size(), 1U);
    EXPECT_EQ(kept.overrides[0],
              (PolicyOverride{device("node-3"), *base::ClassName::parse("tiny"), 11, false}));
    EXPECT_EQ(world.written<AuditRecord>().back().detail,
              "version 11 authored, at once, for device:node-3");
}

TEST_F(PolicyOverrideTest, OutlastsWhatIsSetLearnedAndTakenBackForItsClass) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    EXPECT_FALSE(tell(ruled(12, {"m4", "tiny"}, "new")).contains("node-3"));
    auto learned = ruled(13, {"tiny"}, "learned");
    learned.origin = PolicyOrigin::kLearned;
    learned.source = 12;
    const auto told = tell(std::move(learned));
    EXPECT_FALSE(told.contains("node-3"));
    EXPECT_EQ(told.at("node-5"), "policy0013learnedtiny");
    EXPECT_EQ(obeys("node-3"), "policy0011owntiny");
}

TEST_F(PolicyOverrideTest, AStagedVersionSkipsItInEveryStepAndInTheShadow) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    world.take();
    world.get<PolicySet>(
        SetPolicy{ruled(12, {"m4", "tiny"}, "new"), {{0, {}}, {5000, {}}, {kWholeFleet, {}}}});
    for (int step = 0; step < 3; ++step) {
        world.advance(std::chrono::seconds(1));
        const auto told = this->told();
        EXPECT_GT(told.size(), 10U);
        EXPECT_FALSE(told.contains("node-3")) << "step " << step;
        if (step < 2) {
            world.take();
            world.get<Done>(ResumePolicyRollout{1});
        }
    }
    EXPECT_EQ(obeys("node-3"), "policy0011owntiny");
}

TEST_F(PolicyOverrideTest, CanBeSetWhileAVersionIsOnItsWay) {
    world.get<PolicySet>(
        SetPolicy{ruled(11, {"m4", "tiny"}, "new"), {{9999, {}}, {kWholeFleet, {}}}});
    world.advance(std::chrono::seconds(1));
    const auto told = tell(ruled(12, {"tiny"}, "own", device("node-3")));
    EXPECT_EQ(told.size(), 1U);
    EXPECT_EQ(history().candidate, 11U) << "it goes on";
    EXPECT_EQ(refusal_kind(ended(13, {"tiny"}, "all", device("node-3"))),
              base::ErrorKind::kConflict)
        << "version 11 is older than what the device would obey then";
}

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

TEST_F(PolicyOverrideTest, WhenItEndsItsDeviceObeysItsClassUnderAHigherNumber) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    const auto told = tell(ended(12, {"tiny"}, "all", device("node-3")));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.at("node-3"), "policy0012alltiny");
    EXPECT_EQ(obeys("node-3"), "policy0012alltiny");
    EXPECT_TRUE(history().overrides.at(0).is_withdrawn);
    // From now on it goes with its class, and what was for it alone is forgotten.
    EXPECT_EQ(tell(ruled(13, {"tiny"}, "new")).at("node-3"), "policy0013newtiny");
    EXPECT_TRUE(history().overrides.empty());
    EXPECT_EQ(world.written<PolicyRecordDropped>().size(), 1U);
    EXPECT_EQ(obeys("node-3"), "policy0013newtiny");
}

TEST_F(PolicyOverrideTest, AfterItsEndItTakesPartInWhatIsStaged) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    tell(ended(12, {"tiny"}, "all", device("node-3")));
    world.take();
    world.get<PolicySet>(
        SetPolicy{ruled(13, {"m4", "tiny"}, "new"), {{9999, {}}, {kWholeFleet, {}}}});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(told_policies().at("node-3"), "policy0013newtiny");
}

TEST_F(PolicyOverrideTest, EndsOnlyWithWhatLiesBelowIt) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    EXPECT_EQ(refusal_kind(ended(12, {"tiny"}, "old", device("node-3"))),
              base::ErrorKind::kConflict)
        << "its class obeys something else by now";
    EXPECT_EQ(refusal_kind(ended(12, {"m4"}, "all", device("node-3"))), base::ErrorKind::kConflict);
    EXPECT_EQ(refusal_kind(ended(12, {"tiny"}, "all", device("node-5"))),
              base::ErrorKind::kNotFound);
    tell(ended(12, {"tiny"}, "all", device("node-3")));
    EXPECT_EQ(refusal_kind(ended(13, {"tiny"}, "all", device("node-3"))),
              base::ErrorKind::kNotFound)
        << "it is over";
}

TEST_F(PolicyOverrideTest, WhatWasLearnedOfItMustBeItsOwn) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    auto learned = ruled(12, {"tiny"}, "learned", device("node-3"));
    learned.origin = PolicyOrigin::kLearned;
    learned.source = 10;
    EXPECT_EQ(refusal_kind(learned), base::ErrorKind::kConflict) << "that is its class's";
    learned.source = 11;
    const auto told = tell(std::move(learned));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.at("node-3"), "policy0012learnedtiny");
    EXPECT_EQ(history().overrides.at(0).version, 12U);
}

TEST_F(PolicyOverrideTest, ALabelsPolicyReachesItsClassesButNoDeviceWithItsOwn) {
    for (const auto* name : {"east-1", "east-2"}) {
        world.get<Done>(AddDevice{device_id(name), "east", digest_of(9), std::chrono::hours(1)});
    }
    EXPECT_EQ(refusal_kind(ruled(11, {"m4"}, "label", base::Audience::label("east"))),
              base::ErrorKind::kConflict)
        << "no hello yet";
    for (const auto* name : {"east-1", "east-2"}) {
        world.get<CertificateIssued>(EnrolDevice{device_id(name), digest_of(9), {1, 2, 3}});
        world.say(name, hello(name, 90));
    }
    tell(ruled(11, {"m4"}, "own", device("east-2")));
    tell(ruled(12, {"m4", "tiny"}, "label", base::Audience::label("east")));
    EXPECT_EQ(world.sent<Desired>("east-1").size(), 1U);
    EXPECT_TRUE(world.sent<Desired>("east-2").empty());
    EXPECT_EQ(history().versions[0]->parts.size(), 1U) << "no device of it is tiny";
    // The device's own one ends: what its label obeys, and not what its class does.
    EXPECT_EQ(refusal_kind(ended(13, {"m4"}, "all", device("east-2"))), base::ErrorKind::kConflict);
    tell(ended(13, {"m4"}, "label", device("east-2")));
    EXPECT_EQ(policy_in(world.sent<Desired>("east-2").at(0)), "policy0013labelm4");
    tell(ended(14, {"m4"}, "all", base::Audience::label("east")));
    EXPECT_EQ(policy_in(world.sent<Desired>("east-2").at(0)), "policy0014allm4");
    EXPECT_EQ(history().overrides.size(), 1U) << "the device's is older than its label's end";
}

TEST_F(PolicyOverrideTest, RefusesWhomItCannotReach) {
    struct Case {
        const char* case_name;
        PolicyVersionRecord record;
        base::ErrorKind kind;
        const char* cause;
    };
    world.enrol("silent");
    auto other_task = ruled(11, {"tiny"}, "own", device("node-3"));
    other_task.task = 2;
    const std::vector<Case> cases = {
        {"unknown", ruled(11, {"tiny"}, "own", device("node-99")), base::ErrorKind::kNotFound,
         "there is no device node-99"},
        {"no label", ruled(11, {"tiny"}, "own", base::Audience::label("west")),
         base::ErrorKind::kNotFound, "there is no label west"},
        {"no hello", ruled(11, {"tiny"}, "own", device("silent")), base::ErrorKind::kConflict,
         "device silent: it has not said yet what it is"},
        {"other task", other_task, base::ErrorKind::kConflict,
         "device node-3: it does not decide task 2"},
        {"other class", ruled(11, {"m4"}, "own", device("node-3")), base::ErrorKind::kInvalidInput,
         "device node-3 is of class tiny, for which there is no part"}};
    for (const auto& one : cases) {
        const auto error = refusal(one.record, {});
        EXPECT_EQ(error.kind, one.kind) << one.case_name;
        EXPECT_EQ(error.cause, one.cause) << one.case_name;
        EXPECT_FALSE(error.remedy.empty()) << one.case_name;
    }
    EXPECT_EQ(refusal_kind(ruled(11, {"tiny"}, "own", device("node-3")), {{kWholeFleet, {}}}),
              base::ErrorKind::kInvalidInput)
        << "an override is not staged";
    EXPECT_EQ(refusal_kind(ended(11, {"tiny"}, "all", {})), base::ErrorKind::kInvalidInput);
}

TEST_F(PolicyOverrideTest, ATaskHasOnlySoMany) {
    std::uint32_t number = 11;
    for (int i = 0; i < kDevices; ++i) {
        tell(ruled(number++, {"m4", "tiny"}, "own", device(name_of(i))));
    }
    for (int i = kDevices; i < static_cast<int>(kPolicyOverridesMax) + 1; ++i) {
        world.enrol(name_of(i));
        world.say(name_of(i), hello(name_of(i), static_cast<std::uint64_t>(i) + 1));
        auto record = ruled(number++, {"m4"}, "own", device(name_of(i)));
        if (i == static_cast<int>(kPolicyOverridesMax)) {
            EXPECT_EQ(refusal_kind(std::move(record)), base::ErrorKind::kLimit);
        } else {
            tell(std::move(record));
        }
    }
    tell(ruled(number, {"m4"}, "again", device("node-0")));
}

TEST_F(PolicyOverrideTest, WhatADeviceTellsOfIsLearnedWhereItBelongs) {
    const auto last = [this] {
        world.take();
        decide(3, 1, 0, 100);
        const auto told = world.performed<DecisionsStored>();
        EXPECT_EQ(told.size(), 1U);
        return std::pair(told.at(0)->audience, told.at(0)->policy);
    };
    obey("node-3", 10, 4);
    EXPECT_EQ(last(), std::pair(base::Audience{}, std::uint32_t{10}));
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    obey("node-3", 11, 4);
    EXPECT_EQ(last(), std::pair(device("node-3"), std::uint32_t{11}));
    tell(ended(12, {"tiny"}, "all", device("node-3")));
    EXPECT_EQ(last(), std::pair(base::Audience{}, std::uint32_t{11})) << "not its class's yet";
    obey("node-3", 12, 4);
    EXPECT_EQ(last(), std::pair(base::Audience{}, std::uint32_t{10})) << "the rules of version 10";
}

TEST_F(PolicyOverrideTest, IsThereAfterARestart) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    EXPECT_EQ(obeys_after_restart("node-3"), "policy0011owntiny");
}

TEST_F(PolicyOverrideTest, WhatEndedItIsThereAfterARestart) {
    tell(ruled(11, {"tiny"}, "own", device("node-3")));
    tell(ended(12, {"tiny"}, "all", device("node-3")));
    EXPECT_EQ(obeys_after_restart("node-3"), "policy0012alltiny");
    EXPECT_EQ(obeys_after_restart("node-5"), "policy0010alltiny");
}

}  // namespace
}  // namespace frugal::core
