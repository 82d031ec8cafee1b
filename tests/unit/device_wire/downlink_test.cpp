// SPDX-License-Identifier: Apache-2.0
// The device's decoders read the golden vectors, and refuse everything that is not canonical.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "frugal/policy.h"
#include "frugal/wire.h"
#include "vector_file.hpp"

namespace frugal::test {
namespace {

constexpr std::uint64_t kStream = 0x1122334455667788;

std::string text(const fr_view_t& view) {
    return {reinterpret_cast<const char*>(view.bytes), view.size};
}

TEST(Downlink, Desired) {
    const auto bytes = read_vector("desired");
    fr_desired_t desired;
    ASSERT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(desired.fencing_epoch, 3U);
    EXPECT_EQ(desired.version, 12U);
    ASSERT_EQ(desired.task_count, 1U);
    const auto& task = desired.tasks[0];
    EXPECT_EQ(task.task, 1U);
    EXPECT_EQ(task.artifact.size_bytes, 27000U);
    EXPECT_EQ(task.artifact.block_bytes, 1024U);
    EXPECT_EQ(task.artifact.base_digest.size, 0U);
    EXPECT_EQ(task.minimum_battery_half_percent, 60U);
    EXPECT_EQ(task.not_before_ticks, 600U);
    const auto manifest = read_vector("manifest");
    EXPECT_EQ(text(task.manifest.content), std::string(manifest.begin(), manifest.end()));
    const auto policy = read_vector("policy");
    EXPECT_EQ(text(task.policy.content), std::string(policy.begin(), policy.end()));
    EXPECT_EQ(fr_policy_check(policy.data(), policy.size()), FR_OK);
}

TEST(Downlink, DesiredDelta) {
    const auto bytes = read_vector("desired-delta");
    fr_desired_t desired;
    ASSERT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_OK);
    ASSERT_EQ(desired.task_count, 1U);
    const auto& offer = desired.tasks[0].artifact;
    EXPECT_EQ(offer.size_bytes, 1200U);
    EXPECT_EQ(offer.base_digest.size, 32U);
    EXPECT_EQ(offer.base_lag_bytes, 3000U);
    EXPECT_EQ(desired.tasks[0].policy.content.size, 0U);
}

TEST(Downlink, ALagWithoutABaseIsRefused) {
    auto bytes = read_vector("desired");
    // The last field of the offer, decoder_ram_bytes 4448, becomes base_lag_bytes 4448.
    const std::uint8_t field[] = {0x38, 0xe0, 0x22};
    const auto found = std::search(bytes.begin(), bytes.end(), std::begin(field), std::end(field));
    ASSERT_NE(found, bytes.end());
    *found = 0x40;
    fr_desired_t desired;
    EXPECT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_ERROR_MALFORMED);
}

TEST(Downlink, Manifest) {
    const auto bytes = read_vector("manifest");
    fr_manifest_t manifest;
    ASSERT_EQ(fr_manifest_decode(&manifest, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(text(manifest.model), "fashion");
    EXPECT_EQ(text(manifest.device_class), "m4");
    EXPECT_EQ(manifest.counter, 8U);
    EXPECT_EQ(manifest.model_bytes, 40464U);
    ASSERT_EQ(manifest.operator_count, 4U);
    EXPECT_EQ(manifest.operators[3], 6403U);
    ASSERT_EQ(manifest.self_test_count, 1U);
    EXPECT_EQ(manifest.self_tests[0].seed, 1U);
    EXPECT_EQ(manifest.self_tests[0].output_digest.size, 16U);
}

TEST(Downlink, ManifestWhoseNamesAreNoIdsIsRefused) {
    // Found by the fuzz target: what protobuf refuses as text passed here.
    for (const auto& name : {std::string("fashion"), std::string("m4")}) {
        auto bytes = read_vector("manifest");
        const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end());
        ASSERT_NE(found, bytes.end());
        for (const std::uint8_t wrong : {0xef, 0x00, 0x4d, 0x2f}) {
            *found = wrong;
            fr_manifest_t manifest;
            EXPECT_EQ(fr_manifest_decode(&manifest, bytes.data(), bytes.size()), FR_ERROR_MALFORMED)
                << name << " with " << int{wrong};
        }
    }
}

TEST(Downlink, ChunkAckVerdictProbe) {
    auto bytes = read_vector("chunk");
    fr_chunk_t chunk;
    ASSERT_EQ(fr_chunk_decode(&chunk, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(chunk.block, 26U);
    EXPECT_EQ(chunk.content.size, 40U);
    EXPECT_EQ(chunk.content.bytes, bytes.data() + bytes.size() - 40) << "not copied";
    bytes = read_vector("chunk-first");
    ASSERT_EQ(fr_chunk_decode(&chunk, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(chunk.block, 0U);

    bytes = read_vector("ack");
    fr_ack_t ack;
    ASSERT_EQ(fr_ack_decode(&ack, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(ack.stream, kStream);
    EXPECT_EQ(ack.next_sequence, 319U);
    EXPECT_EQ(ack.price, 12U);
    EXPECT_EQ(ack.load, 200U);
    EXPECT_EQ(ack.credit, 64U);
    EXPECT_EQ(ack.dearer_count, 0U);
    bytes = read_vector("ack-dearer");
    ASSERT_EQ(fr_ack_decode(&ack, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(ack.price, 12U);
    ASSERT_EQ(ack.dearer_count, 2U);
    EXPECT_EQ(ack.dearer[0].task, 1U);
    EXPECT_EQ(ack.dearer[0].price, 40U);
    EXPECT_EQ(ack.dearer[1].task, 2U);
    EXPECT_EQ(ack.dearer[1].price, 255U);

    bytes = read_vector("verdict-answered");
    fr_verdict_t verdict;
    ASSERT_EQ(fr_verdict_decode(&verdict, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(verdict.status, FR_VERDICT_ANSWERED);
    EXPECT_EQ(verdict.tier, FR_TIER_EDGE);
    EXPECT_EQ(verdict.class_id, 6U);
    EXPECT_EQ(verdict.edge_model, 0xce3bcbc0U);
    bytes = read_vector("verdict-busy");
    ASSERT_EQ(fr_verdict_decode(&verdict, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(verdict.status, FR_VERDICT_BUSY);
    EXPECT_EQ(verdict.retry_after_ms, 1500U);

    bytes = read_vector("probe");
    fr_probe_kind_t kind{};
    ASSERT_EQ(fr_probe_decode(&kind, bytes.data(), bytes.size()), FR_OK);
    EXPECT_EQ(kind, FR_PROBE_HEALTH);
}

TEST(Downlink, RefusesEveryAckThatIsNotCanonical) {
    for (const char* name :
         {"unknown-field", "default-spelled-out", "overlong-varint", "twice", "out-of-order",
          "truncated", "credit-65", "group", "dearer-out-of-order", "dearer-not-above"}) {
        const auto bytes = read_vector(std::string("reject-ack-") + name);
        fr_ack_t ack;
        EXPECT_NE(fr_ack_decode(&ack, bytes.data(), bytes.size()), FR_OK) << name;
    }
}

TEST(Downlink, RefusesEveryPrefixOfAMessage) {
    const auto bytes = read_vector("desired");
    for (std::size_t size = 5; size < bytes.size(); ++size) {
        const std::vector<std::uint8_t> prefix(bytes.begin(),
                                               bytes.begin() + static_cast<std::ptrdiff_t>(size));
        fr_desired_t desired;
        EXPECT_NE(fr_desired_decode(&desired, prefix.data(), prefix.size()), FR_OK) << size;
    }
}

TEST(Downlink, RefusesAManifestWithoutWhatItMustSay) {
    // Field 1 is the format, 4 the counter, 8 the digest: cut each out.
    const auto bytes = read_vector("manifest");
    fr_manifest_t manifest;
    auto without_format = bytes;
    without_format.erase(without_format.begin(), without_format.begin() + 2);
    EXPECT_NE(fr_manifest_decode(&manifest, without_format.data(), without_format.size()), FR_OK);
    auto other_format = bytes;
    other_format[1] = 2;
    EXPECT_NE(fr_manifest_decode(&manifest, other_format.data(), other_format.size()), FR_OK);
    EXPECT_NE(fr_manifest_decode(&manifest, nullptr, 0), FR_OK);
}

TEST(Downlink, RefusesMoreTasksOrBytesThanTheLimits) {
    const auto task = std::vector<std::uint8_t>{0x1a, 2, 0x08, 1};
    std::vector<std::uint8_t> bytes;
    for (std::uint8_t i = 1; i <= FR_TASKS_MAX + 1; ++i) {
        bytes.insert(bytes.end(), {0x1a, 2, 0x08, i});
    }
    fr_desired_t desired;
    EXPECT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_ERROR_LIMIT);
    bytes = {0x1a, 2, 0x08, 2, 0x1a, 2, 0x08, 1};
    EXPECT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_ERROR_MALFORMED)
        << "tasks must ascend";
}

}  // namespace
}  // namespace frugal::test
