// SPDX-License-Identifier: Apache-2.0
// Decisions: exactly once, in order, bounded, declared when lost.
#include <cstdio>

#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class Decisions : public NodeTest {
protected:
    void expect_ledger() {
        const auto produced = fr_node_next_sequence(&world.node);
        const auto on_device = produced - fr_node_oldest_sequence(&world.node);
        EXPECT_EQ(world.site.stored.size() + world.site.declared_dropped + on_device, produced);
    }
};

TEST_F(Decisions, ArriveWithWhatWasDecided) {
    start();
    decide(5);
    world.run(10000);
    ASSERT_EQ(world.site.stored.size(), world.decided.size());
    for (const auto& decision : world.decided) {
        const auto& stored = world.site.stored.at(decision.sequence);
        EXPECT_EQ(stored.class_id, decision.class_id);
        EXPECT_EQ(stored.doubt, 255U - decision.confidence_q8);
        EXPECT_EQ(stored.outcome, decision.tier * 16U + decision.reason);
        EXPECT_EQ(stored.ticks, decision.ticks);
        EXPECT_EQ(stored.boot_epoch, decision.boot_epoch);
    }
}

TEST_F(Decisions, AreSentWhenSixteenOrWhenOld) {
    start();
    world.site.batched = 0;
    for (int i = 0; i < 15; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    world.settle();
    EXPECT_EQ(world.site.batched, 0U);
    ASSERT_EQ(world.submit(), FR_OK);
    world.settle();
    EXPECT_EQ(world.site.batched, 16U);
    ASSERT_EQ(world.submit(), FR_OK);
    world.run(1999);
    EXPECT_EQ(world.site.batched, 16U);
    world.run(2);
    EXPECT_EQ(world.site.batched, 17U);
}

TEST_F(Decisions, TakeAtMostSixBytesEachInBatchesOfSixteen) {
    start();
    world.run(10000);
    world.config.decision_flush_ms = 60000;
    world.site.batched = 0;
    world.site.batch_bytes = 0;
    for (int i = 0; i < 1600; ++i) {
        fr_node_add_energy(&world.node, FR_USE_INFERENCE, 900);
        ASSERT_EQ(world.submit(), FR_OK);
        world.now_ms += 700;
        world.settle();
    }
    ASSERT_EQ(world.site.batched, 1600U);
    const double bytes = static_cast<double>(world.site.batch_bytes) / world.site.batched;
    std::printf("wire: %.2f bytes per decision in batches of 16 (0.7 s apart, real doubts)\n",
                bytes);
    EXPECT_LE(bytes, 6.0);
}

TEST_F(Decisions, StayInTheWindowAndGoBackWithoutAcks) {
    start();
    world.run(10000);
    world.site.acks = false;
    const auto sent = world.counters().decisions_sent;
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
        world.settle();
    }
    EXPECT_EQ(world.counters().decisions_sent - sent, FR_DECISION_WINDOW);
    world.run(60000);
    const auto repeated = world.counters().decisions_sent - sent;
    EXPECT_GT(repeated, FR_DECISION_WINDOW);
    EXPECT_LE(repeated, 6 * FR_DECISION_WINDOW) << "the waits double";
    world.site.acks = true;
    world.run(200000);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
    expect_ledger();
}

TEST_F(Decisions, HonourTheCreditOfTheGateway) {
    start();
    world.site.credit = 4;
    world.downs.push_back(world.site.ack());
    world.settle();
    world.lose_up = [](const Up& up) { return up.kind == FR_UP_DECISIONS; };
    const auto sent = world.counters().decisions_sent;
    decide(20);
    EXPECT_EQ(world.counters().decisions_sent - sent, 4U);
}

TEST_F(Decisions, ACreditOfZeroIsNoDeadlock) {
    start();
    world.site.credit = 0;
    world.downs.push_back(world.site.ack());
    world.settle();
    decide(20);
    world.run(20000);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
}

TEST_F(Decisions, SurviveARebootUnacked) {
    start();
    world.disconnect();
    for (int i = 0; i < 40; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
        world.now_ms += 100;
    }
    ASSERT_EQ(world.boot(), FR_OK);
    ASSERT_EQ(world.submit(), FR_OK);
    world.connect();
    world.run(20000);
    EXPECT_EQ(world.site.stored.size(), fr_node_next_sequence(&world.node));
    EXPECT_EQ(world.site.stored.rbegin()->second.boot_epoch, 2U);
    EXPECT_EQ(world.site.declared_dropped, 0U);
}

TEST_F(Decisions, OverflowIsDeclared) {
    start();
    world.disconnect();
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    EXPECT_GT(world.counters().dropped, 0U);
    const auto dropped = world.counters().dropped;
    world.connect();
    world.run(60000);
    EXPECT_EQ(world.site.declared_dropped, dropped);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
    expect_ledger();
}

TEST_F(Decisions, OverflowIsDeclaredAfterARebootToo) {
    start();
    world.disconnect();
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    ASSERT_EQ(world.boot(), FR_OK);
    world.connect();
    world.run(60000);
    EXPECT_GT(world.site.declared_dropped, 0U);
    expect_ledger();
}

TEST_F(Decisions, OnlyTheHighestFencingEpochIsObeyed) {
    start();
    world.site.fencing = 5;
    world.downs.push_back(world.site.ack());
    world.settle();
    world.site.acks = false;
    decide(3);
    world.run(5000);
    const auto acked = fr_node_acked_sequence(&world.node);
    world.site.fencing = 4;
    world.downs.push_back(world.site.ack());
    want(second());
    EXPECT_EQ(fr_node_acked_sequence(&world.node), acked);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_GE(world.counters().messages_rejected, 2U);
    ASSERT_EQ(world.boot(), FR_OK);
    world.connect();
    EXPECT_EQ(world.site.hello->fencing_epoch(), 5U);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), 0U) << "the hello's ack was fenced too";
    world.site.fencing = 5;
    world.site.acks = true;
    world.run(400000);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
}

TEST_F(Decisions, AcksOfAnotherStreamOrBeyondAreIgnored) {
    start();
    const auto acked = fr_node_acked_sequence(&world.node);
    v1::Ack ack;
    ack.set_stream(fr_node_stream(&world.node) + 1);
    ack.set_next_sequence(acked);
    ack.set_fencing_epoch(1);
    world.downs.push_back({FR_DOWN_ACK, serialize(ack)});
    ack.set_stream(fr_node_stream(&world.node));
    ack.set_next_sequence(acked + 1000);
    world.downs.push_back({FR_DOWN_ACK, serialize(ack)});
    ack.set_next_sequence(acked - 1);
    world.downs.push_back({FR_DOWN_ACK, serialize(ack)});
    world.settle();
    EXPECT_EQ(fr_node_acked_sequence(&world.node), acked);
    EXPECT_EQ(world.counters().messages_rejected, 2U);
}

TEST_F(Decisions, EnergyIsCountedOnce) {
    start();
    fr_node_add_energy(&world.node, FR_USE_INFERENCE, 500);
    decide(1);
    EXPECT_EQ(world.decided.back().energy_uj, 500U);
    decide(1);
    EXPECT_EQ(world.decided.back().energy_uj, 0U);
    EXPECT_EQ(world.counters().energy_uj, 500U);
}

TEST_F(Decisions, ARefusedPublishIsTriedAgain) {
    start();
    world.publish_works = false;
    decide(20);
    world.run(5000);
    world.publish_works = true;
    world.run(20000);
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
}

TEST_F(Decisions, HealthSaysWhatWasCounted) {
    start();
    decide(3);
    world.run(70000);
    ASSERT_TRUE(world.site.health.has_value());
    EXPECT_EQ(world.site.health->inferences(), 11U);
    EXPECT_EQ(world.site.health->raw_bytes_avoided(), 11U * 784U);
    EXPECT_EQ(world.site.health->energy_avoided_uj(), 11U * 784U * 600U / 1000U);
    EXPECT_EQ(world.site.health->policy_reasons(FR_POLICY_BADPOLICY), 11U);
}

TEST_F(Decisions, HealthSaysWhatEnergyAndBytesWentTo) {
    start();
    fr_node_add_energy(&world.node, FR_USE_INFERENCE, 500);
    fr_node_add_energy(&world.node, FR_USE_UPDATES, 30);
    fr_node_add_energy(&world.node, FR_USE_OTHER, 7);
    decide(3);
    world.run(70000);
    ASSERT_TRUE(world.site.health.has_value());
    const auto& health = *world.site.health;
    EXPECT_EQ(health.energy_uj(), 537U);
    ASSERT_EQ(health.use_uj_size(), 3);
    EXPECT_EQ(health.use_uj(FR_USE_INFERENCE), 500U);
    EXPECT_EQ(health.use_uj(FR_USE_UPDATES), 30U);
    ASSERT_EQ(health.use_bytes_size(), 3);
    EXPECT_EQ(health.use_bytes(FR_USE_INFERENCE), 0U);
    EXPECT_GT(health.use_bytes(FR_USE_DECISIONS), world.counters().batch_bytes_sent);
    EXPECT_GT(health.use_bytes(FR_USE_UPDATES), world.counters().block_bytes_received);
    EXPECT_EQ(health.raw_bytes(), 11U * 784U);
    EXPECT_EQ(health.raw_uj(), 11U * 784U * 600U / 1000U);
}

TEST_F(Decisions, HelloIsRepeatedUntilADesiredStateComes) {
    ASSERT_EQ(world.boot(), FR_OK);
    int hellos = 0;
    world.lose_up = [&hellos](const Up& up) {
        hellos += up.kind == FR_UP_HELLO ? 1 : 0;
        return true;
    };
    world.connect();
    world.run(200000);
    EXPECT_GE(hellos, 3);
    EXPECT_LE(hellos, 6);
    world.lose_up = {};
    world.site.want(first());
    world.run(400000);
    hellos = 0;
    world.lose_up = [&hellos](const Up& up) {
        hellos += up.kind == FR_UP_HELLO ? 1 : 0;
        return false;
    };
    world.run(2000000);
    EXPECT_EQ(hellos, 0);
}

TEST_F(Decisions, ByeAndWillAreTheirVectorsShape) {
    start();
    std::uint8_t will[16];
    const auto size = fr_node_will(&world.node, will);
    v1::Bye bye;
    ASSERT_TRUE(bye.ParseFromArray(will, static_cast<int>(size)));
    EXPECT_TRUE(bye.unexpected());
    EXPECT_EQ(bye.stream(), fr_node_stream(&world.node));
    fr_node_say_bye(&world.node, 60, world.now_ms);
    ASSERT_FALSE(world.ups.empty());
    EXPECT_EQ(world.ups.back().kind, FR_UP_BYE);
}

}  // namespace
}  // namespace frugal::test
