// SPDX-License-Identifier: Apache-2.0
// Escalated tasks: admitted only if there is time, earliest deadline first, raw input nowhere.
#include "unit/core/escalation_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;
using Escalation = EscalationWorld;

TEST_F(Escalation, AnswersWithTheEdgesVerdict) {
    escalate("a", 3);
    ASSERT_EQ(world.performed<Infer>().size(), 1U);
    EXPECT_EQ(world.performed<Infer>()[0]->inputs.at(0).size(), 3U);
    EXPECT_EQ(world.performed<Infer>()[0]->edge_model, digest_of(80));
    finish();
    ASSERT_EQ(verdicts("a").size(), 1U);
    const auto verdict = verdicts("a")[0];
    EXPECT_EQ(verdict.status, VerdictStatus::kAnswered);
    EXPECT_EQ(verdict.sequence, 3U);
    EXPECT_EQ(verdict.class_id, 5U);
    EXPECT_EQ(verdict.tier, Tier::kEdge);
    EXPECT_EQ(verdict.edge_model, 0xABCDU);
    EXPECT_EQ(statistics().disagreements, 1U);
}

TEST_F(Escalation, RunsTheEarliestDeadlineFirstAndAuditsLast) {
    escalate("a", 0);  // runs at once
    escalate("b", 2, 100, PolicyReason::kAudit);
    escalate("a", 1, 900);
    escalate("c", 3, 300);
    for (int i = 0; i < 4; ++i) {
        finish();
    }
    const auto asked = world.performed<Infer>();
    ASSERT_EQ(asked.size(), 4U);
    EXPECT_LT(asked[1]->deadline, asked[2]->deadline) << "c before a";
    EXPECT_LT(asked[3]->deadline, asked[1]->deadline) << "the audit last, though most urgent";
}

TEST_F(Escalation, SaysBusyAtOnceWhenThereIsNoTime) {
    escalate("a", 0);
    escalate("b", 1, 15);  // 10 ms of work before it, 10 ms of its own
    ASSERT_EQ(verdicts("b").size(), 1U);
    EXPECT_EQ(verdicts("b")[0].status, VerdictStatus::kBusy);
    EXPECT_GE(verdicts("b")[0].retry_after_ms, 20U);
    EXPECT_LE(verdicts("b")[0].retry_after_ms, 25U) << "spread by a quarter";
    EXPECT_EQ(statistics().busy, 1U);
}

class FullDesk : public EscalationWorld {
protected:
    static CoreConfig config() {
        auto config = small_offload_config();
        config.offload.queue_limit = 1;
        return config;
    }
    FullDesk() : EscalationWorld(config()) {}
};

TEST_F(FullDesk, ShedsAnAuditForARealTask) {
    escalate("a", 0);
    escalate("c", 4, 1000, PolicyReason::kAudit);
    EXPECT_EQ(statistics().queued, 1U);
    escalate("b", 6, 1000, PolicyReason::kAudit);
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy) << "an audit sheds nobody";
    escalate("a", 5);
    EXPECT_EQ(statistics().queued, 1U);
    ASSERT_EQ(verdicts("c").size(), 1U);
    EXPECT_EQ(verdicts("c")[0].sequence, 4U);
    EXPECT_EQ(verdicts("c")[0].status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().audits_shed, 1U);
}

TEST_F(Escalation, TakesAuditsInSpareTimeOnly) {
    escalate("a", 0);
    escalate("b", 1);
    escalate("c", 2, 60'000, PolicyReason::kAudit);
    ASSERT_EQ(verdicts("c").size(), 1U) << "in time it would have been";
    EXPECT_EQ(verdicts("c")[0].status, VerdictStatus::kBusy);
}

TEST_F(Escalation, AdmitsNoMoreThanItsLimits) {
    for (std::uint64_t i = 0; i < 50; ++i) {
        escalate(i % 2 == 0 ? "a" : "b", i, 60'000);
    }
    EXPECT_LE(statistics().queued, 4U);
    EXPECT_LE(statistics().queued_bytes, 15U) << "what runs counts";
    EXPECT_EQ(statistics().load, 255U);
    EXPECT_EQ(statistics().price, 255U);
}

TEST_F(Escalation, NeverRunsExpiredWork) {
    escalate("a", 0);
    escalate("b", 1, 100, PolicyReason::kAudit);
    world.advance(milliseconds(200));
    EXPECT_EQ(statistics().expired, 1U);
    EXPECT_EQ(statistics().queued, 0U);
    finish(milliseconds(0));
    EXPECT_EQ(world.performed<Infer>().size(), 1U);
}

TEST_F(Escalation, DoesNotSendAVerdictThatIsTooLate) {
    escalate("a", 0, 50);
    finish(milliseconds(80));
    EXPECT_TRUE(verdicts("a").empty());
    EXPECT_EQ(statistics().expired, 1U);
}

TEST_F(Escalation, LearnsTheServiceTime) {
    for (std::uint64_t i = 0; i < 60; ++i) {
        escalate("a", i, 5000);
        finish(milliseconds(40));
    }
    EXPECT_GT(statistics().service_time.at(1), milliseconds(35));
    escalate("b", 1, 30);
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy);
}

TEST_F(Escalation, OneStallOfTheEngineTurnsNobodyAway) {
    for (std::uint64_t i = 0; i < 20; ++i) {
        escalate("a", i);
        finish(milliseconds(10));
    }
    escalate("a", 20, 60'000);
    finish(milliseconds(4'900));
    EXPECT_LE(statistics().service_time.at(1), milliseconds(14)) << "(7 * 10 + 4 * 10) / 8";
    escalate("a", 21, 50);
    EXPECT_EQ(statistics().running, 1U);
}

TEST_F(Escalation, AnIdleDeskTriesOneAgainWhenItsEstimateForbidsThemAll) {
    std::uint64_t sequence = 0;
    for (; sequence < 25; ++sequence) {  // wedged for long: each time the estimate rises by 3/8
        escalate("a", sequence, 60'000);
        finish(milliseconds(50'000));
    }
    ASSERT_GT(statistics().service_time.at(1), milliseconds(1000));
    escalate("a", ++sequence);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy) << "it has just been measured";
    world.advance(OffloadConfig{}.probe_interval);
    escalate("a", ++sequence);
    escalate("b", ++sequence);
    EXPECT_EQ(statistics().running, 1U) << "one probe";
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy) << "and no more than one";
    finish(milliseconds(10));
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kAnswered);
    EXPECT_EQ(statistics().service_time.at(1), milliseconds(10)) << "the old estimate was wrong";
    escalate("b", ++sequence, 100);
    EXPECT_EQ(statistics().running, 1U) << "as before the wedge";
}

TEST_F(Escalation, AProbeThatIsSlowIsNotRepeatedAtOnce) {
    std::uint64_t sequence = 0;
    for (; sequence < 25; ++sequence) {
        escalate("a", sequence, 60'000);
        finish(milliseconds(50'000));
    }
    world.advance(OffloadConfig{}.probe_interval);
    const auto before = statistics().service_time.at(1);
    escalate("a", ++sequence);
    finish(milliseconds(900));
    EXPECT_LT(statistics().service_time.at(1), before);
    escalate("a", ++sequence, 500);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().running, 0U);
}

TEST_F(Escalation, AnswersOneInstanceOnce) {
    escalate("a", 0);
    escalate("a", 0);
    finish();
    EXPECT_EQ(world.performed<Infer>().size(), 1U);
    escalate("a", 0);
    ASSERT_EQ(verdicts("a").size(), 2U) << "asked again: told again, not run again";
    EXPECT_EQ(verdicts("a")[0].class_id, verdicts("a")[1].class_id);
    EXPECT_EQ(world.performed<Infer>().size(), 1U);
}

TEST_F(Escalation, RefusesWhatItCannotOrMustNotAnswer) {
    world.get<Done>(DefineTask{{.task = 2, .name = "private", .privacy = TaskPrivacy::kNever}});
    world.get<Done>(SetEdgeModel{{.task = 2, .digest = digest_of(81), .name = "x"}, {}});
    escalate("a", 0, 1000, PolicyReason::kEscalateGain, 2);
    escalate("a", 1, 1000, PolicyReason::kEscalateGain, 3);
    escalate("a", 2, 1000, PolicyReason::kEscalateGain, 1, {1, 2});
    ASSERT_EQ(verdicts("a").size(), 3U);
    for (const auto& verdict : verdicts("a")) {
        EXPECT_EQ(verdict.status, VerdictStatus::kRefused);
    }
    EXPECT_EQ(world.written<IncidentRecord>().at(0).kind, IncidentKind::kPrivateInput);
    EXPECT_TRUE(world.performed<Infer>().empty());
}

TEST_F(Escalation, TellsTheDeviceWhenTheEngineFails) {
    escalate("a", 0);
    world.give(InferenceDone{
        world.performed<Infer>()[0]->work, {base::fail(base::ErrorKind::kInternal, "engine")}, {}});
    ASSERT_EQ(verdicts("a").size(), 1U);
    EXPECT_EQ(verdicts("a")[0].status, VerdictStatus::kRefused);
    EXPECT_EQ(statistics().failed, 1U);
}

TEST_F(Escalation, GivesEachDeviceItsShareOnly) {
    CoreConfig config = small_offload_config();
    config.offload.queue_limit = 100;
    SiteWorld fair(config);
    fair.enrol("a");
    fair.get<Done>(
        SetEdgeModel{{.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 0}, {}});
    for (std::uint64_t i = 0; i < 20; ++i) {
        Escalate message;
        message.task = 1;
        message.sequence = i;
        message.deadline_ms = 50'000;
        message.policy_reason = PolicyReason::kEscalateGain;
        message.features = Features({1});
        fair.say("a", std::move(message));
    }
    EXPECT_EQ(fair.get<EscalationStatistics>(GetEscalationStatistics{}).queued,
              config.offload.per_device);
}

TEST_F(Escalation, IsOverBeforeAnythingIsWritten) {
    const auto before = world.committed.size();
    escalate("a", 0);
    finish();
    EXPECT_EQ(world.committed.size(), before) << "no row, no log of an escalation";
}

TEST(Features, AreWipedWhenTheyLeave) {
    base::Bytes bytes(64, 0xAA);
    const auto* memory = bytes.data();
    Features features(std::move(bytes));
    EXPECT_EQ(features.view().data(), memory) << "moved, not copied";
    features.wipe();
    EXPECT_EQ(features.size(), 0U);
    for (int i = 0; i < 64; ++i) {
        // The vector keeps its capacity: the memory is still ours to look at.
        EXPECT_EQ(memory[i], 0);
    }
}

}  // namespace
}  // namespace frugal::core
