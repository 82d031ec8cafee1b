// SPDX-License-Identifier: Apache-2.0
// The device's encoders write the golden vectors.
#include <gtest/gtest.h>

#include "frugal/sha256.h"
#include "frugal/wire.h"
#include "vector_file.hpp"

namespace frugal::test {
namespace {

constexpr std::uint64_t kStream = 0x1122334455667788;

struct Sha {
    explicit Sha(const std::string& text) { fr_sha256(text.data(), text.size(), bytes); }
    fr_view_t view() const { return {bytes, 32}; }
    std::uint8_t bytes[32];
};

template <typename Encode, typename Message>
std::vector<std::uint8_t> encode(Encode encoder, const Message& message) {
    std::vector<std::uint8_t> bytes(FR_MESSAGE_SIZE_MAX);
    bytes.resize(encoder(&message, bytes.data(), bytes.size()));
    // Every smaller buffer is refused, and nothing is written past it.
    for (std::size_t capacity = 0; capacity < bytes.size(); ++capacity) {
        std::vector<std::uint8_t> small(capacity + 1, 0xA5);
        EXPECT_EQ(encoder(&message, small.data(), capacity), 0U);
        EXPECT_EQ(small[capacity], 0xA5);
    }
    return bytes;
}

TEST(Uplink, HelloOfAFirstBoot) {
    const std::uint32_t operators[] = {5, 259, 776, 1031, 1541, 2316, 4355, 5634, 6403, 29187};
    fr_hello_t hello{};
    hello.device = "lamp-17";
    hello.stream = kStream;
    hello.boot_epoch = 1;
    hello.capability = {"m4", 1, 65536, 262144, 262144, 1024, 65472, 2, operators, 10, 4096, 2, 0};
    hello.task_count = 1;
    hello.tasks[0].task = 1;
    hello.tasks[0].phase = FR_PHASE_IDLE;
    EXPECT_EQ(encode(fr_hello_encode, hello), read_vector("hello-first-boot"));
}

TEST(Uplink, HelloWithAnUnfinishedTransfer) {
    const std::uint32_t operators[] = {776, 2316, 5634, 6403};
    const Sha model("model 7");
    const Sha other("model 6");
    const Sha artifact("artifact 8");
    fr_hello_t hello{};
    hello.device = "lamp-17";
    hello.stream = kStream;
    hello.boot_epoch = 9;
    hello.next_sequence = 5000;
    hello.oldest_sequence = 4988;
    hello.fencing_epoch = 3;
    hello.desired_version = 12;
    hello.capability = {"tiny", 1, 2048, 8192, 8192, 128, 1984, 2, operators, 4, 0, 2, 0};
    hello.task_count = 1;
    hello.tasks[0] = {
        1, 7, model.view(), FR_PHASE_TRANSFER, FR_REASON_NONE, 41, 7, other.view(), 2880, 160,
        2, 43};
    hello.resume_artifact = artifact.view();
    hello.resume_blocks_held = 13;
    EXPECT_EQ(encode(fr_hello_encode, hello), read_vector("hello-resume"));
}

TEST(Uplink, HelloOfOneSlotThatHoldsHalfAModel) {
    const std::uint32_t operators[] = {776, 2316, 5634, 6403};
    fr_hello_t hello{};
    hello.device = "lamp-18";
    hello.stream = kStream;
    hello.boot_epoch = 4;
    hello.next_sequence = 70;
    hello.oldest_sequence = 70;
    hello.fencing_epoch = 3;
    hello.desired_version = 2;
    hello.capability = {"solo", 1, 8192, 16384, 16384, 256, 8176, 7, operators, 4, 0, 1, 4096};
    hello.task_count = 1;
    hello.tasks[0].task = 1;
    hello.tasks[0].phase = FR_PHASE_TRANSFER;
    hello.tasks[0].burned_counter = 7;
    hello.tasks[0].input_bytes = 784;
    hello.tasks[0].output_classes = 10;
    EXPECT_EQ(encode(fr_hello_encode, hello), read_vector("hello-one-slot"));
}

TEST(Uplink, DecisionsWithEqualColumns) {
    fr_batch_t batch{};
    batch.stream = kStream;
    batch.boot_epoch = 2;
    batch.first_sequence = 300;
    batch.task = 1;
    batch.release = 7;
    batch.count = 16;
    const std::uint8_t classes[] = {3, 3, 9, 0, 1, 3, 3, 3, 5, 5, 7, 3, 2, 1, 0, 63};
    for (std::uint32_t i = 0; i < 16; ++i) {
        batch.ticks[i] = 36000 + 10 * i;
        batch.classes[i] = classes[i];
        batch.doubts[i] = 4;
        batch.outcomes[i] = 17;
    }
    batch.energy_uj = 4000;
    const auto bytes = encode(fr_batch_encode, batch);
    EXPECT_EQ(bytes, read_vector("decisions-equal-columns"));
    EXPECT_LE(bytes.size(), 16U * 6U);
}

TEST(Uplink, DecisionsWithMixedColumns) {
    fr_batch_t batch{};
    batch.stream = kStream;
    batch.boot_epoch = 2;
    batch.first_sequence = 316;
    batch.task = 1;
    batch.release = 7;
    batch.count = 3;
    const std::uint32_t ticks[] = {36160, 36160, 36360};
    const std::uint8_t classes[] = {0, 0, 4};
    const std::uint8_t doubts[] = {0, 130, 255};
    const std::uint8_t outcomes[] = {17, 42, 30};
    for (std::uint32_t i = 0; i < 3; ++i) {
        batch.ticks[i] = ticks[i];
        batch.classes[i] = classes[i];
        batch.doubts[i] = doubts[i];
        batch.outcomes[i] = outcomes[i];
    }
    EXPECT_EQ(encode(fr_batch_encode, batch), read_vector("decisions-mixed"));
}

TEST(Uplink, ASingleDecisionAfterALossFromTheStart) {
    fr_batch_t batch{};
    batch.stream = kStream;
    batch.boot_epoch = 1;
    batch.first_sequence = 123;
    batch.task = 1;
    batch.release = 7;
    batch.count = 1;
    batch.outcomes[0] = 17;
    batch.has_dropped = true;
    EXPECT_EQ(encode(fr_batch_encode, batch), read_vector("decisions-single-dropped"));
}

TEST(Uplink, AnEmptyOrOverfullBatchIsRefused) {
    fr_batch_t batch{};
    std::uint8_t payload[256];
    EXPECT_EQ(fr_batch_encode(&batch, payload, sizeof payload), 0U);
    batch.count = FR_DECISION_BATCH_MAX + 1;
    EXPECT_EQ(fr_batch_encode(&batch, payload, sizeof payload), 0U);
}

TEST(Uplink, FetchReportHealthBye) {
    const Sha artifact("artifact 8");
    EXPECT_EQ(encode(fr_fetch_encode, fr_fetch_t{artifact.view(), 13, 0x8000000000000005, 3}),
              read_vector("fetch"));
    EXPECT_EQ(encode(fr_report_encode,
                     fr_report_t{1, 12, 8, FR_PHASE_REFUSED, FR_REASON_UNFIT_ARENA, 1, 0, 18816}),
              read_vector("report-refused"));
    const std::uint32_t reasons[FR_POLICY_REASONS] = {0, 300, 0, 2, 0, 0, 5, 0,
                                                      0, 0,   6, 1, 0, 2, 1, 0};
    const std::uint64_t use_uj[FR_USES] = {6100000, 1500000, 400000, 120000};
    const std::uint64_t use_bytes[FR_USES] = {0, 24000, 61000, 6400};
    const std::uint16_t would_be[FR_POLICY_REASONS] = {0, 280, 0, 2, 0, 0, 5, 0, 0, 0, 33};
    const fr_task_health_t tasks[] = {{1, 42, 43, would_be, 27}, {2, 0, 0, nullptr, 0}};
    const std::uint8_t recent[] = {0x2F, 0, 0x2A, 65,  158, 4, 100, 0,
                                   0x30, 0, 0x13, 200, 1,   2, 0,   0};
    EXPECT_EQ(
        encode(fr_health_encode,
               fr_health_t{
                   kStream,   2,         36600,     187,    1,     23, 8123456,
                   147000000, 245000,    320,       8,      1,     2,  reasons,
                   use_uj,    use_bytes, 150600000, 251000, tasks, 2,  {recent, sizeof recent}}),
        read_vector("health"));
    EXPECT_EQ(encode(fr_bye_encode, fr_bye_t{kStream, 3600, false}), read_vector("bye"));
    EXPECT_EQ(encode(fr_bye_encode, fr_bye_t{kStream, 0, true}), read_vector("bye-will"));
}

TEST(Uplink, EscalateWithItsFeatures) {
    std::uint8_t features[16];
    for (std::uint8_t i = 0; i < 16; ++i) {
        features[i] = i;
    }
    EXPECT_EQ(
        encode(fr_escalate_encode,
               fr_escalate_t{
                   kStream, 317, 1, 800, 7, 4, 125, FR_POLICY_ESC_GAIN, true, {features, 16}}),
        read_vector("escalate"));
}

TEST(Uplink, TheOverheadOfAnEscalationIsBounded) {
    std::vector<std::uint8_t> features(FR_FEATURES_SIZE_MAX, 1);
    const fr_escalate_t worst{UINT64_MAX, UINT64_MAX,
                              UINT32_MAX, UINT32_MAX,
                              UINT32_MAX, 63,
                              255,        FR_POLICY_ESC_RULE,
                              true,       {features.data(), FR_FEATURES_SIZE_MAX}};
    std::vector<std::uint8_t> payload(FR_MESSAGE_SIZE_MAX);
    const auto size = fr_escalate_encode(&worst, payload.data(), payload.size());
    EXPECT_NE(size, 0U);
    EXPECT_LE(size, FR_FEATURES_SIZE_MAX + FR_ESCALATE_OVERHEAD);
}

}  // namespace
}  // namespace frugal::test
