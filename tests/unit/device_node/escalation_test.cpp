// SPDX-License-Identifier: Apache-2.0
// Escalations: bounded, answered or late, never private, never kept.
#include <cstring>

#include "node_fixture.hpp"
#include "support/policy_bytes.hpp"

namespace frugal::test {
namespace {

class Escalation : public NodeTest {
protected:
    void start_with(const v1::SignedBlob& policy) {
        world.site.policy = policy;
        start();
        world.run(10000);
        world.decided.clear();
    }

    /// Verdicts do not arrive; the test may let them.
    void hold_verdicts() {
        world.lose_down = [this](const Down& down) {
            if (down.kind == FR_DOWN_VERDICT) {
                held.push_back(down);
            }
            return down.kind == FR_DOWN_VERDICT;
        };
    }

    std::vector<Down> held;
};

TEST_F(Escalation, TheEdgesAnswerBecomesTheDecision) {
    start_with(maker().policy(1, 255));
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_TRUE(world.last.escalated);
    EXPECT_EQ(world.last.reason, FR_POLICY_ESC_GAIN);
    EXPECT_TRUE(world.decided.empty());
    world.settle();
    ASSERT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.decided[0].tier, FR_TIER_EDGE);
    EXPECT_EQ(world.decided[0].class_id, world.site.edge_class);
    EXPECT_EQ(world.decided[0].confidence_q8, 240);
    EXPECT_EQ(world.decided[0].sequence, world.last.sequence);
    world.run(10000);
    EXPECT_EQ(world.site.stored.at(world.last.sequence).outcome, 2U * 16 + FR_POLICY_ESC_GAIN);
}

struct TierCase {
    const char* case_name;
    fr_tier_t tier;
    fr_privacy_t sample;
    std::uint32_t sent;
    std::uint32_t may_go_on;
};

TEST_F(Escalation, OnlyAPublicSampleWhoseAnswerIsCloudMayGoOn) {
    const TierCase cases[] = {
        {"edge", FR_TIER_EDGE, FR_PRIVACY_PUBLIC, 1, 0},
        {"cloud", FR_TIER_CLOUD, FR_PRIVACY_PUBLIC, 1, 1},
        {"edge, edge only", FR_TIER_EDGE, FR_PRIVACY_EDGE_ONLY, 1, 0},
        {"cloud, edge only", FR_TIER_CLOUD, FR_PRIVACY_EDGE_ONLY, 0, 0},
        {"cloud, never", FR_TIER_CLOUD, FR_PRIVACY_NEVER, 0, 0},
        {"cloud, not stated", FR_TIER_CLOUD, FR_PRIVACY_UNSET, 0, 0},
    };
    start();
    std::uint32_t id = 1;
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        world.site.policy = maker().policy(id++, 255, 0, row.tier);
        tell();
        world.site.escalations = 0;
        world.site.may_go_on = 0;
        ASSERT_EQ(world.submit(1000, row.sample), FR_OK);
        world.settle();
        EXPECT_EQ(world.site.escalations, row.sent);
        EXPECT_EQ(world.site.may_go_on, row.may_go_on);
    }
}

TEST_F(Escalation, ALateAnswerIsIgnored) {
    start_with(maker().policy(1, 255));
    hold_verdicts();
    ASSERT_EQ(world.submit(300), FR_OK);
    world.run(299);
    EXPECT_TRUE(world.decided.empty());
    world.run(2);
    ASSERT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.decided[0].reason, FR_POLICY_LATE);
    EXPECT_EQ(world.decided[0].tier, FR_TIER_LOCAL);
    EXPECT_EQ(world.decided[0].class_id, world.decided[0].local_class);
    world.downs.push_back(held.at(0));
    world.settle();
    EXPECT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.counters().late_verdicts, 1U);
}

TEST_F(Escalation, TheWordOfALateAnswerCounts) {
    start_with(maker().policy(1, 255));
    hold_verdicts();
    world.site.price = 200;
    world.site.load = 100;
    ASSERT_EQ(world.submit(300), FR_OK);
    world.run(301);
    ASSERT_EQ(world.decided.size(), 1U);
    ASSERT_EQ(world.node.tasks[0].price, 0U);
    world.downs.push_back(held.at(0));
    world.settle();
    EXPECT_EQ(world.node.tasks[0].price, 200U);
    EXPECT_EQ(world.node.load, 100U);
}

TEST_F(Escalation, ABusyEdgeLeavesTheLocalAnswerAndAPause) {
    start_with(maker().policy(1, 255));
    world.site.answer = Answer::kBusy;
    ASSERT_EQ(world.submit(), FR_OK);
    world.settle();
    ASSERT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.decided[0].reason, FR_POLICY_BUSY_RETRY);
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_FALSE(world.last.escalated);
    EXPECT_EQ(world.last.reason, FR_POLICY_BUDGET);
    world.run(600);
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_TRUE(world.last.escalated);
}

TEST_F(Escalation, AClosedEdgeIsSentNothingUntilAnAckSaysOtherwise) {
    for (auto* word : {&world.site.load, &world.site.price}) {
        *word = 0;
        start_with(maker().policy(1, 255));
        *word = 255;
        ASSERT_EQ(world.submit(), FR_OK);
        EXPECT_TRUE(world.last.escalated) << "nobody has told it yet";
        world.settle();
        const auto sent = world.site.escalations;
        for (int i = 0; i < 8; ++i) {
            ASSERT_EQ(world.submit(), FR_OK);
            EXPECT_FALSE(world.last.escalated) << "though its gain beats any price";
            EXPECT_EQ(world.last.reason, FR_POLICY_BUDGET);
        }
        EXPECT_EQ(world.site.escalations, sent);
        *word = 254;
        world.run(20000);  // its decisions are acknowledged
        ASSERT_EQ(world.submit(), FR_OK);
        EXPECT_TRUE(world.last.escalated) << "expensive is not closed";
        world.settle();
        *word = 0;
        world.run(20000);
    }
}

TEST_F(Escalation, AtMostFourWait) {
    start_with(maker().policy(1, 255));
    world.site.answer = Answer::kSilence;
    for (std::uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
        EXPECT_TRUE(world.last.escalated);
    }
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_FALSE(world.last.escalated);
    EXPECT_EQ(world.last.reason, FR_POLICY_BUDGET);
    world.run(20000);
    EXPECT_EQ(world.decided.size(), 5U);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
}

TEST_F(Escalation, AnOpenOneHoldsBackTheBatchUntilItsDeadline) {
    start_with(maker().policy(1, 255));
    world.site.answer = Answer::kSilence;
    world.site.batched = 0;
    ASSERT_EQ(world.submit(5000), FR_OK);
    world.node.tasks[0].busy_until_ms = UINT64_MAX;
    for (int i = 0; i < 15; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    world.run(4000);
    EXPECT_EQ(world.site.batched, 0U);
    world.run(4000);
    EXPECT_EQ(world.site.batched, 16U);
}

TEST_F(Escalation, PrivateSamplesNeverLeave) {
    start_with(maker().policy(1, 255));
    const std::string canary(64, '\x5c');
    for (const auto privacy : {FR_PRIVACY_NEVER, FR_PRIVACY_UNSET}) {
        ASSERT_EQ(world.submit(1000, privacy), FR_OK);
        EXPECT_FALSE(world.last.escalated);
        EXPECT_EQ(world.last.reason, FR_POLICY_PRIVATE);
    }
    EXPECT_EQ(world.site.escalations, 0U + world.counters().escalations);
    ASSERT_EQ(world.submit(1000, FR_PRIVACY_EDGE_ONLY), FR_OK);
    EXPECT_TRUE(world.last.escalated);
}

TEST_F(Escalation, APrivateTaskNeverEscalates) {
    Shape shape;
    shape.privacy = FR_PRIVACY_UNSET;
    DeviceWorld guarded(maker(), shape);
    guarded.site.policy = maker().policy(1, 255);
    ASSERT_EQ(guarded.boot(), FR_OK);
    guarded.install(first());
    ASSERT_EQ(guarded.submit(1000, FR_PRIVACY_PUBLIC), FR_OK);
    EXPECT_EQ(guarded.last.reason, FR_POLICY_PRIVATE);
    EXPECT_EQ(guarded.site.escalations, 0U);
    expect_sound(guarded);
}

TEST_F(Escalation, NothingOfASampleStaysBehind) {
    start_with(maker().policy(1, 255));
    std::array<std::uint8_t, 784> input;
    std::memset(input.data(), 0x5c, input.size());
    const fr_submission_t submission{1, input.data(), input.size(), 1000, FR_PRIVACY_PUBLIC};
    ASSERT_EQ(fr_node_submit(&world.node, &submission, world.now_ms, &world.last), FR_OK);
    EXPECT_TRUE(world.last.escalated);
    const std::vector<std::uint8_t> canary(8, 0x5c);
    const auto* arena = world.config.arena;
    EXPECT_EQ(std::search(arena, arena + world.config.arena_bytes, canary.begin(), canary.end()),
              arena + world.config.arena_bytes);
    const auto& flash = world.flash.bytes;
    EXPECT_EQ(std::search(flash.begin(), flash.end(), canary.begin(), canary.end()), flash.end());
    const auto* node = reinterpret_cast<const std::uint8_t*>(&world.node);
    EXPECT_EQ(std::search(node, node + sizeof world.node, canary.begin(), canary.end()),
              node + sizeof world.node);
}

TEST_F(Escalation, WithoutASessionTheDeviceDecides) {
    start_with(maker().policy(1, 255));
    world.disconnect();
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_EQ(world.last.reason, FR_POLICY_NOLINK);
    EXPECT_FALSE(world.last.escalated);
}

TEST_F(Escalation, ARefusedPublishIsDecidedHere) {
    start_with(maker().policy(1, 255));
    world.publish_works = false;
    ASSERT_EQ(world.submit(), FR_OK);
    ASSERT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.decided[0].reason, FR_POLICY_NOLINK);
    world.publish_works = true;
}

TEST_F(Escalation, ACutWhileOneWaitsIsHealedWithTheLocalAnswer) {
    start_with(maker().policy(1, 255));
    world.site.answer = Answer::kSilence;
    ASSERT_EQ(world.submit(), FR_OK);
    const auto sequence = world.last.sequence;
    ASSERT_EQ(world.boot(), FR_OK);
    ASSERT_EQ(world.decided.size(), 1U);
    EXPECT_EQ(world.decided[0].sequence, sequence);
    EXPECT_EQ(world.decided[0].reason, FR_POLICY_LATE);
    EXPECT_EQ(fr_node_next_sequence(&world.node), sequence + 1);
}

TEST_F(Escalation, TheHourlyCapHoldsInEveryHour) {
    start_with(maker().sign(policy_bytes(1, task_that_asks(16))));
    std::vector<std::uint64_t> sent;
    for (int minute = 0; minute < 300; ++minute) {
        ASSERT_EQ(world.submit(), FR_OK);
        if (world.last.escalated) {
            sent.push_back(world.now_ms);
        }
        world.run(60000);
    }
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const auto in_hour = std::count_if(sent.begin(), sent.end(), [&](auto time) {
            return time >= sent[i] && time < sent[i] + 3600000;
        });
        EXPECT_LE(in_hour, 16) << "from " << sent[i];
    }
    EXPECT_GE(sent.size(), 50U);
}

class PolicyInForce : public Escalation {};

TEST_F(PolicyInForce, BelongsToItsModel) {
    start_with(maker().policy(1, 0, 255));
    EXPECT_EQ(world.status().policy, 1U);
    world.site.policy = maker().policy(2, 255);
    pursue(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().policy, 2U);
    // Falling back brings the old policy back with the old model (I12).
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
    }
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().policy, 1U);
}

TEST_F(PolicyInForce, OnlyGrows) {
    start_with(maker().policy(5, 255));
    world.site.policy = maker().policy(4, 0, 255);
    tell();
    EXPECT_EQ(world.status().policy, 5U);
    world.site.policy = maker().policy(5, 0, 255);
    tell();
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_TRUE(world.last.escalated) << "another policy under the same id is not taken";
    world.site.policy = maker().policy(6, 0, 255);
    tell();
    EXPECT_EQ(world.status().policy, 6U);
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().policy, 6U);
}

TEST_F(PolicyInForce, OfAModelThatFailedIsTakenByTheOneThatIsBack) {
    start_with(maker().policy(1, 0, 255));
    world.site.policy = maker().policy(2, 255);
    pursue(second());
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
    }
    ASSERT_EQ(world.status().policy, 1U);
    world.site.wanted = first();
    ++world.site.version;
    world.connect();
    world.run(10000);
    ASSERT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().policy, 2U) << "in force on the site, and newer than the slot's";
}

TEST_F(PolicyInForce, ChangesWhileAModelIsOnItsWay) {
    start_with(maker().policy(1, 255));
    world.battery = 50;
    world.site.minimum_battery = 100;  // the new model waits
    world.site.policy = maker().policy(2, 255);
    want(second());
    ASSERT_EQ(world.status().policy, 1U) << "came with the new model, and waits for it";
    world.site.policy = maker().policy(3, 0, 255);
    tell();
    ASSERT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().policy, 3U);
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_FALSE(world.last.escalated);
}

TEST_F(PolicyInForce, ChangesThoughAModelIsRefused) {
    start_with(maker().policy(1, 255));
    const auto unfit = maker().make("fashion-tiny-2.tflite", 2, 256,
                                    [](auto& m) { m.set_arena_bytes(6 * 1024 + 1); });
    pursue(unfit);
    ASSERT_EQ(world.status().phase, FR_PHASE_REFUSED);
    world.site.policy = maker().policy(2, 0, 255);
    tell();
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().policy, 2U);
}

TEST_F(PolicyInForce, MustBeSigned) {
    start_with(maker().policy(1, 0, 255));
    const ReleaseMaker stranger;
    world.site.policy = stranger.policy(9, 255);
    tell();
    EXPECT_EQ(world.status().policy, 1U);
}

}  // namespace
}  // namespace frugal::test
