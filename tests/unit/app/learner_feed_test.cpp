// SPDX-License-Identifier: Apache-2.0
// From what the core tells to the learner's cells and back: which cell, which policy, what is kept.
#include "app/learner_feed.hpp"

#include <gtest/gtest.h>

#include "app/learned_view.hpp"
#include "base/hex.hpp"
#include "policy/author/policy_file.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

using core::digest_of;

std::string policy_text(const std::string& learn) {
    std::string gains = "250";
    for (int i = 1; i < 32; ++i) {
        gains += ", " + std::to_string(250 - 8 * i);
    }
    return "[policy]\nfail_safe = \"local\"\n[task.net]\nedge = \"big@sha256:" +
           base::to_hex(digest_of(80)) + "\"\nprivacy = \"edge-only\"\naudit = \"4/256\"\n" +
           "learn = \"" + learn + "\"\ncaps = { node_per_hour = 800 }\n" +
           "[task.net.price]\npayload = 1\n[[task.net.model]]\nsha256 = \"" +
           base::to_hex(digest_of(2)) + "\"\ntemperature = 0.8\nrho = 0.9\ncanary = 500\ngain = [" +
           gains + "]\n";
}

class Feed : public ::testing::Test {
protected:
    Feed() { tell(3, "isogain"); }

    void tell(std::uint32_t id, const std::string& learn) {
        const policy::PolicyTarget target{"net", 1, digest_of(2), {"a", "b", "c"}, id};
        tell_compiled(*policy::compile_policy(policy_text(learn), "test", target), id, learn);
    }
    void tell_compiled(const base::Bytes& compiled, std::uint32_t id, const std::string& learn) {
        compile(compiled, id);
        knowledge.authored.clear();
        knowledge.authored[id] = {policy_text(learn), "net@2"};
        feed.know(knowledge);
    }
    void compile(const base::Bytes& compiled, std::uint32_t id) {
        knowledge.tasks.tasks = {{1, "net", {"a", "b", "c"}}};
        knowledge.tasks.edge_models = {{1, digest_of(80), "big", 416}};
        knowledge.tasks.policies = {
            {*base::ClassName::parse("m4"), 1, id, core::signed_policy(base::as_text(compiled))}};
        core::ReleaseRecord release{.model = core::model_name("net"), .release = 2, .counter = 7};
        release.task = 1;
        release.variants.emplace_back().manifest =
            core::signed_manifest(core::manifest_content("net", 2, 7));
        knowledge.models.releases = {std::make_shared<const core::ReleaseRecord>(release)};
    }
    core::DecisionsStored decided(std::uint32_t count, std::uint8_t outcome = 17) const {
        core::DecisionsStored stored{*base::ClassName::parse("m4"), {}, digest_of(2)};
        stored.run.decisions = core::decisions(0, count);
        stored.run.decisions.task = 1;
        stored.run.decisions.release = 7;
        stored.run.decisions.outcomes.fill(outcome);
        return stored;
    }
    core::Observed answered(bool is_audit = false) const {
        core::Observed observed{*base::ClassName::parse("m4"), {}, digest_of(2)};
        observed.record.task = 1;
        observed.record.release = 7;
        observed.record.local_confidence = 40;
        observed.record.edge_class = 1;
        observed.record.edge_chance = 240;
        observed.record.is_audit = is_audit;
        observed.record.is_in_time = true;
        observed.record.edge_model = digest_of(80);
        return observed;
    }
    const policy::LearnCell& cell() { return feed.learner().cells().begin()->second; }

    SiteKnowledge knowledge;
    LearnerFeed feed{1};
};

TEST_F(Feed, NothingIsLearnedFromAVersionOnItsWay) {
    auto ahead = decided(4);
    ahead.policy = 4;  // 3 is in force
    auto sent = answered();
    sent.policy = 4;
    auto audit = answered(true);
    audit.policy = 4;
    const auto kept = feed.take({{sent, audit}, {ahead}});
    ASSERT_EQ(kept.size(), 1U) << "the audit's rate is another's";
    EXPECT_EQ(kept[0].propensity_q8, core::kCertain_q8);
    EXPECT_TRUE(feed.learner().cells().empty());
    const auto stored = feed.take({{answered(true)}, {decided(1)}});
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].propensity_q8, 4U);
    EXPECT_EQ(cell().answered(), 1U);
}

TEST_F(Feed, OwnDecisionsAndAnswersMeetInOneCell) {
    LearnerNews news;
    news.decided = {decided(16), decided(16, 2 * 16 + 10)};  // the second was the edge's
    news.answered = {answered()};
    feed.take(std::move(news));
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    const auto& key = feed.learner().cells().begin()->first;
    EXPECT_EQ(key.model, digest_of(2));
    EXPECT_EQ(key.edge_model, digest_of(80));
    EXPECT_EQ(key.scope.device_class.text(), "m4");
    EXPECT_EQ(cell().answered(), 1);
    EXPECT_NEAR(cell().terms().registration.rho, 0.9, 1e-9);
    EXPECT_EQ(cell().terms().registration.samples, 500);
}

TEST_F(Feed, KnowsWhichPairsDevicesUseNow) {
    const base::Instant now = base::Instant{} + std::chrono::seconds(90);
    feed.take({{}, {decided(16)}}, now);
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    const auto key = feed.learner().cells().begin()->first;
    EXPECT_EQ(feed.last_seen(key), now);
    EXPECT_TRUE(feed.is_served(key));
    auto before = key;
    before.edge_model = digest_of(9);
    EXPECT_FALSE(feed.is_served(before)) << "another answers now";
    EXPECT_FALSE(feed.last_seen(before));
}

TEST(LearnedViews, StandFirstThatDevicesUse) {
    std::vector<wire::LearnedCellView> views(4);
    views[0].device_class = "old";
    views[0].idle_s = 5;
    views[1].device_class = "silent";
    views[1].is_served = true;
    views[2].device_class = "used";
    views[2].is_served = true;
    views[2].idle_s = 70;
    views[3].device_class = "used";
    views[3].is_served = true;
    views[3].idle_s = 7;
    put_used_first(views);
    EXPECT_EQ(views[0].idle_s, 7);
    EXPECT_EQ(views[1].idle_s, 70);
    EXPECT_EQ(views[2].device_class, "old");
    EXPECT_EQ(views[3].device_class, "silent");
}

TEST_F(Feed, AnOverrideIsLearnedFromItsOwnDeviceAndPushedToNobodyElse) {
    const auto own = base::Audience::device(core::device_id("a"));
    auto record = knowledge.tasks.policies[0];
    record.policy = 5;
    record.audience = own;
    knowledge.tasks.policies.push_back(record);
    knowledge.authored[5] = knowledge.authored[3];
    feed.know(knowledge);
    auto of_device = decided(16);
    of_device.audience = own;
    of_device.policy = 5;
    feed.take({{}, {decided(16), of_device}});
    ASSERT_EQ(feed.learner().cells().size(), 2U);
    for (const auto& [key, cell] : feed.learner().cells()) {
        EXPECT_EQ(cell.policy_id(), key.scope.audience.is_class() ? 3U : 5U);
        EXPECT_EQ(to_record({key, {}, {}}).audience, key.scope.audience);
    }
    // It ends: its devices count with their class.
    knowledge.tasks.policies[1].is_withdrawn = true;
    knowledge.tasks.policies[1].policy = 6;
    feed.know(knowledge);
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    EXPECT_TRUE(feed.learner().cells().begin()->first.scope.audience.is_class());
}

TEST_F(Feed, ObservationsComeBackWithTheirPropensity) {
    LearnerNews news;
    news.answered = {answered(false), answered(true)};
    const auto records = feed.take(std::move(news));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].propensity_q8, core::kCertain_q8);
    EXPECT_EQ(records[1].propensity_q8, 4);
}

TEST_F(Feed, ATextThatCannotBeReadAnyMoreIsToldOnceAndNotLearnedUnder) {
    EXPECT_TRUE(feed.take_unreadable().empty());
    auto& text = knowledge.authored[3].text;
    text.replace(text.find("caps ="), 0, "classes = { gone = \"always-edge\" }\n");
    feed.know(knowledge);
    const auto told = feed.take_unreadable();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].describe().find("version 3 of the policy of task 1"), std::string::npos);
    EXPECT_NE(told[0].describe().find("the task has no class \"gone\""), std::string::npos);
    feed.take({{answered()}, {decided(16)}});
    EXPECT_TRUE(feed.learner().cells().empty());
    feed.know(knowledge);
    EXPECT_TRUE(feed.take_unreadable().empty());
}

TEST_F(Feed, AModelThatWasNeverReleasedHasNoCell) {
    LearnerNews news;
    news.answered = {answered()};
    news.answered[0].model = digest_of(99);
    EXPECT_EQ(feed.take(std::move(news)).size(), 1U);  // stored all the same
    EXPECT_TRUE(feed.learner().cells().empty());
}

TEST_F(Feed, APolicyThatIsOffIsNotLearnedFrom) {
    tell(4, "off");
    LearnerNews news;
    news.decided = {decided(16)};
    feed.take(std::move(news));
    EXPECT_TRUE(feed.learner().cells().empty());
}

TEST_F(Feed, LearningBeginsFromACanaryBeforeAnythingIsDecided) {
    CanaryPair pair{*base::ClassName::parse("m4"), digest_of(2), digest_of(80), {}, {}, {}};
    pair.registration.samples = 300;
    pair.registration.rho = 0.4;
    EXPECT_EQ(feed.register_pair(1, pair).size(), 1U);
    EXPECT_EQ(cell().terms().registration.samples, 300);
    EXPECT_EQ(cell().terms().registration.rho, 0.4);
    pair.model = digest_of(99);
    EXPECT_TRUE(feed.register_pair(1, pair).empty()) << "never released";
    tell(4, "off");
    pair.model = digest_of(2);
    EXPECT_TRUE(feed.register_pair(1, pair).empty()) << "nothing is learned";
}

TEST_F(Feed, ACanaryFromBeforeAPersonsPolicyChangesNothing) {
    CanaryPair pair{*base::ClassName::parse("m4"), digest_of(2), digest_of(80), {}, {}, {}};
    pair.registration.samples = 300;
    knowledge.tasks.owner_changes[1] = 1;
    tell(4, "isogain");
    EXPECT_TRUE(feed.register_pair(1, pair, 0).empty());
    EXPECT_EQ(cell().terms().registration.samples, 500) << "what the person's file says";
    EXPECT_EQ(feed.register_pair(1, pair, 1).size(), 1U);
    EXPECT_EQ(cell().terms().registration.samples, 300);
    knowledge.tasks.owner_changes[1] = 2;
    tell(5, "isogain");
    LearnerNews news;
    news.decided = {decided(1)};
    feed.take(std::move(news));
    EXPECT_EQ(cell().terms().registration.samples, 500) << "the person's next one";
}

TEST_F(Feed, ACanaryIsKeptWhateverIsLearnedAfter) {
    CanaryPair pair{*base::ClassName::parse("m4"), digest_of(2), digest_of(80), {}, {}, {}};
    pair.registration.samples = 300;
    pair.registration.rho = 0.4;
    pair.figures.samples = 300;
    pair.figures.edge_right = 0.912;
    const auto record = to_record(1, pair);
    EXPECT_EQ(record.edge_model, digest_of(80));
    EXPECT_NE(record.figures.find("300 samples"), std::string::npos);
    EXPECT_NE(record.figures.find("91.2 %"), std::string::npos);
    EXPECT_LE(record.figures.size(), core::kFiguresMax);
    feed = LearnerFeed(2);
    feed.remember(std::vector{record});
    tell(3, "isogain");
    LearnerNews news;
    news.decided = {decided(1)};
    feed.take(std::move(news));
    EXPECT_FLOAT_EQ(static_cast<float>(cell().terms().registration.rho), 0.4F);
    EXPECT_EQ(cell().terms().registration.samples, 300);
}

TEST_F(Feed, AfterARestartStoredCellsSayHowToGoOn) {
    for (int i = 0; i < 8; ++i) {
        LearnerNews news;
        news.decided = {decided(16)};
        feed.take(std::move(news));
    }
    const auto step = feed.learner().step({}, 4);
    ASSERT_EQ(step.changed.size(), 1U);
    const auto record = to_record(step.changed[0]);

    feed = LearnerFeed(2);
    feed.remember({record});
    tell(3, "isogain");
    LearnerNews news;
    news.decided = {decided(1)};
    feed.take(std::move(news));
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    EXPECT_EQ(cell().tasks(), 128);
}

TEST_F(Feed, ALearnedPolicyGoesOnAfterARestartWithNothingStored) {
    const policy::PolicyTarget target{"net", 1, digest_of(2), {"a", "b", "c"}, 3};
    const auto authored = *policy::compile_policy(policy_text("isogain"), "test", target);
    policy::LearnablePart learned = *policy::learnable_part(authored, 1);
    learned.tables[0].fill(9);
    learned.audit_q8 = 16;
    feed = LearnerFeed(2);
    tell_compiled(*policy::with_learned(authored, 1, 9, learned), 9, "isogain");
    LearnerNews news;
    news.decided = {decided(1)};
    feed.take(std::move(news));
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    EXPECT_EQ(cell().mode(), policy::LearnMode::kIsoGain);
    EXPECT_EQ(cell().terms().authored.audit_q8, 4) << "the owner's, not the alarm's";
    EXPECT_EQ(cell().terms().authored.tables[0][0], 250);
    EXPECT_EQ(cell().pushed().audit_q8, 16);
}

// A version that took another one back: what this class obeys was written in another text.
TEST_F(Feed, OfAVersionOfTwoTextsAClassLearnsByItsOwn) {
    core::PolicyVersionRecord version{.task = 1, .version = 4, .release = "net@2"};
    version.text = policy_text("off");
    version.parts = {{*base::ClassName::parse("any"), core::signed_policy("any")},
                     {*base::ClassName::parse("m4"), core::signed_policy("m4"),
                      core::PolicySource{"net@2", policy_text("isogain")}}};
    const policy::PolicyTarget target{"net", 1, digest_of(2), {"a", "b", "c"}, 4};
    compile(*policy::compile_policy(policy_text("isogain"), "test", target), 4);
    knowledge.authored.clear();
    knowledge.authored[4] = authored_of(version);
    feed.know(knowledge);
    feed.take({{}, {decided(16)}});
    ASSERT_EQ(feed.learner().cells().size(), 1U);
    EXPECT_EQ(cell().mode(), policy::LearnMode::kIsoGain);
    EXPECT_EQ(feed.authored(4, *base::ClassName::parse("m4")).text, policy_text("isogain"));
    EXPECT_EQ(feed.authored(4, *base::ClassName::parse("tiny")).text, policy_text("off"));
}

}  // namespace
}  // namespace frugal::app
