// SPDX-License-Identifier: Apache-2.0
// Which version going back goes to, and what taking one back signs again.
#include "app/policy_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "frugal/policy.h"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

using core::PolicyOrigin;

/// A task's versions as the core keeps them; class "m4" unless told.
class PolicyChoice : public ::testing::Test {
protected:
    void add(std::uint32_t number, std::uint8_t content, std::uint32_t source = 0,
             bool was_in_force = true, std::vector<std::string> classes = {"m4"}) {
        auto record = std::make_shared<core::PolicyVersionRecord>();
        record->task = 1;
        record->version = number;
        record->origin = source != 0 ? PolicyOrigin::kReverted : PolicyOrigin::kAuthored;
        record->source = source;
        record->digest = core::digest_of(content);
        record->release = "net@" + std::to_string(number);
        record->text = "text " + std::to_string(number);
        record->was_in_force = was_in_force;
        for (const auto& name : classes) {
            record->parts.push_back(part(name, number));
        }
        history.versions.insert(history.versions.begin(), record);
    }
    static core::PolicyPart part(const std::string& device_class, std::uint32_t number) {
        return {*base::ClassName::parse(device_class),
                core::signed_policy(device_class + std::to_string(number))};
    }
    std::uint32_t before() {
        const auto* found = version_before(history);
        return found != nullptr ? found->version : 0;
    }

    core::PolicyHistory history{.task = 1};
    core::TaskList tasks;
};

core::DeviceView a_device(std::uint32_t obeys) {
    core::DeviceView device{.id = core::device_id("a"), .capability = core::capability("m4")};
    device.health = core::Health{.tasks = {{1, obeys, 0, {}, 0}}};
    return device;
}

// Most devices never saw a version that went to a few and was taken back.
TEST_F(PolicyChoice, AnOlderDecisionIsExplainedByWhatWasInForceThen) {
    add(1, 1);
    add(2, 2, 0, false);
    const auto likely = [&](std::uint32_t obeys, std::int64_t at) {
        const auto* found = version_likely(history, a_device(obeys), {1, {at}});
        return found != nullptr ? found->version : 0;
    };
    EXPECT_EQ(likely(1, 10), 1U);
    EXPECT_EQ(likely(2, 10), 2U) << "it says so";
    EXPECT_EQ(likely(1, -1), 0U) << "set later";
}

wire::IfMatch seen(std::uint32_t number) {
    return {false, {number}};
}

TEST_F(PolicyChoice, AChangeIsRefusedIfSomebodySetAnotherSince) {
    EXPECT_FALSE(check_seen(history, {}, {true, {}})) << "nothing to have seen";
    add(1, 1);
    EXPECT_TRUE(check_seen(history, {}, seen(1)));
    EXPECT_TRUE(check_seen(history, {}, {true, {}}));
    EXPECT_FALSE(check_seen(history, {}, seen(9))) << "there is none";
    add(2, 2);
    const auto late = check_seen(history, {}, seen(1));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, base::ErrorKind::kConflict);
    EXPECT_NE(late.error().cause.find("version 2"), std::string::npos);
    EXPECT_FALSE(late.error().remedy.empty());
}

// What the gateway learned goes by the same text: no person was faster.
TEST_F(PolicyChoice, WhatWasLearnedSinceRefusesNothing) {
    add(1, 1);
    add(2, 2);
    auto learned = *history.versions.front();
    learned.origin = PolicyOrigin::kLearned;
    history.versions.front() = std::make_shared<const core::PolicyVersionRecord>(learned);
    EXPECT_EQ(newest_set(history, {})->version, 1U);
    EXPECT_TRUE(check_seen(history, {}, seen(1)));
    EXPECT_TRUE(check_seen(history, {}, seen(2)));
    const auto own = base::Audience::device(core::device_id("a"));
    EXPECT_EQ(newest_set(history, own), nullptr) << "another one's";
    EXPECT_FALSE(check_seen(history, own, seen(1)));
}

TEST_F(PolicyChoice, GoesToTheVersionBefore) {
    add(1, 1);
    add(2, 2);
    history.in_force = {2};
    EXPECT_EQ(before(), 1U);
    history.in_force = {1};
    EXPECT_EQ(before(), 0U);
    history.in_force = {};
    EXPECT_EQ(before(), 0U);
}

TEST_F(PolicyChoice, OfAnOverrideGoesToTheOneBeforeForTheSameDevice) {
    const auto own = base::Audience::device(core::device_id("a"));
    const auto narrow = [&](std::uint32_t number, std::uint8_t content, bool is_withdrawn) {
        add(number, content);
        auto record = *history.versions.front();
        record.audience = own;
        record.origin = is_withdrawn ? PolicyOrigin::kWithdrawn : PolicyOrigin::kAuthored;
        history.versions.front() = std::make_shared<core::PolicyVersionRecord>(record);
    };
    add(1, 1);
    narrow(2, 2, false);
    narrow(3, 1, true);
    add(4, 4);
    narrow(5, 5, false);
    history.in_force = {4};
    history.overrides = {{own, *base::ClassName::parse("m4"), 5}};
    EXPECT_EQ(before(), 1U) << "of the class: no override";
    const auto* found = version_before(history, own);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->version, 2U) << "not the one that only ended another";
    EXPECT_EQ(version_before(history, base::Audience::label("east")), nullptr);
    // Without its name, going back to it would set it again and leave the class as it is.
    const auto refused = version_to_revert(history, 2, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_EQ(refused.error().message, "version 2 was for device a alone");
    EXPECT_EQ((*version_to_revert(history, 2, own))->version, 2U);
    EXPECT_EQ((*version_to_revert(history, 1, own))->version, 1U) << "as its class once did";
    EXPECT_EQ((*version_to_revert(history, {}, own))->version, 2U);
    EXPECT_EQ(version_to_revert(history, 3, own).error().message, "version 3 ended an override");
    EXPECT_EQ(version_to_revert(history, 9, {}).error().kind, base::ErrorKind::kNotFound);
    EXPECT_EQ(version_obeyed(history, own, std::nullopt)->version, 5U);
    EXPECT_EQ(version_obeyed(history, base::Audience::label("east"), std::nullopt)->version, 4U);
}

TEST_F(PolicyChoice, APinOfALabelTakesWhatItsOwnClassesObey) {
    const auto east = base::Audience::label("east");
    const auto m4 = *base::ClassName::parse("m4");
    const auto m7 = *base::ClassName::parse("m7");
    const auto write = [&](std::uint32_t number, const char* text, const char* release) {
        add(number, 1);
        auto record = *history.versions.front();
        record.text = text;
        record.release = release;
        history.versions.front() = std::make_shared<core::PolicyVersionRecord>(record);
    };
    write(3, "one", "net@1");
    write(4, "one", "net@1");
    write(8, "two", "net@1");
    write(9, "one", "net@2");
    history.in_force = {3, 4, 8, 9};
    EXPECT_EQ((*version_to_pin(history, east, std::nullopt))->version, 9U) << "nobody known";
    history.obeyed = {{m4, 3}};
    EXPECT_EQ((*version_to_pin(history, east, std::nullopt))->version, 3U)
        << "not the newest of any class";
    history.obeyed = {{m4, 4}, {m7, 3}};
    EXPECT_EQ((*version_to_pin(history, east, std::nullopt))->version, 4U);
    for (const std::uint32_t other : {8U, 9U}) {
        history.obeyed = {{m4, 3}, {m7, other}};
        const auto refused = version_to_pin(history, east, std::nullopt);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
        EXPECT_NE(refused.error().cause.find("class m4 version 3 for net@1, class m7 version"),
                  std::string::npos)
            << refused.error().cause;
    }
    auto mixed = *find_version(history, 4);
    mixed.parts.push_back(part("m7", 4));
    mixed.parts.back().source = core::PolicySource{"net@1", "two"};
    *std::ranges::find(history.versions, 4U, &core::PolicyVersionRecord::version) =
        std::make_shared<core::PolicyVersionRecord>(mixed);
    history.obeyed = {{m4, 3}, {m7, 4}};
    EXPECT_FALSE(version_to_pin(history, east, std::nullopt)) << "m7 goes by another text";
    history.obeyed = {{m4, 3}, {m7, 5}};
    EXPECT_FALSE(version_to_pin(history, east, std::nullopt)) << "one that is not kept";
}

TEST_F(PolicyChoice, NeverTakesOneThatDidNotReachAllDevices) {
    add(5, 1);
    add(6, 2, 0, false);  // staged, halted, aborted
    add(7, 1, 5);         // what the abort made
    history.in_force = {7};
    EXPECT_EQ(before(), 0U);
    add(8, 3);
    history.in_force = {8};
    EXPECT_EQ(before(), 7U);
}

TEST_F(PolicyChoice, GoesFurtherBackTheSecondTime) {
    add(1, 1);
    add(2, 2);
    add(3, 3);
    add(4, 2, 2);
    history.in_force = {4};
    EXPECT_EQ(before(), 1U) << "3 is what the first time went away from";
    add(5, 1, 1);
    history.in_force = {5};
    EXPECT_EQ(before(), 0U);
}

TEST_F(PolicyChoice, PassesVersionsThatLackADeviceClass) {
    add(1, 1, 0, true, {"m4", "tiny"});
    add(2, 2);
    add(3, 3, 0, true, {"tiny", "m4"});
    history.in_force = {3};
    EXPECT_EQ(before(), 1U);
}

TEST_F(PolicyChoice, TakingBackSignsWhatEveryClassObeyedAgain) {
    add(5, 1, 0, true, {"m4", "tiny"});
    add(7, 2);
    add(8, 3, 0, false, {"m4", "tiny"});
    history.in_force = {5, 7};
    history.candidate = 8;
    for (const auto& [name, number] : {std::pair("m4", 7U), std::pair("tiny", 5U)}) {
        auto of_class = part(name, number);
        tasks.policies.push_back({of_class.device_class, 1, number, of_class.blob});
    }
    tasks.policies.push_back({*base::ClassName::parse("m4"), 2, 6, part("other", 6).blob});
    const auto all = all_in_force(tasks, history);
    EXPECT_EQ(all.task, 1U);
    EXPECT_EQ(all.version, 7U);
    EXPECT_EQ(all.text, "text 7");
    ASSERT_EQ(all.parts.size(), 2U);
    EXPECT_EQ(base::as_text(all.parts[0].blob->content()), "m47");
    EXPECT_EQ(base::as_text(all.parts[1].blob->content()), "tiny5");
    EXPECT_FALSE(all.parts[0].source) << "the version's own";
    EXPECT_EQ(all.parts[1].source, (core::PolicySource{"net@5", "text 5"}));
    history.versions.insert(history.versions.begin(),
                            std::make_shared<core::PolicyVersionRecord>(all));
    EXPECT_EQ(all_in_force(tasks, history).parts[1].source, all.parts[1].source) << "and again";
}

TEST_F(PolicyChoice, WhatIsNotKeptAnyMoreHasNoText) {
    add(7, 2);
    history.in_force = {5, 7};
    tasks.policies = {{*base::ClassName::parse("m4"), 1, 7, part("m4", 7).blob},
                      {*base::ClassName::parse("tiny"), 1, 5, part("tiny", 5).blob}};
    const auto all = all_in_force(tasks, history);
    ASSERT_EQ(all.parts.size(), 2U);
    EXPECT_EQ(all.parts[1].source, core::PolicySource{}) << "never the text of another one";
}

/// A form of policy `id` for task 1, for the model with this digest or, with 0, for any.
core::SignedPointer form_for(std::uint32_t id, std::uint8_t model) {
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.group_count = 1;
    task.model =
        model == 0 ? std::uint16_t{0}
                   : static_cast<std::uint16_t>(fr_policy_model_tag(core::digest_of(model).data()));
    const fr_policy_spec_t spec{id, 0, nullptr, 0, &task, 1};
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    bytes.resize(size);
    return core::signed_policy(base::as_text(bytes));
}

TEST_F(PolicyChoice, ADecisionIsExplainedByTheFormForTheModelThatMadeIt) {
    const auto version_of = [](std::uint32_t number, core::SignedPointer form) {
        core::PolicyVersionRecord version{.task = 1, .version = number};
        version.parts = {{*base::ClassName::parse("m4"), std::move(form)}};
        return version;
    };
    auto device = a_device(5);
    device.reported = {{.task = 1, .release = 9, .model_digest = core::digest_of(2)}};
    const auto own = form_for(5, 2);
    device.policies = {{.task = 1, .version = 5, .form = own}};
    const auto now = version_of(5, form_for(5, 1));
    EXPECT_EQ(form_obeyed(now, device, {1, 9}), own) << "not the one that was set";
    EXPECT_EQ(form_obeyed(now, device, {1, 8}), nullptr) << "the model of before decided";
    device.policies[0].form = nullptr;
    EXPECT_EQ(form_obeyed(now, device, {1, 9}), nullptr) << "none could be made";
    EXPECT_EQ(form_obeyed(version_of(4, form_for(4, 1)), device, {1, 9}), nullptr);
    const auto same = version_of(4, form_for(4, 2));
    EXPECT_EQ(form_obeyed(same, device, {1, 9}), same.parts[0].blob);
    const auto any = version_of(4, form_for(4, 0));
    EXPECT_EQ(form_obeyed(any, device, {1, 8}), any.parts[0].blob);
}

// A class whose first policy the version on its way was obeys that one.
TEST_F(PolicyChoice, TakingBackKeepsTheFirstOfAClass) {
    add(5, 1);
    add(8, 3, 0, false, {"m4", "tiny"});
    history.in_force = {5, 8};
    history.candidate = 8;
    tasks.policies = {{*base::ClassName::parse("m4"), 1, 5, part("m4", 5).blob},
                      {*base::ClassName::parse("tiny"), 1, 8, part("tiny", 8).blob}};
    const auto all = all_in_force(tasks, history);
    EXPECT_EQ(all.version, 5U);
    EXPECT_EQ(all.text, "text 5");
    EXPECT_EQ(all.parts.size(), 2U);
}

}  // namespace
}  // namespace frugal::app
