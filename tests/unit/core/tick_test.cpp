// SPDX-License-Identifier: Apache-2.0
// I3: nothing that promises durability leaves before the commit that makes it true.
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

class TickTest : public ::testing::Test {
protected:
    TickTest() {
        world.enrol("dev");
        world.say("dev", hello("dev"));
        world.take();
        world.hold_disk();
    }
    SiteWorld world;
};

TEST_F(TickTest, HoldsTheAckUntilTheCommitIsReported) {
    world.say("dev", decisions(0, 8));
    EXPECT_TRUE(world.is_committing());
    EXPECT_TRUE(world.sent<Ack>("dev").empty());
    world.commit();
    EXPECT_EQ(world.sent<Ack>("dev").size(), 1U);
}

TEST_F(TickTest, GathersTheNextBatchWhileACommitIsInFlight) {
    world.say("dev", decisions(0, 8));
    world.say("dev", decisions(8, 8));
    world.say("dev", decisions(16, 8));
    EXPECT_EQ(world.pending().decision_rows, 8U);
    world.commit();
    ASSERT_EQ(world.sent<Ack>("dev").size(), 1U);
    EXPECT_EQ(world.sent<Ack>("dev").back().next_sequence, 8U);
    ASSERT_TRUE(world.is_committing());
    EXPECT_EQ(world.pending().decision_rows, 16U);
    world.commit();
    EXPECT_EQ(world.sent<Ack>("dev").back().next_sequence, 24U);
    EXPECT_FALSE(world.is_committing());
}

TEST_F(TickTest, ADuplicateIsNotAckedBeforeTheFirstCopyIsDurable) {
    world.say("dev", decisions(0, 8));
    world.say("dev", decisions(0, 8));
    EXPECT_TRUE(world.sent<Ack>("dev").empty());
    world.commit();
    EXPECT_FALSE(world.is_committing()) << "nothing left to write";
    EXPECT_EQ(world.sent<Ack>("dev").size(), 2U);
}

TEST_F(TickTest, ReleasesNothingAfterAFailedCommit) {
    world.say("dev", decisions(0, 8));
    world.say("dev", decisions(8, 8));
    world.fail_commit();
    EXPECT_TRUE(world.tick.is_spent());
    EXPECT_TRUE(world.sent<Ack>("dev").empty());
    world.say("dev", decisions(16, 8));
    EXPECT_TRUE(world.sent<Ack>("dev").empty());
    EXPECT_FALSE(world.is_committing());
    EXPECT_FALSE(world.tick.next_deadline());
}

TEST_F(TickTest, AnswersAdminChangesAfterTheCommitOnly) {
    world.give(AdminRequest{{900}, "ada", AddDevice{device_id("new"), "", digest_of(1), {}}});
    EXPECT_TRUE(world.performed<Reply>().empty());
    // Reading must not show what may still be undone.
    world.give(AdminRequest{{901}, "ada", GetDevice{device_id("new")}});
    EXPECT_TRUE(world.performed<Reply>().empty());
    world.commit();
    EXPECT_EQ(world.performed<Reply>().size(), 2U);
}

TEST_F(TickTest, DoesNotLetVerdictsWaitForTheDisk) {
    world.say("dev", decisions(0, 8));
    Escalate escalate;
    escalate.stream = {7};
    escalate.task = 1;
    escalate.deadline_ms = 500;
    escalate.policy_reason = PolicyReason::kEscalateGain;
    escalate.features = Features({1, 2, 3});
    world.say("dev", std::move(escalate));
    ASSERT_TRUE(world.is_committing());
    ASSERT_EQ(world.sent<Verdict>("dev").size(), 1U);
    EXPECT_EQ(world.sent<Verdict>("dev")[0].status, VerdictStatus::kRefused);
}

TEST_F(TickTest, ParksDecisionsWhenTheBatchIsFullAndLosesNone) {
    CoreConfig config;
    config.tick.batch_rows = 64;
    SiteWorld small(config);
    small.enrol("dev");
    small.say("dev", hello("dev"));
    small.hold_disk();
    for (std::uint64_t first = 0; first < 1600; first += 16) {
        small.say("dev", decisions(first, 16));
    }
    while (small.is_committing()) {
        EXPECT_LE(small.pending().rows(), 64U);
        small.commit();
    }
    EXPECT_EQ(small.stored_decisions(), 1600U);
    EXPECT_EQ(small.sent<Ack>("dev").back().next_sequence, 1600U);
}

TEST_F(TickTest, TurnsDecisionsAwayUnacknowledgedWhenTheParkIsFullToo) {
    CoreConfig config;
    config.tick.batch_rows = 64;
    config.tick.parked_messages = 4;
    SiteWorld small(config);
    small.enrol("dev");
    small.say("dev", hello("dev"));
    small.hold_disk();
    for (std::uint64_t first = 0; first < 1600; first += 16) {
        small.say("dev", decisions(first, 16));
    }
    while (small.is_committing()) {
        small.commit();
    }
    const auto mark = small.sent<Ack>("dev").back().next_sequence;
    EXPECT_EQ(mark, small.stored_decisions());
    EXPECT_LT(mark, 1600U);
    EXPECT_GT(small.get<Overview>(GetOverview{}).intake.shed, 0U);
}

TEST_F(TickTest, TakesANewFencingEpochAtEveryStart) {
    SiteWorld first;
    EXPECT_EQ(first.written<FencingEpochRecord>().at(0).epoch, 1U);
    SiteWorld second({}, Snapshot{.fencing_epoch = 1});
    EXPECT_EQ(second.written<FencingEpochRecord>().at(0).epoch, 2U);
    EXPECT_EQ(second.performed<PublishRevocations>().size(), 1U);
}

// I23: the same events give the same effects and the same writes.
TEST_F(TickTest, IsDeterministic) {
    const auto run = [] {
        SiteWorld site;
        for (int i = 0; i < 40; ++i) {
            site.enrol("dev-" + std::to_string(i));
        }
        site.import(1, 1, 50);
        site.get<RolloutStarted>(StartRollout{model_name("net"), 1, {}});
        for (int i = 39; i >= 0; --i) {
            site.say("dev-" + std::to_string(i), hello("dev-" + std::to_string(i)));
        }
        site.advance(std::chrono::seconds(2));
        std::string trace;
        for (const auto& effect : site.effects) {
            trace += std::to_string(effect.index());
            if (const auto* send = std::get_if<Send>(&effect)) {
                trace += send->device.text() + std::to_string(send->message.index());
            }
        }
        return trace;
    };
    EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace frugal::core
