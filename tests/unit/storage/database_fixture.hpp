// SPDX-License-Identifier: Apache-2.0
// A database in a directory of its own, and records to put into it.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "storage/database.hpp"
#include "storage/reader.hpp"
#include "support/temporary_directory.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::storage {

inline core::DeviceRecord device_record(std::uint32_t number, const std::string& id) {
    core::DeviceRecord record{.number = static_cast<core::DeviceNumber>(number),
                              .id = core::device_id(id),
                              .label = "line 4; \"quoted\"",
                              .state = core::DeviceState::kEnrolled,
                              .claim = core::ClaimRecord{core::digest_of(3), base::Duration(77), 2},
                              .certificate = core::CertificateRecord{{1, 2, 3}, {123'456}},
                              .desired_version = 9,
                              .assignments = {{.task = 1, .rollout = {4}, .release = {}}},
                              .capability = core::capability(),
                              .reported = {{.task = 1,
                                            .release = 3,
                                            .model_digest = core::digest_of(4),
                                            .phase = core::UpdatePhase::kProbation,
                                            .reason = core::Reason::kWatchdog,
                                            .policy = 8,
                                            .burned_counter = 2,
                                            .state_bytes = 2880,
                                            .input_bytes = 784,
                                            .output_classes = 10}},
                              .reported_version = 8,
                              .added_at = {11},
                              .revoked_at = {12},
                              .is_kick_pending = true};
    return record;
}

inline core::StreamRecord stream_record(std::uint32_t number, std::uint64_t mark) {
    core::StreamRecord record;
    record.number = static_cast<core::StreamNumber>(number);
    record.id = {0xFEDCBA9876543210ULL};
    record.boot_epoch = 0xFFFFFFFF;
    record.next_sequence = mark;
    record.accepted = mark;
    for (std::uint32_t i = 0; i < core::kDecisionWindow; ++i) {
        record.hashes[i] = 0x80000000U + i;
    }
    return record;
}

inline core::WriteBatch decision_batch(std::uint64_t first, std::uint32_t count = 16) {
    core::WriteBatch batch;
    batch.decisions.push_back({.received_at = {1'000 + static_cast<std::int64_t>(first)},
                               .decisions = core::decisions(first, count)});
    batch.decision_rows = count;
    batch.streams.push_back(stream_record(0, first + count));
    return batch;
}

class DatabaseTest : public ::testing::Test {
protected:
    Database open(DatabaseOptions options = {}) {
        options.path = path();
        auto database = Database::open(options);
        EXPECT_TRUE(database) << (database ? "" : database.error().describe());
        return std::move(database.value());
    }
    base::Error open_error(DatabaseOptions options = {}) {
        options.path = path();
        auto database = Database::open(options);
        EXPECT_FALSE(database);
        return database ? base::Error{} : database.error();
    }
    std::filesystem::path path() const { return directory.path() / "frugal.db"; }
    void execute(const std::string& sql) {
        sqlite3* raw = nullptr;
        ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(raw);
        sqlite3_close(raw);
    }
    void write_device() {
        core::WriteBatch batch;
        batch.records.push_back(device_record(0, "dev"));
        ASSERT_TRUE(open().commit(batch));
    }
    tests::TemporaryDirectory directory;
};

}  // namespace frugal::storage
