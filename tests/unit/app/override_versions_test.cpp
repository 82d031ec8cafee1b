// SPDX-License-Identifier: Apache-2.0
// Versions for the devices with one label, made without a file, and what ends them; the label's
// devices are of two classes.
#include "app/override_versions.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

/// A text with gains for the models of releases 1 and 2.
std::string policy_text() {
    std::string gains = "128";
    for (int i = 1; i < 32; ++i) {
        gains += ", 128";
    }
    std::string text =
        "[policy]\nfail_safe = \"local\"\n[task.leaf]\nprivacy = \"edge-only\"\n"
        "caps = { node_per_hour = 64 }\n[task.leaf.price]\npayload = 1\n";
    for (const std::uint8_t release : {1, 2}) {
        text += "[[task.leaf.model]]\nsha256 = \"" + base::to_hex(core::digest_of(release)) +
                "\"\ngain = [" + gains + "]\n";
    }
    return text;
}

class OverrideVersions : public ::testing::Test {
protected:
    OverrideVersions() {
        known_.tasks.tasks = {{1, "leaf", {"healthy", "rust"}}};
        known_.tasks.next_policy = 9;
        known_.history.task = 1;
        add_release(1, {"m4", "m7"});
        add_version(3, "leaf@1", text_);
        add_version(4, "leaf@1", text_);
        known_.history.in_force = {3, 4};
    }
    void add_release(std::uint32_t number, const std::vector<std::string>& classes) {
        core::ReleaseRecord record{.model = core::model_name("leaf"), .release = number};
        record.task = 1;
        for (const auto& name : classes) {
            record.variants.push_back(
                {core::signed_manifest(core::manifest_content("leaf", number, number, name))});
        }
        known_.models.releases.push_back(
            std::make_shared<const core::ReleaseRecord>(std::move(record)));
    }
    void add_version(std::uint32_t number, const std::string& release, const std::string& text) {
        auto record = std::make_shared<core::PolicyVersionRecord>();
        record->task = 1;
        record->version = number;
        record->release = release;
        record->text = text;
        known_.history.versions.insert(known_.history.versions.begin(), record);
    }
    /// What the devices of a class obey without the override of that version.
    void add_override(const std::string& device_class, std::uint32_t version, std::uint32_t below,
                      const base::Audience& audience, bool is_withdrawn = false) {
        known_.history.overrides.push_back({audience, class_name(device_class), version,
                                            is_withdrawn, below,
                                            core::signed_policy(compiled_as(below, device_class))});
    }
    /// As long as a policy's head, with the id where a policy has it.
    static std::string compiled_as(std::uint32_t version, const std::string& device_class) {
        std::string bytes(FR_POLICY_ID_OFFSET, 'p');
        for (int i = 0; i < 4; ++i) {
            bytes += static_cast<char>(version >> (8 * i) & 0xFF);
        }
        return bytes + " rules of version " + std::to_string(version) + " for " + device_class;
    }
    static base::ClassName class_name(const std::string& name) {
        return *base::ClassName::parse(name);
    }
    base::Result<core::SetPolicy> pinned() {
        return pinned_version(known_, {1, east_, "costly link", "always-local"}, key_);
    }
    base::Result<core::SetPolicy> cleared(const base::Audience& audience) {
        return cleared_version(known_, {1, audience, "over", {}}, key_);
    }

    const std::string text_ = policy_text();
    const base::Audience east_ = base::Audience::label("east");
    const crypto::ReleaseKey key_ = *crypto::ReleaseKey::generate();
    Known known_;
};

TEST_F(OverrideVersions, APinHasAPartForEachClassOfTheReleaseThatIsObeyed) {
    add_release(2, {"m7"});
    add_version(8, "leaf@2", text_);
    known_.history.in_force = {3, 8};
    known_.history.obeyed = {{class_name("m4"), 3}, {class_name("m7"), 4}};
    const auto command = pinned();
    ASSERT_TRUE(command) << command.error().describe();
    const auto& version = command->version;
    EXPECT_EQ(version.version, 9U);
    EXPECT_EQ(version.release, "leaf@1") << "not that of the newest version of any class";
    EXPECT_EQ(version.audience, east_);
    EXPECT_EQ(version.comment, "costly link");
    EXPECT_NE(version.text.find("pin = \"always-local\""), std::string::npos) << version.text;
    EXPECT_TRUE(command->needs_every_class);
    ASSERT_EQ(version.parts.size(), 2U);
    for (const auto& part : version.parts) {
        const auto& content = part.blob->content();
        EXPECT_EQ(fr_policy_id(content.data(), content.size()), 9U);
    }
}

TEST_F(OverrideVersions, APinOfClassesThatObeyDifferentReleasesIsRefused) {
    add_release(2, {"m7"});
    add_version(8, "leaf@2", text_);
    known_.history.obeyed = {{class_name("m4"), 3}, {class_name("m7"), 8}};
    const auto command = pinned();
    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().kind, base::ErrorKind::kConflict);
}

TEST_F(OverrideVersions, APinIsAddedToTheTextOfItsOwnClass) {
    auto mixed = std::make_shared<core::PolicyVersionRecord>(*known_.history.versions[0]);
    mixed->text = "[policy]\n";
    mixed->parts = {
        {class_name("m4"), core::signed_policy("m4"), core::PolicySource{"leaf@1", text_}},
        {class_name("m7"), core::signed_policy("m7")}};
    known_.history.versions[0] = mixed;
    known_.history.in_force = {4};
    known_.history.obeyed = {{class_name("m4"), 4}};
    const auto command = pinned();
    ASSERT_TRUE(command) << command.error().describe();
    EXPECT_NE(command->version.text.find("[task.leaf.price]"), std::string::npos);
}

TEST_F(OverrideVersions, WithoutATextThereIsNothingToPin) {
    known_.history.in_force = {};
    const auto command = pinned();
    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().message, "nothing to pin");
}

TEST_F(OverrideVersions, TheEndOfALabelsHasForEachClassWhatLiesBelow) {
    const auto other = std::make_shared<core::PolicyVersionRecord>(*known_.history.versions[1]);
    other->text = "what m4 obeys";
    known_.history.versions[1] = other;
    add_override("m4", 7, 3, east_);
    add_override("m7", 7, 4, east_);
    add_override("m4", 6, 2, base::Audience::label("west"));
    const auto command = cleared(east_);
    ASSERT_TRUE(command) << command.error().describe();
    const auto& version = command->version;
    EXPECT_EQ(version.version, 9U);
    EXPECT_EQ(version.origin, core::PolicyOrigin::kWithdrawn);
    EXPECT_EQ(version.source, 4U);
    EXPECT_EQ(version.release, "leaf@1");
    EXPECT_EQ(version.text, text_);
    EXPECT_EQ(version.comment, "over");
    ASSERT_EQ(version.parts.size(), 2U);
    EXPECT_EQ(version.parts[0].source, (core::PolicySource{"leaf@1", "what m4 obeys"}));
    EXPECT_FALSE(version.parts[1].source) << "the version's own";
    const std::vector<std::string> rules = {"version 3 for m4", "version 4 for m7"};
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto& content = version.parts[i].blob->content();
        EXPECT_EQ(content[FR_POLICY_ID_OFFSET], 9) << "under the new number";
        EXPECT_TRUE(std::string(base::as_text(content)).ends_with(rules[i])) << rules[i];
    }
}

TEST_F(OverrideVersions, WhatIsOverHasNoEnd) {
    EXPECT_EQ(cleared(east_).error().kind, base::ErrorKind::kNotFound);
    add_override("m4", 7, 3, east_, true);
    EXPECT_EQ(cleared(east_).error().kind, base::ErrorKind::kNotFound);
    add_override("m7", 8, 4, east_);
    const auto command = cleared(east_);
    ASSERT_TRUE(command) << command.error().describe();
    EXPECT_EQ(command->version.parts.size(), 1U) << "only the class that still has one";
}

}  // namespace
}  // namespace frugal::app
