// SPDX-License-Identifier: Apache-2.0
// Versions of policies and their way to the devices come back as they were written.
#include "unit/storage/database_fixture.hpp"

namespace frugal::storage {
namespace {

core::PolicyVersionRecord version_record(std::uint32_t number) {
    return {.task = 1,
            .version = number,
            .origin = core::PolicyOrigin::kReverted,
            .source = 4,
            .release = "net@1",
            .text = "[policy]",
            .digest = core::digest_of(9),
            .actor = "ada",
            .comment = "back",
            .set_at = {5},
            .parts = {{*base::ClassName::parse("m4"), core::signed_policy("policy")},
                      {*base::ClassName::parse("tiny"), core::signed_policy("other"),
                       core::PolicySource{"net@7", "its own"}}},
            .group_share_permille = 250,
            .audience = base::Audience::device(core::device_id("a"))};
}

TEST_F(DatabaseTest, GivesBackPolicyVersionsAndForgetsDroppedOnes) {
    const auto version = version_record(6);
    core::WriteBatch batch;
    for (const core::Write& record :
         {core::Write{version}, core::Write{version_record(2)}, core::Write{version_record(7)},
          core::Write{core::PolicyVersionDropped{1, 2}},
          core::Write{core::PolicyVersionReached{1, 6}}}) {
        batch.records.push_back(record);
    }
    ASSERT_TRUE(open().commit(batch));
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    ASSERT_EQ(loaded->policy_versions.size(), 2U);
    const auto& kept = loaded->policy_versions[0];
    EXPECT_EQ(std::tie(kept.task, kept.version, kept.origin, kept.source, kept.release, kept.text,
                       kept.digest, kept.actor, kept.comment, kept.set_at.unix_ms,
                       kept.group_share_permille),
              std::tie(version.task, version.version, version.origin, version.source,
                       version.release, version.text, version.digest, version.actor,
                       version.comment, version.set_at.unix_ms, version.group_share_permille));
    EXPECT_EQ(kept.audience, version.audience);
    EXPECT_TRUE(kept.was_in_force);
    EXPECT_FALSE(loaded->policy_versions[1].was_in_force);
    ASSERT_EQ(kept.parts.size(), 2U);
    EXPECT_EQ(kept.parts[1].device_class.text(), "tiny");
    EXPECT_EQ(kept.parts[0].blob->content(), version.parts[0].blob->content());
    EXPECT_EQ(kept.parts[0].blob->signature(), version.parts[0].blob->signature());
    EXPECT_FALSE(kept.parts[0].source);
    EXPECT_EQ(kept.parts[1].source, version.parts[1].source);
    EXPECT_EQ(loaded->policy_versions[1].parts.size(), 2U);
}

TEST_F(DatabaseTest, GivesBackWhomAPolicyIsForUntilItIsDropped) {
    const auto m4 = *base::ClassName::parse("m4");
    const auto policy_of = [&](std::uint32_t number, base::Audience audience, bool is_withdrawn) {
        return core::PolicyRecord{
            m4, 1, number, core::signed_policy("policy"), 0, std::move(audience), is_withdrawn};
    };
    const auto device = base::Audience::device(core::device_id("a"));
    const auto label = base::Audience::label("east: 2nd floor");
    core::WriteBatch batch;
    batch.records = {policy_of(5, {}, false), policy_of(6, device, false),
                     policy_of(7, label, false), policy_of(8, label, true)};
    ASSERT_TRUE(open().commit(batch));
    auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    ASSERT_EQ(loaded->policies.size(), 3U);
    EXPECT_EQ(loaded->policies[0].audience, base::Audience{});
    EXPECT_EQ(loaded->policies[1].audience, device);
    EXPECT_FALSE(loaded->policies[1].is_withdrawn);
    EXPECT_EQ(loaded->policies[2].audience, label);
    EXPECT_EQ(loaded->policies[2].policy, 8U);
    EXPECT_TRUE(loaded->policies[2].is_withdrawn);
    batch.records = {core::PolicyRecordDropped{1, m4, label}};
    ASSERT_TRUE(open().commit(batch));
    loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->policies.size(), 2U);
}

TEST_F(DatabaseTest, GivesBackHowFarAStagedPolicyIs) {
    core::PolicyRolloutRecord staged{
        .task = 1,
        .version = 6,
        .baseline = 5,
        .steps = {{0, std::chrono::hours(1)}, {2500, {}}, {core::kWholeFleet, {}}},
        .step = 1,
        .status = core::PolicyRolloutStatus::kHalted,
        .halt = core::PolicyHalt::kEnergy,
        .actor = "ada",
        .started_at = {6},
        .changed_at = {7}};
    core::WriteBatch batch;
    batch.records.push_back(staged);
    staged.step = 2;
    batch.records.push_back(staged);
    ASSERT_TRUE(open().commit(batch));
    EXPECT_EQ(open().load()->policy_rollouts, std::vector{staged});
}

TEST_F(DatabaseTest, PoliciesFromBeforeVersionsBecomeVersions) {
    const auto policy_of = [](const char* device_class, std::uint32_t number) {
        return core::PolicyRecord{*base::ClassName::parse(device_class), 1, number,
                                  core::signed_policy("policy"), 0};
    };
    core::WriteBatch batch;
    batch.records = {policy_of("m4", 5), policy_of("tiny", 5), policy_of("any", 7)};
    ASSERT_TRUE(open().commit(batch));
    execute(
        "DROP TABLE policy_version; DROP TABLE policy_part; DROP TABLE policy_rollout;"
        "DROP TABLE canary; DROP TABLE doubted; DROP TABLE share;"
        "ALTER TABLE task DROP COLUMN priority; ALTER TABLE task DROP COLUMN group_share_permille;"
        "CREATE TABLE before AS SELECT task, device_class, policy, content, signature, key_id"
        " FROM policy; DROP TABLE policy; ALTER TABLE before RENAME TO policy;"
        "ALTER TABLE artifact DROP COLUMN base_lag_bytes;"
        "PRAGMA user_version = 7");  // as it was
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    ASSERT_EQ(loaded->policy_versions.size(), 2U);
    const auto& first = loaded->policy_versions[0];
    EXPECT_EQ(first.version, 5U);
    EXPECT_EQ(first.origin, core::PolicyOrigin::kAuthored);
    EXPECT_EQ(first.actor, "upgrade");
    EXPECT_TRUE(first.was_in_force);
    ASSERT_EQ(first.parts.size(), 2U);
    EXPECT_EQ(base::as_text(first.parts[0].blob->content()), "policy");
    EXPECT_EQ(loaded->policy_versions[1].version, 7U);
    EXPECT_EQ(loaded->policy_versions[1].parts.size(), 1U);
}

// Version 9 took one back: "m4" obeys what 7 said again, "tiny" what 5 did.
TEST_F(DatabaseTest, WhatWentBackForAllClassesFindsTheTextOfEach) {
    const auto version_of = [](std::uint32_t number, core::PolicyOrigin origin,
                               std::vector<std::pair<std::string, std::string>> parts) {
        core::PolicyVersionRecord version{.task = 1, .version = number, .origin = origin};
        version.release = "net@1";
        version.text = "text " + std::to_string(number);
        version.audience = {};
        for (const auto& [device_class, rules] : parts) {
            const auto id = std::string(3, '0') + static_cast<char>('0' + number);
            version.parts.push_back({*base::ClassName::parse(device_class),
                                     core::signed_policy("policy" + id + rules)});
        }
        return version;
    };
    using enum core::PolicyOrigin;
    auto back = version_of(9, kReverted, {{"m4", "seven"}, {"tiny", "five"}, {"lost", "gone"}});
    back.source = 7;
    back.text = "text 7";
    core::WriteBatch batch;
    batch.records = {version_of(5, kAuthored, {{"any", "five"}}),
                     version_of(6, kAuthored, {{"m4", "seven"}}),
                     version_of(7, kAuthored, {{"m4", "seven"}}),
                     version_of(8, kAuthored, {{"m4", "eight"}, {"tiny", "eight"}}), back};
    ASSERT_TRUE(open().commit(batch));
    execute(
        "ALTER TABLE policy_part DROP COLUMN source_release;"
        "ALTER TABLE policy_part DROP COLUMN source_text; PRAGMA user_version = 15");
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    for (const auto& version : loaded->policy_versions) {
        for (const auto& part : version.parts) {
            const bool is_other = version.version == 9 && part.device_class.text() == "tiny";
            EXPECT_EQ(part.source.has_value(), is_other)
                << version.version << part.device_class.text();
        }
    }
    EXPECT_EQ(core::source_of(loaded->policy_versions.back(), *base::ClassName::parse("tiny")),
              (core::PolicySource{"net@1", "text 5"}));
}

TEST_F(DatabaseTest, WhatIsFromBeforeOverridesIsForWholeClasses) {
    const auto m4 = *base::ClassName::parse("m4");
    const core::PolicyRecord policy{m4, 1, 5, core::signed_policy("policy"), 250};
    const core::LearningRecord learned{1,         m4,   core::digest_of(1), core::digest_of(2),
                                       {1, 2, 3}, {77}, {5, 70'000}};
    core::WriteBatch batch;
    batch.records = {policy, learned};
    ASSERT_TRUE(open().commit(batch));
    const auto keep = [&](const std::string& table, const std::string& columns) {
        execute("CREATE TABLE before AS SELECT " + columns + " FROM " + table + "; DROP TABLE " +
                table + "; ALTER TABLE before RENAME TO " + table);
    };
    keep("policy", "task, device_class, policy, content, signature, key_id, group_share_permille");
    keep("learning", "task, device_class, model, edge_model, state, saved_ms");
    keep("doubted", "task, device_class, model, edge_model, devices");
    execute(
        "ALTER TABLE policy_version DROP COLUMN audience;"
        "ALTER TABLE policy_part DROP COLUMN source_release;"
        "ALTER TABLE policy_part DROP COLUMN source_text; PRAGMA user_version = 13");
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    ASSERT_EQ(loaded->policies.size(), 1U);
    const auto& kept = loaded->policies[0];
    EXPECT_EQ(
        std::tie(kept.device_class, kept.task, kept.policy, kept.group_share_permille),
        std::tie(policy.device_class, policy.task, policy.policy, policy.group_share_permille));
    EXPECT_EQ(kept.blob->content(), policy.blob->content());
    EXPECT_EQ(kept.blob->signature(), policy.blob->signature());
    EXPECT_EQ(kept.blob->key_id(), policy.blob->key_id());
    EXPECT_TRUE(kept.audience.is_class());
    EXPECT_FALSE(kept.is_withdrawn);
    EXPECT_EQ(*Reader::open(path())->learning(), std::vector{learned}) << "and whom it doubts";
}

}  // namespace
}  // namespace frugal::storage
