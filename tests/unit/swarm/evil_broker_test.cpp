// SPDX-License-Identifier: Apache-2.0
#include "device-sim/hostile/evil_broker.hpp"

#include <gtest/gtest.h>
#include <pb_decode.h>
#include <pb_encode.h>

#include <cstring>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"

namespace frugal::swarm {
namespace {

/// A desired state whose manifest has this counter.
Bytes desired_with(std::uint32_t counter, std::uint32_t version) {
    frugal_v1_Manifest manifest = frugal_v1_Manifest_init_zero;
    manifest.counter = counter;
    frugal_v1_Desired desired = frugal_v1_Desired_init_zero;
    desired.version = version;
    desired.tasks_count = 1;
    desired.tasks[0].has_manifest = true;
    auto& blob = desired.tasks[0].manifest;
    pb_ostream_t content = pb_ostream_from_buffer(blob.content.bytes, sizeof blob.content.bytes);
    EXPECT_TRUE(pb_encode(&content, frugal_v1_Manifest_fields, &manifest));
    blob.content.size = static_cast<pb_size_t>(content.bytes_written);
    blob.signature.size = 64;
    std::memset(blob.signature.bytes, 0x55, 64);
    Bytes payload(4096);
    pb_ostream_t stream = pb_ostream_from_buffer(payload.data(), payload.size());
    EXPECT_TRUE(pb_encode(&stream, frugal_v1_Desired_fields, &desired));
    payload.resize(stream.bytes_written);
    return payload;
}

frugal_v1_Desired decode(const Bytes& payload) {
    frugal_v1_Desired desired = frugal_v1_Desired_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(payload.data(), payload.size());
    EXPECT_TRUE(pb_decode(&stream, frugal_v1_Desired_fields, &desired));
    return desired;
}

HostileScenario scenario(Attack attack) {
    HostileScenario hostile;
    hostile.attack = attack;
    return hostile;
}

TEST(EvilBroker, BreaksOneBitOfASignatureAndNothingElse) {
    EvilBroker evil(scenario(Attack::kBadSignature), 1);
    const Bytes original = desired_with(3, 8);
    const auto passed = evil.pass({FR_DOWN_DESIRED, original}, 0);
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_TRUE(evil.has_struck());
    const auto before = decode(original);
    const auto after = decode(passed[0].payload);
    EXPECT_EQ(after.version, 8u);
    int bits = 0;
    for (int i = 0; i < 64; ++i) {
        bits += __builtin_popcount(before.tasks[0].manifest.signature.bytes[i] ^
                                   after.tasks[0].manifest.signature.bytes[i]);
    }
    EXPECT_EQ(bits, 1);
}

TEST(EvilBroker, LeavesOtherMessagesAlone) {
    EvilBroker evil(scenario(Attack::kBadSignature), 1);
    const auto passed = evil.pass({FR_DOWN_ACK, {1, 2, 3}}, 0);
    EXPECT_EQ(passed.at(0).payload, (Bytes{1, 2, 3}));
    evil.pass({FR_DOWN_DESIRED, {0xff}}, 0);
    EXPECT_FALSE(evil.has_struck());
}

TEST(EvilBroker, ReplaysTheFirstManifestOnceALaterOneIsBurned) {
    EvilBroker evil(scenario(Attack::kDowngrade), 1);
    EXPECT_EQ(evil.pass({FR_DOWN_DESIRED, desired_with(1, 1)}, 0).size(), 1u);
    EXPECT_EQ(evil.pass({FR_DOWN_DESIRED, desired_with(2, 2)}, 1).size(), 1u);
    EXPECT_EQ(evil.pass({FR_DOWN_ACK, {}}, 1).size(), 1u) << "not burned yet";
    const auto passed = evil.pass({FR_DOWN_ACK, {}}, 2);
    ASSERT_EQ(passed.size(), 2u);
    EXPECT_EQ(passed[1].kind, FR_DOWN_DESIRED);
    EXPECT_GT(decode(passed[1].payload).version, 2u);
    EXPECT_EQ(evil.pass({FR_DOWN_ACK, {}}, 2).size(), 1u) << "once";
}

TEST(EvilBroker, SpoilsBlocksByChance) {
    HostileScenario hostile = scenario(Attack::kBadBlock);
    hostile.probability = 0.5;
    EvilBroker evil(hostile, 1);
    int spoiled = 0;
    for (int i = 0; i < 200; ++i) {
        spoiled += evil.pass({FR_DOWN_CHUNK, {1, 2}}, 0).at(0).payload != Bytes{1, 2} ? 1 : 0;
    }
    EXPECT_NEAR(spoiled, 100, 30);
}

}  // namespace
}  // namespace frugal::swarm
