// SPDX-License-Identifier: Apache-2.0
#include "model/codec/artifact.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "frugal/sha256.h"

namespace {

using frugal::base::Bytes;
using frugal::base::ErrorKind;

Bytes numbered(size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(i * 7);
    }
    return bytes;
}

class BuiltArtifact : public testing::TestWithParam<std::pair<size_t, uint32_t>> {};

TEST_P(BuiltArtifact, IsAcceptedBlockByBlockAsADeviceDoes) {
    const auto [size, block_bytes] = GetParam();
    const Bytes payload = numbered(size);
    const auto artifact = frugal::model::build_artifact(payload, block_bytes);
    ASSERT_TRUE(artifact);
    const Bytes& bytes = artifact->bytes;
    fr_artifact_layout_t layout;
    ASSERT_EQ(fr_artifact_layout(static_cast<uint32_t>(bytes.size()), block_bytes, &layout), FR_OK);
    ASSERT_EQ(
        fr_artifact_verify_first(bytes.data(), layout.first_bytes, artifact->list_digest.data()),
        FR_OK);
    for (uint32_t i = 0; layout.list_bytes != 0 && i < layout.block_count; ++i) {
        const uint8_t* entry = bytes.data() + fr_artifact_entry_offset(i);
        EXPECT_EQ(fr_artifact_verify_block(&layout, i, bytes.data() + i * block_bytes,
                                           fr_artifact_block_bytes(&layout, i), entry),
                  FR_OK);
    }
    EXPECT_TRUE(
        std::equal(payload.begin(), payload.end(), bytes.begin() + layout.list_bytes, bytes.end()));
    frugal::base::Digest digest;
    fr_sha256(bytes.data(), bytes.size(), digest.data());
    EXPECT_EQ(digest, artifact->digest);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BuiltArtifact,
                         testing::Values(std::pair{1UL, 128U}, std::pair{120UL, 128U},
                                         std::pair{2304UL, 128U}, std::pair{2305UL, 128U},
                                         std::pair{5000UL, 128U}, std::pair{28000UL, 1024U},
                                         std::pair{300000UL, 4096U}, std::pair{300000UL, 128U}));

TEST(BuildArtifact, AShortOneIsItsPayload) {
    const Bytes payload = numbered(2304);
    const auto artifact = frugal::model::build_artifact(payload, 256);
    ASSERT_TRUE(artifact);
    EXPECT_EQ(artifact->bytes, payload);
    EXPECT_EQ(artifact->list_digest, artifact->digest);
    EXPECT_EQ(frugal::model::build_artifact(numbered(2305), 256)->bytes.size(), 2305U + 10 * 8);
}

TEST(BuildArtifact, RefusesWhatCannotTravel) {
    EXPECT_EQ(frugal::model::build_artifact({}, 256).error().kind, ErrorKind::kLimit);
    EXPECT_EQ(frugal::model::build_artifact(numbered(9), 100).error().kind, ErrorKind::kLimit);
    EXPECT_EQ(frugal::model::build_artifact(numbered(FR_ARTIFACT_SIZE_MAX), 256).error().kind,
              ErrorKind::kLimit);
}

}  // namespace
