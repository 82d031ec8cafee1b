// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "store_fixture.hpp"

namespace frugal::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

class RecordLog : public Store {
protected:
    fr_status_t put(std::uint32_t type, const Bytes& bytes) {
        return fr_record_log_put(&log, type, bytes.data(),
                                 static_cast<std::uint32_t>(bytes.size()));
    }
    Bytes get(std::uint32_t type) const {
        std::uint32_t size = 0;
        const auto* bytes = fr_record_log_get(&log, type, &size);
        return bytes == nullptr ? Bytes{} : Bytes(bytes, bytes + size);
    }
    void format() {
        const Bytes state{1, 2, 3};
        ASSERT_EQ(fr_record_log_format(&log, &port, &layout, FR_RECORD_STATE, state.data(), 3),
                  FR_OK);
    }
    fr_record_log_t log{};
};

TEST_F(RecordLog, BlankFlashHasNone) {
    EXPECT_EQ(fr_record_log_open(&log, &port, &layout), FR_ERROR_NOT_FOUND);
}

TEST_F(RecordLog, KeepsTheNewestOfEachTypeOverManyCompactions) {
    format();
    Bytes state;
    for (std::uint32_t i = 0; i < 500; ++i) {
        state.assign(72, static_cast<std::uint8_t>(i));
        ASSERT_EQ(put(FR_RECORD_STATE, state), FR_OK);
        ASSERT_EQ(put(1 + i % 8, Bytes(i % 700 + 1, static_cast<std::uint8_t>(i % 8))), FR_OK);
    }
    ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
    EXPECT_EQ(get(FR_RECORD_STATE), state);
    for (std::uint32_t type = 1; type <= 8; ++type) {
        ASSERT_FALSE(get(type).empty());
        EXPECT_EQ(get(type)[0], type - 1);
    }
}

TEST_F(RecordLog, AnEmptyRecordRemoves) {
    format();
    ASSERT_EQ(put(FR_RECORD_OFFER, {5, 6}), FR_OK);
    ASSERT_EQ(put(FR_RECORD_OFFER, {}), FR_OK);
    EXPECT_TRUE(get(FR_RECORD_OFFER).empty());
    ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
    EXPECT_TRUE(get(FR_RECORD_OFFER).empty());
}

TEST_F(RecordLog, RefusesWhatCanNeverFit) {
    format();
    EXPECT_EQ(put(1, Bytes(layout.record_side_bytes)), FR_ERROR_NO_SPACE);
    EXPECT_EQ(put(FR_RECORD_TYPES, {1}), FR_ERROR_ARGUMENT);
    EXPECT_EQ(get(FR_RECORD_STATE), (Bytes{1, 2, 3}));
}

TEST_F(RecordLog, OfOtherSidesIsForeign) {
    format();
    for (const std::uint32_t factor : {2U, 3U}) {
        auto other = layout;
        other.record_side_bytes = layout.record_side_bytes / 4 * factor;
        for (int i = 0; i < 2; ++i) {  // with the newest in either side
            EXPECT_EQ(fr_record_log_open(&log, &port, &other), FR_ERROR_UNSUPPORTED) << factor;
            ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
            for (int k = 0; k < 100; ++k) {
                ASSERT_EQ(put(FR_RECORD_STATE, Bytes(72, 9)), FR_OK);
            }
        }
    }
}

TEST_F(RecordLog, BytesInARecordThatLookLikeAnotherFormAreNone) {
    auto other = layout;
    other.record_side_bytes = layout.record_side_bytes * 2;
    const Bytes state{1};
    ASSERT_EQ(fr_record_log_format(&log, &port, &other, FR_RECORD_STATE, state.data(), 1), FR_OK);
    const auto* there = fr_flash_map(&port, other.records);
    const Bytes forged(there, there + 16);
    format();
    // Copies of it at every word of the side, so that one lies on each sector's first bytes.
    const std::uint32_t room = layout.record_side_bytes - 128;
    Bytes payload;
    while (payload.size() + forged.size() <= room) {
        payload.insert(payload.end(), forged.begin(), forged.end());
    }
    for (std::uint32_t shift = 0; shift < 16; shift += 4) {
        Bytes shifted(shift, 0xAA);
        shifted.insert(shifted.end(), payload.begin(), payload.end());
        ASSERT_EQ(put(FR_RECORD_OFFER, shifted), FR_OK);
        EXPECT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK) << shift;
        EXPECT_EQ(get(FR_RECORD_OFFER), shifted);
    }
}

TEST_F(RecordLog, ACutAtAnyOperationLeavesTheOldOrTheNewValue) {
    format();
    const Bytes big(600, 7);
    ASSERT_EQ(put(1, big), FR_OK);
    for (std::uint8_t i = 0; i < 60; ++i) {
        ASSERT_EQ(put(FR_RECORD_STATE, Bytes(72, i)), FR_OK);
    }
    const auto image = flash.bytes;
    for (const auto tear : kEveryTear) {
        for (std::uint64_t operation = 0;; ++operation) {
            flash.power_on();
            flash.bytes = image;
            ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
            flash.cut_at(operation, tear);
            fr_status_t status = FR_OK;
            std::uint8_t value = 60;
            for (; value < 160 && status == FR_OK; ++value) {
                status = put(FR_RECORD_STATE, Bytes(72, value));
            }
            if (status == FR_OK) {
                break;
            }
            flash.power_on();
            ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
            const auto found = get(FR_RECORD_STATE);
            ASSERT_EQ(found.size(), 72U);
            EXPECT_TRUE(found[0] == value - 1 || found[0] == value - 2) << operation;
            EXPECT_EQ(get(1), big);
            ASSERT_EQ(put(FR_RECORD_STATE, Bytes(72, 200)), FR_OK);
            ASSERT_EQ(fr_record_log_open(&log, &port, &layout), FR_OK);
            EXPECT_EQ(get(FR_RECORD_STATE), Bytes(72, 200));
        }
    }
}

}  // namespace
}  // namespace frugal::test
