// SPDX-License-Identifier: Apache-2.0
// T14, T15, Z1: what is accepted means what it says, and carries nothing else.
#include "wire/device_messages.hpp"

#include <gtest/gtest.h>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/uplink.pb.h"
#include "unit/core/site_world.hpp"
#include "wire/manifest.hpp"

namespace frugal::wire {
namespace {

core::Hello full_hello() {
    auto hello = core::hello("dev-1", 0xFFFFFFFFFFFFFFFFULL);
    hello.boot_epoch = 3;
    hello.next_sequence = 500;
    hello.oldest_sequence = 400;
    hello.fencing_epoch = 9;
    hello.desired_version = 4;
    hello.capability.slots = 1;
    hello.capability.reach_bytes = 8192;
    hello.tasks = {{.task = 1,
                    .release = 2,
                    .model_digest = core::digest_of(3),
                    .phase = core::UpdatePhase::kWaiting,
                    .reason = core::Reason::kBatteryLow,
                    .policy = 7,
                    .burned_counter = 2,
                    .other_digest = core::digest_of(4),
                    .state_bytes = 2880,
                    .input_bytes = 784,
                    .output_classes = 10,
                    .policy_floor = 9},
                   {.task = 2}};
    hello.resume = core::ResumePoint{core::digest_of(5), 12};
    return hello;
}

template <typename Message>
void expect_round_trip(const Message& message) {
    const auto bytes = encode_up(core::UpMessage{message});
    const auto decoded = decode_up(kind_of(core::UpMessage{message}), bytes);
    ASSERT_TRUE(decoded) << decoded.error().describe();
    EXPECT_EQ(std::get<Message>(*decoded), message);
}

TEST(DeviceMessages, RoundTrip) {
    expect_round_trip(full_hello());
    expect_round_trip(core::decisions(1000, 16));
    expect_round_trip(core::decisions(0, 1));
    auto dropped = core::decisions(77, 3);
    dropped.dropped_from = 0;
    expect_round_trip(dropped);
    expect_round_trip(core::Fetch{core::digest_of(1), 64, 0x8000000000000001ULL, 64});
    expect_round_trip(core::Report{.task = 1,
                                   .desired_version = 2,
                                   .release = 3,
                                   .phase = core::UpdatePhase::kRefused,
                                   .reason = core::Reason::kUnfitOps,
                                   .attempt = 1,
                                   .detail = 900});
    expect_round_trip(core::Health{.stream = {1},
                                   .battery_half_percent = 200,
                                   .energy_uj = 1ULL << 40,
                                   .policy_reasons = {0, 5, 6},
                                   .use_uj = {1ULL << 39, 5, 0, 0},
                                   .use_bytes = {0, 7, 8, 9},
                                   .raw_uj = 1ULL << 41,
                                   .raw_bytes = 77});
    expect_round_trip(core::Bye{.stream = {2}, .next_wake_s = 600});
}

TEST(DeviceMessages, RefusesHealthThatSpentMoreThanItsSum) {
    const auto bytes =
        encode_up(core::UpMessage{core::Health{.stream = {1}, .energy_uj = 9, .use_uj = {5, 5}}});
    const auto decoded = decode_up(core::UpKind::kHealth, bytes);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().message, "health.use_uj");
}

TEST(DeviceMessages, CarriesFeaturesOfAnEscalation) {
    core::Escalate message;
    message.stream = {1};
    message.sequence = 7;
    message.task = 1;
    message.deadline_ms = 100;
    message.policy_reason = core::PolicyReason::kAudit;
    message.features = core::Features({9, 8, 7});
    const auto bytes = encode_up(core::UpMessage{std::move(message)});
    const auto decoded = decode_up(core::UpKind::kEscalate, bytes);
    ASSERT_TRUE(decoded) << decoded.error().describe();
    const auto& escalate = std::get<core::Escalate>(*decoded);
    EXPECT_EQ(base::Bytes(escalate.features.view().begin(), escalate.features.view().end()),
              (base::Bytes{9, 8, 7}));
}

TEST(DeviceMessages, ADecisionCostsAtMostSixBytes) {
    auto batch = core::decisions(100'000, 16);
    for (std::uint32_t i = 0; i < 16; ++i) {
        batch.ticks[i] = 1'000'000 + i * (10 + i % 3);
    }
    const auto bytes = encode_up(core::UpMessage{batch});
    EXPECT_LE(bytes.size(), 6U * 16U);
}

// Field by field: what is out of range is refused, and the error names it.
struct BadField {
    const char* field;
    void (*change)(v1::Decisions&);
};

class BadDecisions : public ::testing::TestWithParam<BadField> {};

v1::Decisions good_decisions() {
    v1::Decisions proto;
    const auto bytes = encode_up(core::UpMessage{core::decisions(10, 4)});
    proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return proto;
}

base::Result<core::UpMessage> decode(core::UpKind kind, const std::string& text) {
    return decode_up(kind, base::as_bytes(text));
}

TEST_P(BadDecisions, AreRefusedByName) {
    auto proto = good_decisions();
    ASSERT_TRUE(decode(core::UpKind::kDecisions, proto.SerializeAsString()));
    GetParam().change(proto);
    const auto decoded = decode(core::UpKind::kDecisions, proto.SerializeAsString());
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_EQ(decoded.error().message, std::string("decisions.") + GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadDecisions,
    ::testing::Values(
        BadField{"classes", [](v1::Decisions& p) { p.clear_classes(); }},
        BadField{"classes", [](v1::Decisions& p) { p.set_classes(0, 64); }},
        BadField{"classes",
                 [](v1::Decisions& p) {
                     while (p.classes_size() < 17) {
                         p.add_classes(0);
                     }
                 }},
        BadField{"first_sequence", [](v1::Decisions& p) { p.set_first_sequence(1ULL << 53); }},
        BadField{"task", [](v1::Decisions& p) { p.set_task(256); }},
        BadField{"doubts", [](v1::Decisions& p) { p.set_doubts(0, 256); }},
        BadField{"doubts, outcomes", [](v1::Decisions& p) { p.mutable_doubts()->RemoveLast(); }},
        BadField{"outcomes", [](v1::Decisions& p) { p.set_outcomes(0, 0x10); }},
        BadField{"outcomes", [](v1::Decisions& p) { p.set_outcomes(0, 0x41); }},
        BadField{"outcomes", [](v1::Decisions& p) { p.set_outcomes(0, 0x111); }},
        BadField{"delta_ticks", [](v1::Decisions& p) { p.clear_delta_ticks(); }},
        BadField{"delta_ticks", [](v1::Decisions& p) { p.set_start_ticks(0xFFFFFFFF); }},
        BadField{"dropped_from", [](v1::Decisions& p) { p.set_dropped_from(10); }},
        BadField{"bytes",
                 [](v1::Decisions& p) {  // equal entries must be one
                     p.clear_delta_ticks();
                     for (int i = 0; i < 3; ++i) {
                         p.add_delta_ticks(3);
                     }
                 }}));

TEST(DeviceMessages, AcceptsOnlyTheCanonicalEncoding) {
    const auto good = good_decisions().SerializeAsString();
    const std::map<std::string, std::string> smuggled = {
        {"trailing field of canary", good + "\xA2\x06\x06"
                                            "canary"},
        {"field twice", good + good.substr(0, 9)},
        {"overlong varint", "\x09" + good.substr(1, 8) + "\x10\x81\x00" + good.substr(11)},
        {"default value spelled out", good + std::string("\x58\x00", 2)},
        {"empty", ""},
        {"group", good + "\xA3\x06\xA4\x06"},
        {"truncated", good.substr(0, good.size() - 1)},
    };
    for (const auto& [name, text] : smuggled) {
        EXPECT_FALSE(decode(core::UpKind::kDecisions, text)) << name;
    }
}

TEST(DeviceMessages, RefusesEveryMutationThatIsNotCanonical) {
    const auto good = good_decisions().SerializeAsString();
    int accepted = 0;
    for (std::size_t byte = 0; byte < good.size(); ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
            auto bad = good;
            bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
            const auto decoded = decode(core::UpKind::kDecisions, bad);
            if (decoded) {
                ++accepted;
                EXPECT_EQ(base::as_text(encode_up(*decoded)), bad);
            }
        }
    }
    EXPECT_GT(accepted, 0) << "numbers may change and still be a valid message";
}

TEST(DeviceMessages, RefusesAnOversizedMessageBeforeReadingIt) {
    const base::Bytes huge(7000, 0xFF);
    const auto decoded = decode_up(core::UpKind::kEscalate, huge);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, base::ErrorKind::kLimit);
}

TEST(DeviceMessages, RefusesHellosOutOfRange) {
    const auto good = full_hello();
    const auto refused = [](core::Hello hello) {
        return !decode_up(core::UpKind::kHello, encode_up(core::UpMessage{std::move(hello)}));
    };
    ASSERT_FALSE(refused(good));
    auto bad = good;
    bad.protocol = 2;
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.device = "Not An Id";
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.oldest_sequence = bad.next_sequence + 1;
    EXPECT_TRUE(refused(bad));
    bad = good;
    std::swap(bad.tasks[0], bad.tasks[1]);
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.capability.operators = {5, 5};
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.capability.block_bytes = 64;
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.capability.slots = 3;
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.tasks[0].phase = static_cast<core::UpdatePhase>(13);
    EXPECT_TRUE(refused(bad));
}

TEST(DeviceMessages, WhoDoesNotTellItsSlotsHasTwo) {
    auto hello = full_hello();
    hello.capability.slots = 0;
    const auto decoded = decode_up(core::UpKind::kHello, encode_up(core::UpMessage{hello}));
    ASSERT_TRUE(decoded) << decoded.error().describe();
    EXPECT_FALSE(std::get<core::Hello>(*decoded).capability.has_one_slot());
}

TEST(DeviceMessages, BuildsDesiredForTheDevice) {
    const auto manifest = core::signed_manifest(core::manifest_content("net", 1, 1));
    core::Desired desired{.fencing_epoch = 5, .version = 6};
    core::TaskDesired task{.task = 1};
    task.manifest = manifest;
    task.artifact = core::ArtifactOffer{core::digest_of(1), 5000, 512,  core::digest_of(2),
                                        core::digest_of(3), 1,    1608, 300};
    task.policy = core::signed_policy("compiled");
    desired.tasks.push_back(task);
    const auto bytes = encode_down(core::DownMessage{desired});
    v1::Desired proto;
    ASSERT_TRUE(proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(proto.fencing_epoch(), 5U);
    ASSERT_EQ(proto.tasks_size(), 1);
    EXPECT_EQ(base::as_bytes(proto.tasks(0).manifest().content()).size(),
              manifest->blob().content().size());
    EXPECT_EQ(proto.tasks(0).manifest().key_id(), manifest->blob().key_id());
    EXPECT_EQ(proto.tasks(0).artifact().size_bytes(), 5000U);
    EXPECT_EQ(proto.tasks(0).artifact().base_lag_bytes(), 300U);
    EXPECT_EQ(proto.tasks(0).policy().content(), "compiled");
}

TEST(DeviceMessages, BuildsAcksVerdictsProbesAndChunks) {
    v1::Ack ack;
    auto bytes = encode_down(core::DownMessage{core::Ack{{7}, 100, 3, 1, 2, 64, {{5, 255}}}});
    ASSERT_TRUE(ack.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(ack.next_sequence(), 100U);
    EXPECT_EQ(ack.credit(), 64U);
    ASSERT_EQ(ack.dearer_size(), 1);
    EXPECT_EQ(ack.dearer(0).task(), 5U);
    EXPECT_EQ(ack.dearer(0).price(), 255U);
    v1::Verdict verdict;
    bytes = encode_down(core::DownMessage{core::Verdict{
        .stream = {7}, .sequence = 5, .status = core::VerdictStatus::kBusy, .retry_after_ms = 30}});
    ASSERT_TRUE(verdict.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(verdict.status(), v1::VERDICT_STATUS_BUSY);
    EXPECT_EQ(verdict.retry_after_ms(), 30U);
    v1::Chunk chunk;
    bytes = encode_chunk(core::digest_of(4), 9, base::as_bytes("block"));
    ASSERT_TRUE(chunk.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    EXPECT_EQ(chunk.block(), 9U);
    EXPECT_EQ(chunk.content(), "block");
}

TEST(Manifest, RoundTripsThroughASignature) {
    auto content = core::manifest_content("net", 4, 5, "any");
    content.self_tests = {{.seed = 1, .output_digest = {1, 2}}};
    content.data_digest = base::Bytes(32, 1);
    content.state_bytes = 2880;
    content.multiply_accumulates = 2'660'000;
    EXPECT_EQ(core::signed_manifest(content)->content(), content);
}

TEST(Manifest, RefusesWhatIsOutOfRange) {
    auto content = core::manifest_content("net", 4, 5);
    content.counter = 0;
    EXPECT_FALSE(encode_manifest(content));
    content = core::manifest_content("net", 4, 5);
    content.operators = {5, 4};
    EXPECT_FALSE(encode_manifest(content));
    content = core::manifest_content("net", 4, 5);
    content.output_classes = 65;
    EXPECT_FALSE(encode_manifest(content));
    const auto text = base::as_bytes("\x08\x02");
    const auto newer = inspect_manifest(text);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().kind, base::ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace frugal::wire
