// SPDX-License-Identifier: Apache-2.0
// Old content becomes new content in the only slot there is, with the power cut at every operation.
#include <array>
#include <cstring>
#include <type_traits>

#include "frugal/rewrite.h"
#include "store_fixture.hpp"
#include "support/noise.hpp"

namespace frugal::test {
namespace {

// A checkpoint names its layout by a check over the whole struct.
static_assert(std::has_unique_object_representations_v<fr_layout_t>);

constexpr std::uint32_t kSector = 1024;
constexpr std::uint32_t kPage = 4096;
constexpr std::uint32_t kSize = 3 * kPage + 1501;  // neither whole pages nor whole words
constexpr std::uint32_t kStateBytes = 40;
constexpr std::uint32_t kOperationsOfAPage = kPage / kSector + kPage / FR_FLASH_WORD;

/// Each new byte is made of an old one `lag` behind it, of one ahead, and of the new one before.
struct Recipe {
    std::uint32_t lag;

    std::uint8_t next(std::uint32_t at, const std::uint8_t* old, std::uint8_t before) const {
        const auto behind = at >= lag ? old[at - lag] : 0;
        const auto ahead = old[std::min(at + 100, kSize - 1)];
        return static_cast<std::uint8_t>(behind + 3 * ahead + before + at);
    }

    std::vector<std::uint8_t> make(const std::vector<std::uint8_t>& old) const {
        std::vector<std::uint8_t> bytes(kSize);
        std::uint8_t before = 0;
        for (std::uint32_t at = 0; at < kSize; ++at) {
            before = bytes[at] = next(at, old.data(), before);
        }
        return bytes;
    }
};

class Rewrite : public testing::TestWithParam<std::uint32_t> {
protected:
    Rewrite() {
        const fr_store_shape_t shape{kSector, 2, kSize, 8192, 256, 3, 1, GetParam(), kStateBytes};
        EXPECT_EQ(fr_layout_init(&layout, &shape), FR_OK);
        flash = std::make_unique<FlashModel>(layout.total_bytes, kSector);
        port = flash->port();
        std::copy(old.begin(), old.end(), slot());
        EXPECT_EQ(fr_rewrite_forget(&port, &layout), FR_OK);
        image = flash->bytes;
        flash->power_on();
    }
    void TearDown() override { EXPECT_EQ(flash->breaches(), std::vector<std::string>{}); }

    std::vector<std::uint8_t>::iterator slot() const {
        return flash->bytes.begin() + layout.slots + layout.slot_bytes;
    }

    fr_rewrite_id_t id() const { return {1, 0xF00D, 0xF0F0, kSize}; }

    /// One page, from what the slot still holds. The state is the position, spread out.
    fr_status_t write_page(fr_rewrite_t& rewrite, std::uint32_t& at) const {
        const auto* mapped = fr_flash_map(&port, rewrite.slot);
        std::uint8_t before = 0;
        while (fr_rewrite_room(&rewrite) != 0) {
            if (at > 0 && fr_rewrite_read(&rewrite, at - 1, &before, 1) != FR_OK) {
                return FR_ERROR_ARGUMENT;
            }
            const Recipe recipe{GetParam()};
            if (at >= recipe.lag && at - recipe.lag < fr_rewrite_floor(&rewrite)) {
                return FR_ERROR_STATE;  // the promise about the floor is broken
            }
            std::array<std::uint8_t, 13> piece{};
            const auto size = std::min<std::uint32_t>(piece.size(), fr_rewrite_room(&rewrite));
            for (std::uint32_t i = 0; i < size; ++i) {
                before = piece[i] = recipe.next(at + i, mapped, before);
            }
            if (const auto status = fr_rewrite_add(&rewrite, piece.data(), size); status != FR_OK) {
                return status;
            }
            at += size;
        }
        return FR_OK;
    }

    /// From wherever it stands to the end, or to the cut.
    fr_status_t go_on() const {
        fr_rewrite_t rewrite;
        std::array<std::uint8_t, kStateBytes> state{};
        const auto what = id();
        auto status = fr_rewrite_open(&rewrite, &port, &layout, &what);
        std::uint32_t at = 0;
        if (status == FR_OK && rewrite.pages_done != 0) {
            EXPECT_EQ(rewrite.state_bytes, kStateBytes);
            std::memcpy(&at, fr_rewrite_state(&rewrite) + 31, sizeof at);
        }
        while (status == FR_OK && !fr_rewrite_is_complete(&rewrite)) {
            status = write_page(rewrite, at);
            std::memcpy(state.data() + 31, &at, sizeof at);
            if (status == FR_OK) {
                status = fr_rewrite_commit(&rewrite, state.data(), state.size());
            }
        }
        while (status == FR_OK && !fr_rewrite_is_finished(&rewrite)) {
            const auto before = flash->operations();
            status = fr_rewrite_finish(&rewrite);
            EXPECT_LE(flash->operations() - before, kOperationsOfAPage);
        }
        if (status == FR_OK) {
            EXPECT_EQ(fr_rewrite_finish(&rewrite), FR_ERROR_STATE) << "all is there";
        }
        return status;
    }

    void restore() const {
        flash->power_on();
        flash->bytes = image;
    }

    void expect_new(const std::string& where) const {
        ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), slot())) << where;
    }

    std::uint64_t operations_of_a_calm_run() const {
        restore();
        EXPECT_EQ(go_on(), FR_OK);
        return flash->operations();
    }

    std::vector<std::uint8_t> old = noise(kSize, 7);
    std::vector<std::uint8_t> wanted = Recipe{GetParam()}.make(old);
    fr_layout_t layout{};
    std::unique_ptr<FlashModel> flash;
    fr_flash_t port{};
    std::vector<std::uint8_t> image;
};

TEST_P(Rewrite, MakesTheNewContentOfTheOld) {
    restore();
    ASSERT_EQ(go_on(), FR_OK);
    expect_new("undisturbed");
    ASSERT_EQ(go_on(), FR_OK) << "what is done may be done again";
    expect_new("again");
}

TEST_P(Rewrite, GoesOnAfterACutAtEveryOperation) {
    const auto operations = operations_of_a_calm_run();
    ASSERT_GT(operations, 2 * kSize / FR_FLASH_WORD);
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
        for (const auto tear : kEveryTear) {
            restore();
            flash->cut_at(operation, tear);
            ASSERT_EQ(go_on(), FR_ERROR_STORAGE) << operation;
            flash->power_on();
            ASSERT_EQ(go_on(), FR_OK) << operation;
            expect_new(std::to_string(operation));
        }
    }
}

TEST_P(Rewrite, PagesThatAreThereAreNotWrittenAgain) {
    const auto operations = operations_of_a_calm_run();
    restore();
    flash->cut_at(operations - 1, Tear::kHalf);
    ASSERT_EQ(go_on(), FR_ERROR_STORAGE);
    flash->power_on();
    const auto before = flash->operations();
    ASSERT_EQ(go_on(), FR_OK);
    EXPECT_LE(flash->operations() - before, kOperationsOfAPage);
    expect_new("the last page");
}

TEST_P(Rewrite, GoesOnAfterManyCutsInARow) {
    const auto operations = operations_of_a_calm_run();
    for (std::uint64_t first = 0; first < operations; first += 37) {
        restore();
        std::uint64_t step = first;
        for (int cut = 0; cut < 6; ++cut) {
            flash->cut_at(step % 900, kEveryTear[(first + step) % kEveryTear.size()]);
            if (go_on() == FR_OK) {
                break;
            }
            flash->power_on();
            step = step * 31 + 17;
        }
        flash->power_on();
        ASSERT_EQ(go_on(), FR_OK) << first;
        expect_new(std::to_string(first));
    }
}

TEST_P(Rewrite, WritesOnlyItsOwnSlotScratchAndCheckpoints) {
    restore();
    const auto first_task = layout.slots;
    flash->guard = [&](std::uint32_t offset, std::uint32_t) -> std::string {
        const bool is_own = offset >= first_task + layout.slot_bytes;
        return is_own ? "" : "writes elsewhere";
    };
    ASSERT_EQ(go_on(), FR_OK);
}

TEST_P(Rewrite, DoesNotTakeUpAnother) {
    const auto operations = operations_of_a_calm_run();
    restore();
    flash->cut_at(operations - 5, Tear::kClean);
    ASSERT_EQ(go_on(), FR_ERROR_STORAGE);
    flash->power_on();
    fr_rewrite_t rewrite;
    auto what = id();
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_NE(rewrite.pages_done, 0U);
    what.tag += 1;
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
    EXPECT_EQ(fr_rewrite_state(&rewrite), nullptr);
    what = id();
    what.size_bytes -= 1;
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
    what = id();
    what.form += 1;  // another firmware's state
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
    what = id();
    auto moved = layout;  // another firmware's: what it calls page 0 lies elsewhere
    moved.scratch += kSector;
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &moved, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
    what = id();
    what.task_index = 0;
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
    ASSERT_EQ(fr_rewrite_forget(&port, &layout), FR_OK);
    what = id();
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    EXPECT_EQ(rewrite.pages_done, 0U);
}

TEST_P(Rewrite, BelievesNoMorePagesThanTheContentHas) {
    const auto pages_believed = [this](std::uint32_t pages) {
        restore();
        const auto form =
            fr_crc32(0xF0F0, reinterpret_cast<const std::uint8_t*>(&layout), sizeof layout);
        std::array<std::uint32_t, 8> words{0x50475246U, 0, 0xF00D, kSize, pages, 0, 1U, form};
        std::array<std::uint8_t, 32> header{};
        std::memcpy(header.data(), words.data(), header.size());
        const auto crc = fr_crc32(0, header.data() + 8, 24);
        std::memcpy(header.data() + 4, &crc, sizeof crc);
        std::copy(
            header.begin(), header.end(),
            flash->bytes.begin() + layout.checkpoints + (pages & 1U) * layout.checkpoint_bytes);
        fr_rewrite_t rewrite;
        const auto what = id();
        EXPECT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
        return rewrite.pages_done;
    };
    for (const std::uint32_t pages : {1U, 2U, 3U, 4U}) {
        EXPECT_EQ(pages_believed(pages), pages);
    }
    for (const std::uint32_t pages : {5U, 6U, 0x80000001U, 0xFFFFFFFEU}) {
        EXPECT_EQ(pages_believed(pages), 0U) << pages;
    }
}

TEST_P(Rewrite, RefusesWhatDoesNotFit) {
    restore();
    fr_rewrite_t rewrite;
    auto what = id();
    what.size_bytes = layout.slot_bytes + 1;
    EXPECT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_ERROR_NO_SPACE);
    what = id();
    ASSERT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_OK);
    const std::vector<std::uint8_t> page(kPage + 1);
    std::uint8_t byte = 0;
    EXPECT_EQ(fr_rewrite_add(&rewrite, page.data(), kPage + 1), FR_ERROR_NO_SPACE);
    EXPECT_EQ(fr_rewrite_read(&rewrite, 0, &byte, 1), FR_ERROR_ARGUMENT);
    ASSERT_EQ(fr_rewrite_add(&rewrite, page.data(), kPage - 1), FR_OK);
    EXPECT_EQ(fr_rewrite_commit(&rewrite, page.data(), kStateBytes), FR_ERROR_STATE);
    EXPECT_EQ(fr_rewrite_finish(&rewrite), FR_ERROR_STATE);
    ASSERT_EQ(fr_rewrite_add(&rewrite, page.data(), 1), FR_OK);
    EXPECT_EQ(fr_rewrite_commit(&rewrite, page.data(), layout.checkpoint_bytes), FR_ERROR_NO_SPACE);
}

INSTANTIATE_TEST_SUITE_P(Reach, Rewrite, testing::Values(0U, 1500U, 2 * kPage, 6 * kPage),
                         [](const auto& tested) { return std::to_string(tested.param); });

TEST(RewriteLayout, TwoSlotsNeedNone) {
    const fr_store_shape_t shape{kSector, 1, kSize, 8192, 256, 3, FR_SLOTS, 0, kStateBytes};
    fr_layout_t layout{};
    ASSERT_EQ(fr_layout_init(&layout, &shape), FR_OK);
    EXPECT_EQ(layout.scratch_pages, 0U);
    EXPECT_EQ(layout.total_bytes, layout.slots + 2 * layout.slot_bytes);
    FlashModel flash(layout.total_bytes, kSector);
    const auto port = flash.port();
    const fr_rewrite_id_t what{0, 1, 1, 100};
    fr_rewrite_t rewrite;
    EXPECT_EQ(fr_rewrite_open(&rewrite, &port, &layout, &what), FR_ERROR_STATE);
}

TEST(RewriteLayout, OneSlotSavesFlash) {
    fr_store_shape_t shape{4096, 1, 96 * 1024, 16 * 1024, 256, 3, FR_SLOTS, 0, 2048};
    fr_layout_t two{};
    fr_layout_t one{};
    ASSERT_EQ(fr_layout_init(&two, &shape), FR_OK);
    shape.slots = 1;
    ASSERT_EQ(fr_layout_init(&one, &shape), FR_OK);
    EXPECT_EQ(one.total_bytes + 96 * 1024 - 4 * 4096, two.total_bytes);
    shape.slots = 3;
    EXPECT_EQ(fr_layout_init(&one, &shape), FR_ERROR_ARGUMENT);
    shape.slots = 0;
    EXPECT_EQ(fr_layout_init(&one, &shape), FR_ERROR_ARGUMENT);
}

}  // namespace
}  // namespace frugal::test
