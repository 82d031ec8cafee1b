// SPDX-License-Identifier: Apache-2.0
// Policies of single devices and of the devices with one label: whom they reach, what goes before
// what, and what a device obeys when its own one ends.
#include <algorithm>

#include "unit/core/policy_override_world.hpp"

namespace frugal::core {
namespace {

TEST_F(PolicyOverrideTest, ReachesItsDeviceAloneAndWithThePartOfItsClass) {
    const auto told = tell(ruled(11, {"m4", "tiny"}, "own", device("node-3")));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.at("node-3"), "policy0011owntiny");
    const auto kept = history();
    EXPECT_EQ(kept.versions[0]->parts.size(), 1U);
    EXPECT_EQ(kept.in_force, (std::vector<std::uint32_t>{1, 10})) << "any, and both classes";
    ASSERT_EQ(kept.overrides.size(), 1U);
    EXPECT_EQ(kept.overrides[0].audience, device("node-3"));
    EXPECT_EQ(kept.overrides[0].device_class, *base::ClassName::parse("tiny"));
    EXPECT_EQ(kept.overrides[0].version, 11U);
    EXPECT_FALSE(kept.overrides[0].is_withdrawn);
    EXPECT_EQ(world.written<AuditRecord>().back().detail,
              "version 11 authored, at once, for device:node-3");
}

TEST_F(PolicyOverrideTest, KeepsWhatItsPartWasWrittenIn) {
    auto own = ruled(11, {"m4", "tiny"}, "own", device("node-3"));
    own.parts[1].source = PolicySource{"net@2", "another text"};
    tell(std::move(own));
    const auto kept = history().versions[0];
    ASSERT_EQ(kept->parts.size(), 1U);
    EXPECT_EQ(source_of(*kept, *base::ClassName::parse("tiny")),
              (PolicySource{"net@2", "another text"}));
    EXPECT_EQ(kept->text, "another text") << "there is no other in it";
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

TEST_F(PolicyOverrideTest, HistoryTellsWhatLiesBelowEach) {
    const auto east = base::Audience::label("east");
    for (const auto* name : {"east-1", "east-2"}) {
        world.get<Done>(AddDevice{device_id(name), "east", digest_of(9), std::chrono::hours(1)});
        world.get<CertificateIssued>(EnrolDevice{device_id(name), digest_of(9), {1, 2, 3}});
        world.say(name, hello(name, 90));
    }
    /// By version of the override: what its devices obey without it.
    const auto below = [this] {
        std::map<std::uint32_t, std::string> found;
        for (const auto& own : history().overrides) {
            found[own.version] = base::as_text(own.below_blob->content());
            EXPECT_TRUE(found[own.version].starts_with(
                "policy00" + std::string(own.below < 10 ? "0" : "") + std::to_string(own.below)));
        }
        return found;
    };
    using Expected = std::map<std::uint32_t, std::string>;
    tell(ruled(11, {"m4"}, "own", device("east-1")));
    EXPECT_EQ(below(), (Expected{{11, "policy0010allm4"}}));
    tell(ruled(12, {"m4"}, "label", east));
    EXPECT_EQ(below(), (Expected{{11, "policy0012labelm4"}, {12, "policy0010allm4"}}));
    tell(ended(13, {"m4"}, "all", east));
    EXPECT_EQ(below(), (Expected{{11, "policy0013allm4"}, {13, "policy0010allm4"}}))
        << "what ended the label's is newer than the class's";
    tell(ruled(14, {"m4"}, "new"));
    EXPECT_EQ(below(), (Expected{{11, "policy0014newm4"}}));
}

TEST_F(PolicyOverrideTest, BelowAnOverrideOfAClassWithoutOneLiesThatOfAny) {
    world.get<Done>(AddDevice{device_id("odd-1"), "", digest_of(9), std::chrono::hours(1)});
    world.get<CertificateIssued>(EnrolDevice{device_id("odd-1"), digest_of(9), {1, 2, 3}});
    auto word = hello("odd-1", 91);
    word.capability = capability("odd");
    world.say("odd-1", word);
    tell(ruled(11, {"odd"}, "own", device("odd-1")));
    EXPECT_EQ(history().overrides.at(0).below, 1U);
    auto over = ended(12, {"odd"}, "", device("odd-1"));
    over.parts[0].blob = history().overrides.at(0).below_blob;
    EXPECT_EQ(tell(std::move(over)).size(), 0U) << "of the sixty";
    EXPECT_EQ(world.sent<Desired>("odd-1").size(), 1U);
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
