// SPDX-License-Identifier: Apache-2.0
#include "frugal/artifact.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "frugal/sha256.h"

namespace {

TEST(ArtifactLayout, AgreesFromBothEndsForEverySize) {
    for (uint32_t block : {128U, 256U, 1024U, 4096U}) {
        for (uint32_t payload = 1; payload < 40000; payload += payload < 600 ? 1 : 37) {
            fr_artifact_layout_t built;
            fr_artifact_layout_t read;
            ASSERT_EQ(fr_artifact_layout_of_payload(payload, block, &built), FR_OK);
            ASSERT_EQ(fr_artifact_layout(built.size_bytes, block, &read), FR_OK);
            EXPECT_EQ(read.payload_bytes, payload);
            EXPECT_EQ(read.block_count, built.block_count);
            const bool is_short = payload <= FR_ARTIFACT_UNLISTED_MAX;
            EXPECT_EQ(read.list_bytes, is_short ? 0 : read.block_count * FR_BLOCK_DIGEST_SIZE);
            EXPECT_EQ(read.first_bytes, is_short ? payload : read.list_bytes);
        }
    }
}

TEST(ArtifactLayout, BlocksCoverTheArtifactOnce) {
    fr_artifact_layout_t layout;
    ASSERT_EQ(fr_artifact_layout_of_payload(20000, 128, &layout), FR_OK);
    uint32_t size = 0;
    uint32_t list = 0;
    for (uint32_t i = 0; i < layout.block_count; ++i) {
        size += fr_artifact_block_bytes(&layout, i);
        list += fr_artifact_list_part(&layout, i);
        EXPECT_EQ(fr_artifact_list_part(&layout, i) > 0, i < layout.first_blocks);
    }
    EXPECT_EQ(size, layout.size_bytes);
    EXPECT_EQ(list, layout.list_bytes);
    EXPECT_EQ(fr_artifact_block_bytes(&layout, layout.block_count), 0U);
    EXPECT_EQ(fr_artifact_list_part(&layout, layout.block_count), 0U);
}

TEST(ArtifactLayout, RefusesWhatCannotBe) {
    fr_artifact_layout_t layout;
    EXPECT_EQ(fr_artifact_layout(1000, 64, &layout), FR_ERROR_LIMIT);
    EXPECT_EQ(fr_artifact_layout(1000, 8192, &layout), FR_ERROR_LIMIT);
    EXPECT_EQ(fr_artifact_layout(1000, 384, &layout), FR_ERROR_LIMIT);
    EXPECT_EQ(fr_artifact_layout(FR_ARTIFACT_SIZE_MAX + 1, 256, &layout), FR_ERROR_LIMIT);
    EXPECT_EQ(fr_artifact_layout(2305, 256, &layout), FR_ERROR_MALFORMED) << "needs no list";
    EXPECT_EQ(fr_artifact_layout(2304 + 80, 256, &layout), FR_ERROR_MALFORMED);
    EXPECT_EQ(fr_artifact_layout(2304 + 81, 256, &layout), FR_OK);
    EXPECT_EQ(fr_artifact_layout(0, 256, &layout), FR_ERROR_MALFORMED);
    EXPECT_EQ(fr_artifact_layout_of_payload(0, 256, &layout), FR_ERROR_MALFORMED);
    EXPECT_EQ(fr_artifact_layout_of_payload(0xFFFFFFFFU, 256, &layout), FR_ERROR_LIMIT);
    EXPECT_EQ(fr_artifact_layout_of_payload(FR_ARTIFACT_SIZE_MAX, 256, &layout), FR_ERROR_LIMIT);
}

TEST(ArtifactBlock, IsCheckedAgainstItsEntry) {
    fr_artifact_layout_t layout;
    ASSERT_EQ(fr_artifact_layout_of_payload(2400, 256, &layout), FR_OK);
    std::vector<uint8_t> block(fr_artifact_block_bytes(&layout, 0), 7);
    const uint32_t list_part = fr_artifact_list_part(&layout, 0);
    ASSERT_GT(list_part, 0U);
    ASSERT_LT(list_part, block.size());
    uint8_t digest[32];
    fr_sha256(block.data() + list_part, block.size() - list_part, digest);
    const auto size = static_cast<uint32_t>(block.size());
    EXPECT_EQ(fr_artifact_verify_block(&layout, 0, block.data(), size, digest), FR_OK);
    EXPECT_EQ(fr_artifact_verify_block(&layout, 0, block.data(), size - 1, digest),
              FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_artifact_verify_block(&layout, 99, block.data(), 0, digest), FR_ERROR_ARGUMENT);
    for (size_t i = list_part; i < block.size(); ++i) {
        block[i] ^= 1;
        EXPECT_EQ(fr_artifact_verify_block(&layout, 0, block.data(), size, digest),
                  FR_ERROR_DIGEST);
        block[i] ^= 1;
    }
}

TEST(ArtifactBlock, HasNoEntryWithoutAList) {
    fr_artifact_layout_t layout;
    ASSERT_EQ(fr_artifact_layout(1000, 256, &layout), FR_OK);
    EXPECT_EQ(layout.first_blocks, layout.block_count);
    const std::vector<uint8_t> block(256, 7);
    uint8_t digest[32];
    fr_sha256(block.data(), block.size(), digest);
    EXPECT_EQ(fr_artifact_verify_block(&layout, 0, block.data(), 256, digest), FR_ERROR_ARGUMENT);
}

TEST(ArtifactList, IsCheckedAsAWhole) {
    std::vector<uint8_t> list(24, 3);
    uint8_t digest[32];
    fr_sha256(list.data(), list.size(), digest);
    EXPECT_EQ(fr_artifact_verify_first(list.data(), 24, digest), FR_OK);
    list[23] ^= 0x80;
    EXPECT_EQ(fr_artifact_verify_first(list.data(), 24, digest), FR_ERROR_DIGEST);
}

}  // namespace
