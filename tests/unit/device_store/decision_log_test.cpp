// SPDX-License-Identifier: Apache-2.0
#include "store_fixture.hpp"

#include "frugal/message.h"

namespace frugal::test {
namespace {

constexpr std::uint64_t kStream = 42;

class DecisionLog : public Store {
protected:
    void open(std::uint32_t epoch, std::uint64_t stream = kStream) {
        ASSERT_EQ(fr_decision_log_open(&log, &port, &layout, stream, epoch), FR_OK);
    }
    fr_decision_record_t sample(std::uint32_t number) const {
        fr_decision_record_t record{};
        record.ticks = number * 3;
        record.release = 7;
        record.local_class = static_cast<std::uint8_t>(number % 64);
        record.local_doubt = static_cast<std::uint8_t>(number % 256);
        record.is_final = 1;
        record.class_id = record.local_class;
        record.doubt = record.local_doubt;
        record.outcome = 17;
        record.energy_uj = number * 1000;
        return record;
    }
    fr_status_t append(std::uint32_t number) {
        auto record = sample(number);
        std::uint32_t position = 0;
        return fr_decision_log_append(&log, kStream, &record, &position);
    }
    /// Reads everything and checks that it is what append() wrote, numbered without gaps.
    void expect_all(std::uint64_t from, std::uint64_t until) {
        EXPECT_EQ(log.oldest_sequence, from);
        EXPECT_EQ(log.next_sequence, until);
        fr_decision_cursor_t cursor;
        fr_decision_record_t record;
        for (std::uint64_t start = from; start < until; start += 7) {
            ASSERT_EQ(fr_decision_log_seek(&log, start, &cursor), FR_OK) << start;
            for (std::uint64_t i = start; i < until; ++i) {
                ASSERT_EQ(fr_decision_log_read(&log, &cursor, &record, nullptr), FR_OK) << i;
                ASSERT_EQ(record.sequence, i);
                ASSERT_EQ(record.ticks, i * 3);
                ASSERT_EQ(record.energy_uj, i * 1000);
            }
            EXPECT_EQ(fr_decision_log_read(&log, &cursor, &record, nullptr), FR_ERROR_NOT_FOUND);
        }
    }
    fr_decision_log_t log{};
    static constexpr std::uint64_t kPerSector = (512 - 40) / 24;
};

TEST_F(DecisionLog, StartsAtZero) {
    open(1);
    EXPECT_EQ(log.next_sequence, 0U);
    EXPECT_EQ(log.oldest_sequence, 0U);
    fr_decision_cursor_t cursor;
    EXPECT_EQ(fr_decision_log_seek(&log, 0, &cursor), FR_ERROR_NOT_FOUND);
}

TEST_F(DecisionLog, ReadsBackWhatItHoldsAcrossReboots) {
    open(1);
    for (std::uint32_t i = 0; i < 30; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    expect_all(0, 30);
    open(2);
    expect_all(0, 30);
    ASSERT_EQ(append(30), FR_OK);
    expect_all(0, 31);
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    ASSERT_EQ(fr_decision_log_seek(&log, 29, &cursor), FR_OK);
    ASSERT_EQ(fr_decision_log_read(&log, &cursor, &record, nullptr), FR_OK);
    EXPECT_EQ(record.boot_epoch, 1U);
    ASSERT_EQ(fr_decision_log_read(&log, &cursor, &record, nullptr), FR_OK);
    EXPECT_EQ(record.boot_epoch, 2U);
}

TEST_F(DecisionLog, GivesUpTheOldestSectorWhenFull) {
    open(1);
    for (std::uint32_t i = 0; i < 3 * kPerSector; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    EXPECT_EQ(fr_decision_log_oldest_after_append(&log), kPerSector);
    EXPECT_EQ(log.oldest_sequence, 0U);
    ASSERT_EQ(append(3 * kPerSector), FR_OK);
    expect_all(kPerSector, 3 * kPerSector + 1);
    open(2);
    expect_all(kPerSector, 3 * kPerSector + 1);
}

TEST_F(DecisionLog, ForgetsWhatItHoldsButNoNumber) {
    open(1);
    for (std::uint32_t i = 0; i < 2 * kPerSector + 3; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    const auto next = log.next_sequence;
    ASSERT_EQ(fr_decision_log_forget(&log, kStream), FR_OK);
    expect_all(next, next);
    open(2);
    expect_all(next, next);
    const auto operations = flash.operations();
    ASSERT_EQ(fr_decision_log_forget(&log, kStream), FR_OK);
    EXPECT_EQ(flash.operations(), operations) << "nothing is left to forget";
    for (auto i = static_cast<std::uint32_t>(next); i < 5 * kPerSector; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    open(3);
    expect_all(3 * kPerSector + 3 - kPerSector, 5 * kPerSector);
}

TEST_F(DecisionLog, ACutWhileItForgetsLosesNoNumber) {
    open(1);
    for (std::uint32_t i = 0; i < 2 * kPerSector + 3; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    const auto next = log.next_sequence;
    const auto image = flash.bytes;
    for (const auto tear : kEveryTear) {
        fr_status_t status = FR_ERROR_STORAGE;
        for (std::uint64_t operation = 0; status != FR_OK; ++operation) {
            flash.power_on();
            flash.bytes = image;
            open(2);
            flash.cut_at(operation, tear);
            status = fr_decision_log_forget(&log, kStream);
            flash.power_on();
            open(2);
            ASSERT_EQ(log.next_sequence, next) << operation;
            ASSERT_EQ(fr_decision_log_forget(&log, kStream), FR_OK);
            open(2);
            expect_all(next, next);
        }
    }
}

TEST_F(DecisionLog, IgnoresSectorsOfAnotherStream) {
    open(1);
    ASSERT_EQ(append(0), FR_OK);
    open(1, kStream + 1);
    EXPECT_EQ(log.next_sequence, 0U);
}

TEST_F(DecisionLog, RemembersTheAckWhenASectorIsOpened) {
    open(1);
    ASSERT_EQ(append(0), FR_OK);
    log.acked_sequence = 1;
    for (std::uint32_t i = 1; i < 2 * kPerSector; ++i) {
        ASSERT_EQ(append(i), FR_OK);
    }
    open(2);
    EXPECT_EQ(log.acked_sequence, 1U);
}

TEST_F(DecisionLog, AnOpenRecordIsFinishedLater) {
    open(1);
    auto record = sample(0);
    record.is_final = 0;
    std::uint32_t position = 0;
    ASSERT_EQ(fr_decision_log_append(&log, kStream, &record, &position), FR_OK);
    open(2);
    fr_decision_cursor_t cursor;
    fr_decision_record_t read;
    std::uint32_t found = 0;
    ASSERT_EQ(fr_decision_log_seek(&log, 0, &cursor), FR_OK);
    ASSERT_EQ(fr_decision_log_read(&log, &cursor, &read, &found), FR_OK);
    EXPECT_EQ(read.is_final, 0);
    EXPECT_EQ(found, position);
    record.class_id = 9;
    record.outcome = 2 * 16 + 10;
    ASSERT_EQ(fr_decision_log_finish(&log, position, &record), FR_OK);
    ASSERT_EQ(fr_decision_log_seek(&log, 0, &cursor), FR_OK);
    ASSERT_EQ(fr_decision_log_read(&log, &cursor, &read, nullptr), FR_OK);
    EXPECT_EQ(read.is_final, 1);
    EXPECT_EQ(read.class_id, 9);
    EXPECT_EQ(read.outcome, 42);
}

TEST_F(DecisionLog, ATornFinishReadsAsLateEveryTime) {
    open(1);
    auto record = sample(5);
    record.is_final = 0;
    std::uint32_t position = 0;
    ASSERT_EQ(fr_decision_log_append(&log, kStream, &record, &position), FR_OK);
    flash.power_on();
    flash.cut_at(0, Tear::kHalf);
    record.class_id = 60;
    record.outcome = 42;
    EXPECT_EQ(fr_decision_log_finish(&log, position, &record), FR_ERROR_STORAGE);
    flash.power_on();
    open(2);
    fr_decision_cursor_t cursor;
    fr_decision_record_t read;
    ASSERT_EQ(fr_decision_log_seek(&log, 0, &cursor), FR_OK);
    ASSERT_EQ(fr_decision_log_read(&log, &cursor, &read, nullptr), FR_OK);
    EXPECT_EQ(read.is_final, 1);
    EXPECT_EQ(read.class_id, 5);
    EXPECT_EQ(read.outcome, FR_TIER_LOCAL * 16 + FR_POLICY_LATE);
}

TEST_F(DecisionLog, ACutAtAnyOperationLosesNothingAndReusesNothing) {
    for (const auto tear : kEveryTear) {
        for (std::uint64_t operation = 0; operation < 400; ++operation) {
            flash.power_on();
            std::fill(flash.bytes.begin(), flash.bytes.end(), 0xFF);
            open(1);
            flash.cut_at(operation, tear);
            std::uint32_t number = 0;
            while (number < 120 && append(number) == FR_OK) {
                ++number;
            }
            flash.power_on();
            open(2);
            // The one in the making may be there or not; all that were confirmed are, unless
            // their sector was being given up.
            ASSERT_GE(log.next_sequence, number) << operation;
            ASSERT_LE(log.next_sequence, number + 1U) << operation;
            expect_all(log.oldest_sequence, log.next_sequence);
            for (auto i = static_cast<std::uint32_t>(log.next_sequence); i < 125; ++i) {
                ASSERT_EQ(append(i), FR_OK) << operation;
            }
            expect_all(log.oldest_sequence, 125);
            ASSERT_GE(125 - log.oldest_sequence, kPerSector);
        }
    }
}

}  // namespace
}  // namespace frugal::test
