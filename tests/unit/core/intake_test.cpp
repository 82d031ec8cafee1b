// SPDX-License-Identifier: Apache-2.0
// I1-I4, T16: decisions are stored once, in sequence, acknowledged when durable, gaps declared.
#include <algorithm>

#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

class Intake : public ::testing::Test {
protected:
    Intake() {
        world.enrol("dev");
        world.say("dev", hello("dev"));
        world.take();
    }
    Ack last_ack() {
        const auto acks = world.sent<Ack>("dev");
        EXPECT_FALSE(acks.empty());
        return acks.empty() ? Ack{} : acks.back();
    }
    DeviceState state() { return world.get<DeviceView>(GetDevice{device_id("dev")}).state; }
    SiteWorld world;
};

TEST_F(Intake, StoresABatchAndAcknowledgesItOnce) {
    world.say("dev", decisions(0, 16));
    EXPECT_EQ(world.stored_decisions(), 16U);
    ASSERT_EQ(world.sent<Ack>("dev").size(), 1U);
    EXPECT_EQ(last_ack().next_sequence, 16U);
    EXPECT_EQ(last_ack().credit, kDecisionWindow);
    EXPECT_EQ(last_ack().fencing_epoch, 1U);
}

TEST_F(Intake, AcknowledgesManyBatchesOfAStreamWithOneAck) {
    std::vector<Event> events;
    for (std::uint64_t first = 0; first < 64; first += 16) {
        events.push_back(DeviceMessage{device_id("dev"), decisions(first, 16), 80});
    }
    auto output = world.tick.step(std::move(events), world.now);
    EXPECT_TRUE(output.effects.empty());
    ASSERT_TRUE(output.commit);
    EXPECT_EQ(output.commit->batch->streams.size(), 1U);
    EXPECT_EQ(output.commit->batch->decision_rows, 64U);
    output = world.tick.on_commit(output.commit->id, {}, world.now);
    EXPECT_EQ(std::ranges::count_if(
                  output.effects,
                  [](const Effect& effect) { return std::holds_alternative<Send>(effect); }),
              1);
}

TEST_F(Intake, AcksADuplicateWithoutStoringIt) {
    world.say("dev", decisions(0, 16));
    world.take();
    world.say("dev", decisions(0, 16));
    EXPECT_EQ(world.stored_decisions(), 16U);
    EXPECT_EQ(last_ack().next_sequence, 16U);
}

TEST_F(Intake, StoresOnlyTheNewPartOfAnOverlappingBatch) {
    world.say("dev", decisions(0, 10));
    world.say("dev", decisions(5, 10));
    EXPECT_EQ(world.stored_decisions(), 15U);
    EXPECT_EQ(last_ack().next_sequence, 15U);
    const auto& run = world.committed.back()->decisions.back().decisions;
    EXPECT_EQ(run.first_sequence, 10U);
    EXPECT_EQ(run.count, 5U);
    EXPECT_EQ(run.ticks[0], 30U);
    EXPECT_EQ(run.energy_uj, 50U);
}

TEST_F(Intake, IgnoresABatchAheadButAcksTheMark) {
    world.say("dev", decisions(0, 4));
    world.take();
    world.say("dev", decisions(8, 4));
    EXPECT_EQ(world.stored_decisions(), 4U);
    EXPECT_EQ(last_ack().next_sequence, 4U);
}

TEST_F(Intake, WritesADeclaredDropIntoTheGapLedger) {
    world.say("dev", decisions(0, 4));
    auto later = decisions(20, 4);
    later.dropped_from = 4;
    world.say("dev", later);
    const auto gaps = world.written<GapRecord>();
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0].kind, GapKind::kDeclared);
    EXPECT_EQ(gaps[0].from, 4U);
    EXPECT_EQ(gaps[0].until, 20U);
    EXPECT_EQ(last_ack().next_sequence, 24U);
}

TEST_F(Intake, NeverDeclaresAGapOverWhatItHas) {
    world.say("dev", decisions(0, 8));
    auto later = decisions(10, 4);
    later.dropped_from = 2;  // the device's hint of its last ack is old
    world.say("dev", later);
    const auto gaps = world.written<GapRecord>();
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0].from, 8U);
    EXPECT_EQ(gaps[0].until, 10U);
}

TEST_F(Intake, DeclaresAmnesiaWhenTheDeviceHasForgottenWhatWeNeverStored) {
    world.say("dev", decisions(0, 4));
    auto again = hello("dev");
    again.oldest_sequence = again.next_sequence = 100;
    world.say("dev", again);
    world.say("dev", decisions(100, 4));
    const auto gaps = world.written<GapRecord>();
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0].kind, GapKind::kAmnesia);
    EXPECT_EQ(gaps[0].from, 4U);
    EXPECT_EQ(gaps[0].until, 100U);
    EXPECT_EQ(last_ack().next_sequence, 104U);
}

TEST_F(Intake, TellsAmnesiaFromADeclaredDropInOneBatch) {
    auto again = hello("dev");
    again.oldest_sequence = again.next_sequence = 60;
    world.say("dev", again);
    auto batch = decisions(60, 4);
    batch.dropped_from = 50;
    world.say("dev", batch);
    const auto gaps = world.written<GapRecord>();
    ASSERT_EQ(gaps.size(), 2U);
    EXPECT_EQ(gaps[0].kind, GapKind::kAmnesia);
    EXPECT_EQ(gaps[0].until, 50U);
    EXPECT_EQ(gaps[1].kind, GapKind::kDeclared);
    EXPECT_EQ(gaps[1].until, 60U);
    EXPECT_EQ(world.get<Overview>(GetOverview{}).decisions_lost, 60U);
}

TEST_F(Intake, QuarantinesADeviceThatContradictsItself) {
    world.say("dev", decisions(0, 8));
    world.take();
    auto other = decisions(4, 8);
    other.classes[1] = 9;
    world.say("dev", other);
    EXPECT_EQ(world.stored_decisions(), 8U);
    EXPECT_TRUE(world.sent<Ack>("dev").empty());
    EXPECT_EQ(state(), DeviceState::kQuarantined);
    ASSERT_EQ(world.written<IncidentRecord>().size(), 1U);
    EXPECT_EQ(world.written<IncidentRecord>()[0].kind, IncidentKind::kEquivocation);
    world.say("dev", decisions(8, 8));
    EXPECT_EQ(world.stored_decisions(), 8U);
    world.get<Done>(ReleaseDevice{device_id("dev")});
    world.say("dev", decisions(8, 8));
    EXPECT_EQ(world.stored_decisions(), 16U);
}

TEST_F(Intake, RecognizesDuplicatesHoweverTheBatchesAreCut) {
    world.say("dev", decisions(0, 16));
    world.say("dev", decisions(3, 5));
    world.say("dev", decisions(15, 1));
    EXPECT_EQ(world.stored_decisions(), 16U);
    EXPECT_EQ(state(), DeviceState::kEnrolled);
}

TEST_F(Intake, AcksDuplicatesOlderThanItsMemory) {
    for (std::uint64_t first = 0; first < 160; first += 16) {
        world.say("dev", decisions(first, 16));
    }
    auto old = decisions(0, 16);
    old.classes[0] = 9;
    world.say("dev", old);
    EXPECT_EQ(state(), DeviceState::kEnrolled);
    EXPECT_EQ(last_ack().next_sequence, 160U);
    EXPECT_EQ(world.get<Overview>(GetOverview{}).intake.unverifiable, 16U);
}

TEST_F(Intake, TheMemoryOfHashesReachesExactlyOneWindowBack) {
    for (std::uint64_t first = 0; first < 80; first += 16) {
        world.say("dev", decisions(first, 16));
    }
    auto changed = decisions(16, 1);  // the oldest decision still remembered
    changed.classes[0] = 1;
    world.say("dev", changed);
    EXPECT_EQ(state(), DeviceState::kQuarantined);
}

TEST_F(Intake, KeepsItsMemoryAcrossARestart) {
    world.say("dev", decisions(0, 16));
    const auto stream = world.committed.back()->streams.back();
    Snapshot snapshot{.fencing_epoch = 1};
    for (const auto& record : world.written<DeviceRecord>()) {
        snapshot.devices = {record};
    }
    snapshot.streams = {stream};
    SiteWorld restarted({}, snapshot);
    restarted.say("dev", decisions(0, 16));
    EXPECT_EQ(restarted.stored_decisions(), 0U);
    ASSERT_FALSE(restarted.sent<Ack>("dev").empty());
    EXPECT_EQ(restarted.sent<Ack>("dev").back().next_sequence, 16U);
    EXPECT_EQ(restarted.sent<Ack>("dev").back().fencing_epoch, 2U);
    auto other = decisions(0, 16);
    other.ticks[3] = 1;
    restarted.say("dev", other);
    EXPECT_EQ(restarted.get<DeviceView>(GetDevice{device_id("dev")}).state,
              DeviceState::kQuarantined);
}

TEST_F(Intake, RefusesABootEpochThatGoesDown) {
    auto second_boot = decisions(0, 4);
    second_boot.boot_epoch = 5;
    world.say("dev", second_boot);
    auto first_boot = decisions(4, 4);
    first_boot.boot_epoch = 4;
    world.say("dev", first_boot);
    EXPECT_EQ(world.stored_decisions(), 4U);
    EXPECT_EQ(world.written<IncidentRecord>().back().kind, IncidentKind::kEpochRegression);
}

TEST_F(Intake, AWipedDeviceStartsANewStream) {
    world.say("dev", decisions(0, 16));
    world.say("dev", hello("dev", 8));
    world.say("dev", decisions(0, 16, 8));
    EXPECT_EQ(world.stored_decisions(), 32U);
    EXPECT_EQ(world.get<DeviceView>(GetDevice{device_id("dev")}).streams.size(), 2U);
}

TEST_F(Intake, BoundsTheStreamsOfADevice) {
    for (std::uint64_t stream = 100; stream < 200; ++stream) {
        world.say("dev", hello("dev", stream));
    }
    EXPECT_EQ(world.get<DeviceView>(GetDevice{device_id("dev")}).streams.size(),
              IntakeConfig{}.streams_per_device);
    EXPECT_LE(world.written<IncidentRecord>().size(), FleetConfig{}.incidents_per_device);
}

TEST_F(Intake, BoundsTheGapLedgerButCountsEveryLoss) {
    std::uint64_t lost = 0;
    std::uint64_t next = 0;
    for (int i = 0; i < 3000; ++i) {
        auto batch = decisions(next + 5, 1);
        batch.dropped_from = next;
        lost += 5;
        next += 6;
        world.say("dev", batch);
    }
    EXPECT_EQ(world.written<GapRecord>().size(), IntakeConfig{}.gaps_per_stream);
    EXPECT_EQ(world.get<Overview>(GetOverview{}).decisions_lost, lost);
}

TEST_F(Intake, AsksForAHelloWhenItDoesNotKnowTheStream) {
    world.say("dev", decisions(0, 4, 999));
    ASSERT_EQ(world.sent<Probe>("dev").size(), 1U);
    world.say("dev", decisions(4, 4, 999));
    EXPECT_EQ(world.sent<Probe>("dev").size(), 1U) << "one probe in a while";
    EXPECT_EQ(world.stored_decisions(), 0U);
}

TEST_F(Intake, TellsTheMarkAtHello) {
    world.say("dev", decisions(0, 16));
    world.take();
    world.say("dev", hello("dev"));
    EXPECT_EQ(last_ack().next_sequence, 16U);
}

// An adversary's sequence numbers: whatever it says, rows and gaps stay consistent and bounded.
TEST_F(Intake, StaysConsistentUnderAdversarialSequences) {
    std::uint64_t seed = 12345;
    const auto next = [&seed](std::uint64_t below) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return (seed >> 33) % below;
    };
    std::uint64_t last_mark = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto first = next(4) == 0 ? next(1ULL << 50) : last_mark + next(40);
        auto batch = decisions(first, 1 + static_cast<std::uint32_t>(next(16)));
        if (next(3) == 0 && first > 0) {
            batch.dropped_from = next(first);
        }
        if (next(10) == 0) {
            auto again = hello("dev");
            again.next_sequence = again.oldest_sequence = next(1ULL << 40);
            world.say("dev", again);
        }
        world.say("dev", batch);
        const auto view = world.get<DeviceView>(GetDevice{device_id("dev")});
        ASSERT_EQ(view.state, DeviceState::kEnrolled);
        const auto& stream = view.streams.at(0);
        ASSERT_GE(stream.next_sequence, last_mark);
        ASSERT_EQ(stream.accepted + stream.lost, stream.next_sequence);
        last_mark = stream.next_sequence;
        world.take();
    }
}

}  // namespace
}  // namespace frugal::core
