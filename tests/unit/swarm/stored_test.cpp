// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/stored.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace frugal::swarm {
namespace {

class StoredFile : public testing::Test {
protected:
    StoredFile()
        : path(std::filesystem::temp_directory_path() /
               ("frugal-stored-test-" + std::to_string(::getpid()) + ".db")) {
        std::filesystem::remove(path);
        sqlite3_open(path.c_str(), &database);
    }
    ~StoredFile() override {
        sqlite3_close(database);
        std::filesystem::remove(path);
    }
    void execute(const std::string& sql) {
        ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(database);
    }
    /// The gateway's own schema, so that a change there is noticed here.
    void migrate() {
        const std::filesystem::path folder =
            std::filesystem::path(FRUGAL_SOURCE_DIR) / "gateway" / "storage" / "migrations";
        std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
        std::sort(files.begin(), files.end());
        for (const auto& file : files) {
            std::stringstream text;
            text << std::ifstream(file).rdbuf();
            execute(text.str());
        }
    }
    std::filesystem::path path;
    sqlite3* database = nullptr;
};

TEST_F(StoredFile, ReadsTheGatewaysSchema) {
    migrate();
    execute("PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0;");
    execute(
        "INSERT INTO device (number, id, label, state, claim_us, claim_attempts, "
        "certificate_until_ms, desired_version, reported_version, assignments, reported, added_ms, "
        "revoked_ms) VALUES (3, 'm4-0001', '', 1, 0, 0, 0, 0, 0, x'', x'', 0, 0);"
        "INSERT INTO stream (number, device, id, boot_epoch, next_sequence, accepted, lost, "
        "gap_count, hashes) VALUES (5, 3, -2, 1, 12, 1, 11, 1, x'');"
        "INSERT INTO decision (number, stream, sequence, boot_epoch, ticks, task, release, class, "
        "confidence, outcome, energy_uj, received_ms) VALUES (0, 5, 11, 1, 20, 1, 2, 7, 200, 18, "
        "9, 0);"
        "INSERT INTO gap (number, stream, kind, first_sequence, until_sequence, noted_ms) "
        "VALUES (0, 5, 1, 0, 11, 0);");
    const auto stored = Stored::load(path);
    ASSERT_TRUE(stored) << stored.error().describe();
    const StoredStream& stream = stored->streams.at({"m4-0001", 0xfffffffffffffffeu});
    EXPECT_EQ(stream.next_sequence, 12u);
    ASSERT_EQ(stream.decisions.size(), 1u);
    EXPECT_EQ(stream.decisions[0].sequence, 11u);
    EXPECT_EQ(stream.decisions[0].class_id, 7u);
    EXPECT_EQ(stream.decisions[0].outcome, 18u);
    ASSERT_EQ(stream.gaps.size(), 1u);
    EXPECT_EQ(stream.gaps[0].to, 11u);
    EXPECT_TRUE(stream.gaps[0].is_declared);
}

TEST_F(StoredFile, RefusesAnotherSchema) {
    execute("CREATE TABLE device (x)");
    const auto stored = Stored::load(path);
    ASSERT_FALSE(stored);
    EXPECT_NE(stored.error().message.find("schema"), std::string::npos);
    EXPECT_FALSE(Stored::load("does/not/exist.db"));
}

}  // namespace
}  // namespace frugal::swarm
