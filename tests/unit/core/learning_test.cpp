// SPDX-License-Identifier: Apache-2.0
// What the core tells the learner, and what it stores for it.
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;

class Learning : public ::testing::Test {
protected:
    Learning() {
        world.enrol("a");
        world.say("a", hello("a"));
        world.get<Done>(SetEdgeModel{
            {.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 3}, {}});
        world.take();
    }
    void escalate(PolicyReason reason) {
        Escalate message;
        message.stream = {7};
        message.sequence = 3;
        message.task = 1;
        message.deadline_ms = 1000;
        message.release = 4;
        message.local_class = 2;
        message.local_confidence = 99;
        message.policy_reason = reason;
        message.features = Features(base::Bytes{1, 2, 3});
        world.say("a", std::move(message));
    }
    void answer(milliseconds after) {
        const auto work = world.performed<Infer>().back()->work;
        world.now.instant = world.now.instant + after;
        world.give(InferenceDone{work, {EdgeAnswer{1, 200, 0xABCD, {5, 200, 31}}}, after});
    }
    SiteWorld world;
};

TEST_F(Learning, AnAnsweredEscalationIsEvidence) {
    escalate(PolicyReason::kAudit);
    answer(milliseconds(10));
    const auto seen = world.performed<Observed>();
    ASSERT_EQ(seen.size(), 1U);
    const auto& record = seen[0]->record;
    EXPECT_EQ(seen[0]->device_class.text(), "m4");
    EXPECT_EQ(record.task, 1U);
    EXPECT_EQ(record.release, 4U);
    EXPECT_EQ(record.sequence, 3U);
    EXPECT_EQ(record.local_confidence, 99);
    EXPECT_EQ(record.local_class, 2U);
    EXPECT_EQ(record.edge_class, 1U);
    EXPECT_EQ(record.edge_chance, 200);
    EXPECT_EQ(record.local_chance, 31);
    EXPECT_TRUE(record.is_audit);
    EXPECT_TRUE(record.is_in_time);
    EXPECT_EQ(record.edge_model, digest_of(80));
}

TEST_F(Learning, ALateAnswerIsEvidenceToo) {
    escalate(PolicyReason::kEscalateGain);
    answer(milliseconds(2000));
    const auto seen = world.performed<Observed>();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_FALSE(seen[0]->record.is_in_time);
    EXPECT_FALSE(seen[0]->record.is_audit);
    EXPECT_TRUE(world.sent<Verdict>("a").empty());
}

TEST_F(Learning, DecisionsAreToldOnceTheyAreDurable) {
    world.hold_disk();
    world.say("a", decisions(0, 5));
    EXPECT_TRUE(world.performed<DecisionsStored>().empty());
    world.commit();
    const auto told = world.performed<DecisionsStored>();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0]->device_class.text(), "m4");
    EXPECT_EQ(told[0]->run.decisions.count, 5U);
    // The same again is stored already, and told already.
    world.say("a", decisions(0, 5));
    EXPECT_EQ(world.performed<DecisionsStored>().size(), 1U);
}

TEST_F(Learning, WhatIsLearnedIsStoredAndAlarmsAreAudited) {
    const auto m4 = *base::ClassName::parse("m4");
    SaveLearning command;
    command.cells = {{1, m4, digest_of(1), digest_of(80), {1, 2, 3}}};
    command.observations.emplace_back().task = 1;
    command.events = {{1, m4, "learning again"}};
    world.get<Done>(std::move(command));
    ASSERT_EQ(world.written<LearningRecord>().size(), 1U);
    EXPECT_EQ(world.written<LearningRecord>()[0].state, (base::Bytes{1, 2, 3}));
    EXPECT_EQ(world.written<ObservationRecord>().size(), 1U);
    const auto audit = world.written<AuditRecord>();
    EXPECT_EQ(audit.back().action, "policy.alarm");
    EXPECT_EQ(audit.back().detail, "learning again");
}

TEST_F(Learning, ACanaryIsAuditedAndKeptUntilAPersonsNextPolicy) {
    const auto set = [this](std::uint32_t number, PolicyOrigin origin, std::uint32_t source) {
        world.get<PolicySet>(
            SetPolicy{{.task = 1,
                       .version = number,
                       .origin = origin,
                       .source = source,
                       .parts = {{*base::ClassName::parse("m4"), signed_policy("policy")}}}});
    };
    SaveLearning command;
    command.canaries = {{.task = 1,
                         .model = digest_of(1),
                         .edge_model = digest_of(80),
                         .state = {4},
                         .figures = "right in 91.2 %"}};
    world.get<Done>(std::move(command));
    const auto kept = world.written<CanaryRecord>();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].actor, "ada");
    EXPECT_GT(kept[0].saved_at.unix_ms, 0);
    const auto audit = world.written<AuditRecord>().back();
    EXPECT_EQ(audit.action, "task.canary");
    EXPECT_EQ(audit.subject, "task 1");
    EXPECT_EQ(audit.detail, "right in 91.2 %");
    set(1, PolicyOrigin::kAuthored, 0);
    EXPECT_TRUE(world.written<CanariesDropped>().empty()) << "the first replaces none";
    set(2, PolicyOrigin::kLearned, 1);
    EXPECT_TRUE(world.written<CanariesDropped>().empty()) << "a push comes of it";
    set(3, PolicyOrigin::kAuthored, 0);
    EXPECT_EQ(world.written<CanariesDropped>().size(), 1U);
}

// What a person set while samples were measured counts, and the figures change nothing any more.
TEST_F(Learning, ACanaryBegunBeforeAPersonsPolicyIsRefused) {
    const auto set = [this](std::uint32_t number) {
        world.get<PolicySet>(
            SetPolicy{{.task = 1,
                       .version = number,
                       .parts = {{*base::ClassName::parse("m4"), signed_policy("policy")}}}});
    };
    set(1);
    const auto changes = [this] { return world.get<TaskList>(ListTasks{}).owner_changes; };
    EXPECT_TRUE(changes().empty()) << "the first replaces none";
    set(2);
    EXPECT_EQ(changes().at(1), 2U) << "its version";
    SaveLearning measured;
    measured.canaries = {{.task = 1, .model = digest_of(1), .edge_model = digest_of(80)}};
    const auto refused = world.ask(measured);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    EXPECT_EQ(refused.error().cause, "a policy of task 1 was set meanwhile");
    EXPECT_TRUE(world.written<CanaryRecord>().empty());
    measured.owner_changes = 2;
    EXPECT_TRUE(world.ask(measured)) << "begun after";
    EXPECT_EQ(world.written<CanaryRecord>().size(), 1U);
}

TEST_F(Learning, WhatWasLearnedForAnOverrideThatEndedIsNotStoredAgain) {
    LearningRecord cell{1, *base::ClassName::parse("m4"), digest_of(1), digest_of(80), {1}};
    cell.audience = base::Audience::device(device_id("a"));
    world.get<Done>(SaveLearning{.cells = {cell}});
    EXPECT_TRUE(world.written<LearningRecord>().empty());
    cell.audience = {};
    world.get<Done>(SaveLearning{.cells = {cell}});
    EXPECT_EQ(world.written<LearningRecord>().size(), 1U);
}

TEST_F(Learning, AnEdgeModelMeasuredAgainstAnotherIsRefused) {
    const auto measured_against = [](std::optional<base::Digest> digest, std::uint8_t model) {
        return SetEdgeModel{
            {.task = 1, .digest = digest_of(model), .name = "new", .input_bytes = 3},
            {},
            EdgePredecessor{digest}};
    };
    for (const auto& stale : {std::optional<base::Digest>(), std::optional(digest_of(79))}) {
        const auto refused = world.ask(measured_against(stale, 81));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    }
    EXPECT_EQ(world.get<TaskList>(ListTasks{}).edge_models.at(0).digest, digest_of(80));
    EXPECT_TRUE(world.ask(measured_against(digest_of(80), 81)));
    EXPECT_FALSE(world.ask(measured_against(digest_of(80), 82))) << "the second of two at once";
    EXPECT_EQ(world.get<TaskList>(ListTasks{}).edge_models.at(0).digest, digest_of(81));
}

TEST_F(Learning, AStateThatIsTooLargeIsRefusedWhole) {
    SaveLearning command;
    command.observations.emplace_back().task = 1;
    command.cells = {{1, *base::ClassName::parse("m4"), digest_of(1), digest_of(80),
                      base::Bytes(kLearningStateMax + 1)}};
    const auto refused = world.ask(std::move(command));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_TRUE(world.written<ObservationRecord>().empty());
}

}  // namespace
}  // namespace frugal::core
