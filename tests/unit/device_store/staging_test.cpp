// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "store_fixture.hpp"

namespace frugal::test {
namespace {

class Staging : public Store {
protected:
    void SetUp() override {
        content.resize(5000);
        std::iota(content.begin(), content.end(), std::uint8_t{0});
        fr_staging_open(&staging, &port, &layout);
    }
    fr_artifact_id_t artifact(std::uint8_t name, std::uint32_t block_bytes = 256) const {
        fr_artifact_id_t id{5000, block_bytes, {}, {}};
        id.digest[0] = name;
        return id;
    }
    fr_status_t write(std::uint32_t block) {
        const auto start = block * staging.block_bytes;
        return fr_staging_write(&staging, block, content.data() + start,
                                fr_staging_block_size(&staging, block));
    }
    void reboot() {
        flash.power_on();
        fr_staging_open(&staging, &port, &layout);
    }
    fr_staging_t staging{};
    std::vector<std::uint8_t> content;
};

TEST_F(Staging, IsEmptyOnBlankFlash) {
    EXPECT_FALSE(staging.open);
    EXPECT_FALSE(fr_staging_is_complete(&staging));
    EXPECT_EQ(fr_staging_write(&staging, 0, content.data(), 256), FR_ERROR_STATE);
}

TEST_F(Staging, TakesBlocksInAnyOrderOnce) {
    const auto id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    for (std::uint32_t i = 0; i < 20; ++i) {
        const auto block = (i * 7) % 20;
        ASSERT_EQ(write(block), FR_OK) << block;
        EXPECT_EQ(write(block), FR_ERROR_STATE) << block;
        EXPECT_EQ(fr_staging_blocks_held(&staging), i + 1);
    }
    EXPECT_TRUE(fr_staging_is_complete(&staging));
    EXPECT_TRUE(std::equal(content.begin(), content.end(), fr_staging_bytes(&staging, 0)));
}

TEST_F(Staging, AConflictingDuplicateChangesNothing) {
    const auto id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    ASSERT_EQ(write(3), FR_OK);
    std::vector<std::uint8_t> other(256, 0);
    EXPECT_EQ(fr_staging_write(&staging, 3, other.data(), 256), FR_ERROR_STATE);
    const auto* kept = fr_staging_bytes(&staging, 3 * 256);
    EXPECT_TRUE(std::equal(kept, kept + 256, content.begin() + 3 * 256));
    EXPECT_EQ(fr_staging_blocks_held(&staging), 1U);
}

TEST_F(Staging, KeepsCompleteSectorsOverAReboot) {
    const auto id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    for (const std::uint32_t block : {0, 1, 2, 6, 7, 19}) {  // sectors 0, 3, 9; half of 1
        ASSERT_EQ(write(block), FR_OK);
    }
    reboot();
    ASSERT_TRUE(staging.open);
    for (const std::uint32_t block : {0, 1, 6, 7}) {
        EXPECT_TRUE(fr_staging_holds(&staging, block)) << block;
    }
    EXPECT_FALSE(fr_staging_holds(&staging, 2));
    EXPECT_EQ(staging.base_block, 2U);
    EXPECT_EQ(fr_staging_begin(&staging, &id), FR_OK) << "the same artifact goes on";
    EXPECT_EQ(staging.base_block, 2U);
    for (std::uint32_t block = 0; block < 20; ++block) {
        if (!fr_staging_holds(&staging, block)) {
            ASSERT_EQ(write(block), FR_OK) << block;
        }
    }
    EXPECT_TRUE(fr_staging_is_complete(&staging));
    EXPECT_TRUE(std::equal(content.begin(), content.end(), fr_staging_bytes(&staging, 0)));
}

TEST_F(Staging, AnotherArtifactStartsFromNothing) {
    const auto first = artifact(1);
    const auto second = artifact(2);
    ASSERT_EQ(fr_staging_begin(&staging, &first), FR_OK);
    for (std::uint32_t block = 0; block < 8; ++block) {
        ASSERT_EQ(write(block), FR_OK);
    }
    ASSERT_EQ(fr_staging_begin(&staging, &second), FR_OK);
    EXPECT_EQ(fr_staging_blocks_held(&staging), 0U);
    reboot();
    EXPECT_EQ(fr_staging_blocks_held(&staging), 0U);
}

TEST_F(Staging, BlocksLargerThanASectorAreUnitsOfTheirOwn) {
    const auto id = artifact(1, 2048);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    ASSERT_EQ(write(1), FR_OK);
    reboot();
    EXPECT_TRUE(fr_staging_holds(&staging, 1));
    ASSERT_EQ(write(0), FR_OK);
    ASSERT_EQ(write(2), FR_OK);
    EXPECT_TRUE(fr_staging_is_complete(&staging));
}

TEST_F(Staging, RefusesWhatDoesNotFit) {
    auto id = artifact(1);
    id.size_bytes = 8193;
    EXPECT_EQ(fr_staging_begin(&staging, &id), FR_ERROR_NO_SPACE);
    id = artifact(1, 200);
    EXPECT_EQ(fr_staging_begin(&staging, &id), FR_ERROR_ARGUMENT);
    id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    EXPECT_EQ(fr_staging_write(&staging, 3, content.data(), 255), FR_ERROR_STATE);
    EXPECT_EQ(fr_staging_write(&staging, 20, content.data(), 256), FR_ERROR_STATE);
}

TEST_F(Staging, ACutCostsAtMostOneSector) {
    const auto id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    const auto image = flash.bytes;
    for (const auto tear : kEveryTear) {
        for (std::uint64_t operation = 0;; operation += 3) {
            flash.bytes = image;
            reboot();
            flash.cut_at(operation, tear);
            std::uint32_t held = 0;
            while (held < 20 && write(held) == FR_OK) {
                ++held;
            }
            if (held == 20) {
                break;
            }
            reboot();
            ASSERT_GE(fr_staging_blocks_held(&staging) + 2, held) << operation;
            for (std::uint32_t block = 0; block < 20; ++block) {
                if (!fr_staging_holds(&staging, block)) {
                    ASSERT_EQ(write(block), FR_OK) << block;
                }
            }
            ASSERT_TRUE(fr_staging_is_complete(&staging));
            ASSERT_TRUE(std::equal(content.begin(), content.end(), fr_staging_bytes(&staging, 0)));
        }
    }
}

TEST_F(Staging, IsMadeToOutliveARebootOrSaysThatItDoesNot) {
    const auto id = artifact(1);
    ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
    ASSERT_EQ(write(0), FR_OK);
    EXPECT_EQ(fr_staging_secure(&staging, &layout), FR_ERROR_STATE) << "not complete";
    for (std::uint32_t block = 1; block < 20; ++block) {
        ASSERT_EQ(write(block), FR_OK);
    }
    ASSERT_EQ(fr_staging_secure(&staging, &layout), FR_OK);
    const auto before = flash.operations();
    ASSERT_EQ(fr_staging_secure(&staging, &layout), FR_OK);
    EXPECT_EQ(flash.operations(), before) << "what is safe is not written again";
    // The mark of sector 3, torn: the blocks are here, but no boot would believe it.
    flash.bytes[layout.journal + 96 + 3 * FR_FLASH_WORD] ^= 0x01;
    ASSERT_TRUE(fr_staging_is_complete(&staging));
    ASSERT_EQ(fr_staging_secure(&staging, &layout), FR_OK);
    EXPECT_TRUE(fr_staging_is_complete(&staging));
    reboot();
    EXPECT_TRUE(fr_staging_is_complete(&staging));
    fr_artifact_id_t found{};
    ASSERT_EQ(fr_staging_artifact(&staging, &found), FR_OK);
    EXPECT_EQ(found.digest[0], 1);
    EXPECT_TRUE(std::equal(content.begin(), content.end(), fr_staging_bytes(&staging, 0)));
}

TEST_F(Staging, ACutWhileItIsMadeSafeLeavesItWholeOrUnknown) {
    for (std::uint64_t operation = 0; operation < 30; ++operation) {
        std::fill(flash.bytes.begin(), flash.bytes.end(), std::uint8_t{0xFF});
        reboot();
        const auto id = artifact(1);
        ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
        for (std::uint32_t block = 0; block < 20; ++block) {
            ASSERT_EQ(write(block), FR_OK);
        }
        flash.bytes[layout.journal + 96] ^= 0x80;
        flash.cut_at(flash.operations() + operation, Tear::kHalf);
        const auto status = fr_staging_secure(&staging, &layout);
        EXPECT_EQ(status == FR_OK, !flash.is_cut());
        reboot();
        ASSERT_EQ(fr_staging_begin(&staging, &id), FR_OK);
        if (status == FR_OK) {
            EXPECT_TRUE(fr_staging_is_complete(&staging)) << operation;
        }
        for (std::uint32_t block = 0; block < 20; ++block) {
            if (!fr_staging_holds(&staging, block)) {
                ASSERT_EQ(write(block), FR_OK) << operation;
            }
        }
        EXPECT_TRUE(std::equal(content.begin(), content.end(), fr_staging_bytes(&staging, 0)));
    }
}

}  // namespace
}  // namespace frugal::test
