// SPDX-License-Identifier: Apache-2.0
// A database of a gateway whose compiled policies did not name their model: what they said stays,
// and all that is done with policies goes on.
#include "app/policy_renewal.hpp"

#include <algorithm>

#include "app/policy_builder.hpp"
#include "base/hex.hpp"
#include "core/offload/policy_rules.hpp"
#include "crypto/verified_manifest.hpp"
#include "frugal/policy.h"
#include "policy/author/compiled_policy.hpp"
#include "policy/learn/site_learner.hpp"
#include "support/earlier_policy.hpp"
#include "unit/storage/database_fixture.hpp"

namespace frugal::app {
namespace {

using core::digest_of;

/// With gains for the models 1 and 2.
std::string text_with(const std::string& key) {
    std::string gains = "200";
    for (int i = 1; i < 32; ++i) {
        gains += ", " + std::to_string(200 - 6 * i);
    }
    std::string text = "[policy]\nfail_safe = \"local\"\n[task.leaf]\nprivacy = \"edge-only\"\n" +
                       key + "\ncaps = { node_per_hour = 64 }\n[task.leaf.price]\npayload = 1\n";
    for (const std::uint8_t model : {1, 2}) {
        text += "[[task.leaf.model]]\nsha256 = \"" + base::to_hex(digest_of(model)) +
                "\"\ngain = [" + gains + "]\n";
    }
    return text;
}

class PolicyRenewal : public storage::DatabaseTest {
protected:
    static base::Bytes compiled(std::uint32_t id, const std::string& text) {
        return *policy::compile_policy(text, "test",
                                       {"leaf", 1, digest_of(1), {"a", "b", "c"}, id});
    }
    static base::Bytes learned(std::uint32_t id) {
        const auto owner = compiled(id, text_);
        auto part = *policy::learnable_part(owner, 1);
        part.tables[0].fill(77);
        return *policy::with_learned(owner, 1, id, part);
    }
    static core::PolicyVersionRecord version(std::uint32_t number, core::PolicyOrigin origin,
                                             const base::Bytes& form) {
        core::PolicyVersionRecord version{
            .task = 1, .version = number, .origin = origin, .release = "leaf@1", .text = text_};
        version.parts = {{m4_, core::signed_policy(base::as_text(test::earlier(form)))}};
        version.was_in_force = true;
        return version;
    }
    /// As the gateway of before left it: what is in force was learned of model 2.
    void write_earlier() {
        core::ReleaseRecord release{.model = core::model_name("leaf"), .release = 1, .counter = 1};
        release.task = 1;
        release.variants.push_back({core::signed_manifest(core::manifest_content("leaf", 1, 1))});
        auto device = storage::device_record(0, "dev");
        device.capability = core::capability("m4");
        device.reported[0].model_digest = digest_of(2);
        device.assignments.clear();
        auto bare = version(1, core::PolicyOrigin::kAuthored, compiled(1, text_));
        bare.release = bare.text = "";
        auto pinned = version(7, core::PolicyOrigin::kAuthored, compiled(7, pinned_));
        pinned.text = pinned_;
        const auto in_force = version(5, core::PolicyOrigin::kLearned, learned(5));
        core::WriteBatch batch;
        batch.records = {device,
                         core::TaskRecord{1, "leaf", {"a", "b", "c"}},
                         release,
                         bare,
                         version(3, core::PolicyOrigin::kAuthored, compiled(3, text_)),
                         in_force,
                         version(6, core::PolicyOrigin::kReverted, learned(6)),
                         pinned,
                         core::PolicyRecord{m4_, 1, 5, in_force.parts[0].blob},
                         cell(1),
                         cell(2)};
        ASSERT_TRUE(open().commit(batch));
        execute(
            "ALTER TABLE policy_part DROP COLUMN source_release;"
            "ALTER TABLE policy_part DROP COLUMN source_text; PRAGMA user_version = 15");
    }
    static core::LearningRecord cell(std::uint8_t model) {
        policy::CellTerms terms;
        terms.mode = policy::LearnMode::kIsoGain;
        terms.policy_id = 5;
        return {1, m4_, digest_of(model), digest_of(80), policy::LearnCell(terms, 1).save()};
    }
    /// Opens the file as the daemon does.
    core::Snapshot renew() {
        auto database = open();
        auto snapshot = database.load();
        EXPECT_TRUE(snapshot) << snapshot.error().describe();
        EXPECT_TRUE(has_earlier_forms(*snapshot));
        const auto cells = storage::Reader::open(path())->learning();
        const auto batch = renew_policies(*snapshot, *cells, key_);
        EXPECT_TRUE(batch) << batch.error().describe();
        EXPECT_TRUE(database.commit(*batch));
        return *snapshot;
    }
    static const core::PolicyVersionRecord& find(const core::Snapshot& snapshot,
                                                 std::uint32_t number) {
        return *std::ranges::find(snapshot.policy_versions, number,
                                  &core::PolicyVersionRecord::version);
    }
    static std::uint32_t model_of(const core::SignedPointer& form) {
        return fr_policy_model(form->content().data(), form->content().size(), 1);
    }
    static std::uint32_t tag(std::uint8_t model) {
        return fr_policy_model_tag(digest_of(model).data());
    }

    inline static const auto m4_ = *base::ClassName::parse("m4");
    inline static const auto text_ = text_with("learn = \"isogain\"");
    inline static const auto pinned_ = text_with("pin = \"always-local\"");
    const crypto::ReleaseKey key_ = *crypto::ReleaseKey::generate();
};

TEST_F(PolicyRenewal, WhatWasStoredIsInTheFormOfTodayAndSigned) {
    write_earlier();
    renew();
    const auto snapshot = *open().load();
    EXPECT_FALSE(has_earlier_forms(snapshot)) << "for good";
    ASSERT_EQ(snapshot.policy_versions.size(), 5U);
    for (const auto& version : snapshot.policy_versions) {
        ASSERT_EQ(version.parts.size(), 1U);
        const auto& blob = *version.parts[0].blob;
        EXPECT_EQ(fr_policy_id(blob.content().data(), blob.content().size()), version.version);
        EXPECT_TRUE(
            crypto::VerifiedManifest::verify(blob.content(), blob.signature(), key_.public_key()))
            << version.version;
        EXPECT_TRUE(version.was_in_force);
        EXPECT_EQ(version.digest, core::digest_of(version));
    }
    EXPECT_EQ(find(snapshot, 3).parts[0].blob->content(), compiled(3, text_))
        << "as if it were set today";
    EXPECT_EQ(find(snapshot, 7).parts[0].blob->content(), compiled(7, pinned_));
    EXPECT_EQ(model_of(find(snapshot, 7).parts[0].blob), 0U) << "it says the same of every model";
    EXPECT_EQ(model_of(find(snapshot, 1).parts[0].blob), 0U) << "nobody knows whose it is";
    ASSERT_EQ(snapshot.policies.size(), 1U);
    EXPECT_EQ(snapshot.policies[0].blob->content(), find(snapshot, 5).parts[0].blob->content());
}

TEST_F(PolicyRenewal, WhatWasLearnedIsForTheModelItWasLearnedOf) {
    write_earlier();
    const auto snapshot = renew();
    for (const std::uint32_t number : {5U, 6U}) {
        const auto& blob = find(snapshot, number).parts[0].blob;
        EXPECT_EQ(model_of(blob), tag(2)) << "which most devices run";
        EXPECT_EQ(policy::learnable_part(blob->content(), 1)->tables[0][9], 77);
    }
    EXPECT_EQ(find(snapshot, 6).digest, find(snapshot, 5).digest) << "what 6 goes back to";
}

TEST_F(PolicyRenewal, LearningGoesOnFromIt) {
    write_earlier();
    const auto snapshot = renew();
    const auto& record = snapshot.policies[0];
    policy::PolicyInForce in_force{{1, m4_}, record.blob->content(), record.policy, {}};
    in_force.terms.mode = policy::LearnMode::kIsoGain;
    in_force.payload_bytes = 16;
    policy::SiteLearner learner(1);
    learner.set_policies({&in_force, 1});
    const policy::CellKey key{{1, m4_}, digest_of(2), digest_of(80)};
    std::vector<policy::PolicyPush> pushes;
    base::Instant now;
    for (int i = 0; i < 4096 && pushes.empty(); ++i) {
        policy::Answers answers;
        answers.confidence_q8 = static_cast<std::uint8_t>(i * 37);
        answers.edge_class = 1;
        answers.opinion = policy::EdgeOpinion{0.95, 0.05};
        learner.on_answer(key, {answers, 1 + static_cast<std::uint32_t>(i % 20)});
        now = now + std::chrono::seconds(30);
        pushes = learner.step(now, 9).pushes;
    }
    ASSERT_EQ(pushes.size(), 1U);
    EXPECT_EQ(model_of(core::signed_policy(base::as_text(pushes[0].compiled))), tag(2));
}

TEST_F(PolicyRenewal, VersionsDifferInWordsAlsoAsTheyLie) {
    write_earlier();
    const auto count = [](const core::Snapshot& snapshot) {
        return compare_parts(parts_of(find(snapshot, 3)), parts_of(find(snapshot, 5)), 1, {})
            .size();
    };
    const auto before = *open().load();  // a gateway without the key that signs policies
    EXPECT_GT(count(before), 0U);
    EXPECT_TRUE(policy::read_compiled(find(before, 3).parts[0].blob->content()));
    EXPECT_GT(count(renew()), 0U);
}

TEST_F(PolicyRenewal, DamagedBytesStayAsTheyAre) {
    write_earlier();
    execute("UPDATE policy_part SET content = substr(content, 1, 20) WHERE version = 3");
    renew();
    const auto snapshot = *open().load();
    EXPECT_FALSE(has_earlier_forms(snapshot));
    EXPECT_EQ(find(snapshot, 3).parts[0].blob->content().size(), 20U);
    EXPECT_EQ(model_of(find(snapshot, 5).parts[0].blob), tag(2)) << "the others go on";
}

}  // namespace
}  // namespace frugal::app
