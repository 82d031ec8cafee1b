// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/verification.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

const StreamKey kKey = {"m4-0001", 7};

/// Ten decisions on both sides, eight of them acknowledged.
struct World {
    World() {
        for (std::uint64_t sequence = 0; sequence < 10; ++sequence) {
            DecisionRecord record;
            record.device = kKey.device;
            record.stream = kKey.stream;
            record.sequence = sequence;
            record.class_id = 4;
            record.tier = 1;
            record.reason = 2;
            ledger.add(record);
            StoredDecision row{};
            row.sequence = sequence;
            row.class_id = 4;
            row.outcome = 1 * 16 + 2;
            stored.streams[kKey].decisions.push_back(row);
        }
        ledger.add(AckRecord{kKey.device, kKey.stream, 8});
        stored.streams[kKey].next_sequence = 10;
    }
    std::vector<StoredDecision>& rows() { return stored.streams[kKey].decisions; }
    StreamLedger& stream() { return ledger.streams[kKey]; }

    Ledger ledger;
    Stored stored;
};

TEST(Verification, EqualSidesAreClean) {
    World world;
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_TRUE(result.is_clean());
    EXPECT_EQ(result.produced, 10u);
    EXPECT_EQ(result.committed, 10u);
    EXPECT_EQ(result.unacked_stored, 2u);
    EXPECT_EQ(result.pending, 0u);
}

TEST(Verification, AnAcknowledgedDecisionMissingIsLost) {
    World world;
    world.rows().erase(world.rows().begin() + 3);
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_EQ(result.lost, 1u);
    EXPECT_FALSE(result.is_clean());
    ASSERT_EQ(result.examples.size(), 1u);
    EXPECT_EQ(result.examples[0], "m4-0001 0000000000000007 3: acknowledged but not stored");
}

TEST(Verification, AnUnacknowledgedDecisionMissingIsPending) {
    World world;
    world.rows().pop_back();
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_EQ(result.pending, 1u);
    EXPECT_TRUE(result.is_clean());
}

TEST(Verification, AnotherContentIsLost) {
    World world;
    world.rows()[2].class_id = 5;
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_EQ(result.different, 1u);
    EXPECT_EQ(result.lost, 1u);
}

TEST(Verification, ASecondRowIsADuplicate) {
    World world;
    world.rows().push_back(world.rows()[5]);
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_EQ(result.duplicated, 1u);
    EXPECT_FALSE(result.is_clean());
}

TEST(Verification, DeclaredGapsMustBeTheSame) {
    World world;
    world.rows().erase(world.rows().begin(), world.rows().begin() + 2);
    world.ledger.add(GapRecord{kKey.device, kKey.stream, 0, 2});
    EXPECT_EQ(compare(world.ledger, world.stored).gap_mismatches, 2u) << "only the device knows";
    world.stored.streams[kKey].gaps.push_back({0, 2, true});
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_TRUE(result.is_clean());
    EXPECT_EQ(result.declared_dropped, 2u);
    world.stored.streams[kKey].gaps.push_back({4, 5, true});
    EXPECT_EQ(compare(world.ledger, world.stored).gap_mismatches, 1u) << "nobody declared it";
}

TEST(Verification, AGapTheGatewayAdmitsIsNotTheDevices) {
    World world;
    world.stored.streams[kKey].gaps.push_back({0, 1, false});
    EXPECT_EQ(compare(world.ledger, world.stored).gap_mismatches, 0u);
}

TEST(Verification, ADroppedDecisionMayHaveArrivedBefore) {
    World world;
    world.ledger.add(GapRecord{kKey.device, kKey.stream, 8, 9});
    EXPECT_TRUE(compare(world.ledger, world.stored).is_clean());
}

TEST(Verification, RowsOfUnknownStreamsAreUnledgered) {
    World world;
    world.stored.streams[{"m4-0001", 8}].decisions.push_back({});
    world.stored.streams[kKey].decisions.push_back({});
    world.stored.streams[kKey].decisions.back().sequence = 10;
    EXPECT_EQ(compare(world.ledger, world.stored).unledgered, 2u);
}

TEST(Verification, AnAckBeyondTheHeadIsABrokenPromise) {
    World world;
    world.stored.streams[kKey].next_sequence = 7;
    EXPECT_EQ(compare(world.ledger, world.stored).acked_above_stored, 1u);
    world.stored.streams.clear();
    const Verification result = compare(world.ledger, world.stored);
    EXPECT_EQ(result.lost, 8u);
    EXPECT_EQ(result.pending, 2u);
}

}  // namespace
}  // namespace frugal::swarm
