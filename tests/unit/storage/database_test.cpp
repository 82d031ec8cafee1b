// SPDX-License-Identifier: Apache-2.0
// I1-I3, I21: what was committed is there after any end, and nothing is written where it must not.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "storage/migration.hpp"
#include "unit/storage/database_fixture.hpp"

namespace frugal::storage {
namespace {

TEST_F(DatabaseTest, StartsEmpty) {
    auto snapshot = open().load();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->fencing_epoch, 0U);
    EXPECT_TRUE(snapshot->devices.empty());
    EXPECT_EQ(snapshot->audit_count, 0U);
}

// A release with everything a release can have.
core::ReleaseRecord full_release() {
    core::ReleaseRecord release{.model = core::model_name("net"),
                                .release = 2,
                                .counter = 3,
                                .task = 1,
                                .source_bytes = 90'000,
                                .note = "4 bit",
                                .imported_at = {5}};
    auto content = core::manifest_content("net", 2, 3);
    content.self_tests = {{.seed = 5, .output_digest = {1, 2, 3}}};
    content.data_digest = base::Bytes(32, 7);
    release.variants.push_back({core::signed_manifest(content),
                                {{.digest = core::digest_of(1),
                                  .size_bytes = 5,
                                  .block_bytes = 128,
                                  .list_digest = core::digest_of(2),
                                  .base_digest = core::digest_of(3),
                                  .decoder_profile = 2,
                                  .decoder_ram_bytes = 4448,
                                  .base_lag_bytes = 4000000000},
                                 {.digest = core::digest_of(4),
                                  .size_bytes = 6,
                                  .block_bytes = 512,
                                  .list_digest = core::digest_of(5)}},
                                800});
    release.statement =
        std::make_shared<const core::SignedBlob>(release.variants[0].manifest->blob());
    return release;
}

TEST_F(DatabaseTest, GivesBackEveryRecordAsItWas) {
    const auto device = device_record(0, "dev");
    const auto stream = stream_record(0, 16);
    const core::TaskRecord task{.task = 1,
                                .name = "keyword",
                                .labels = {"yes", "no", "a\nb"},
                                .privacy = core::TaskPrivacy::kEdgeOnly};
    const auto release = full_release();
    const core::EdgeModelRecord edge{1, core::digest_of(8), "big", 784};
    const core::PolicyRecord policy{*base::ClassName::parse("m4"), 1, 6,
                                    core::signed_policy("policy"), 250};
    core::RolloutRecord rollout{.id = {4},
                                .task = 1,
                                .target = core::RolloutTarget::kListed,
                                .status = core::RolloutStatus::kRolledBack,
                                .undoes = base::RolloutId{3},
                                .actor = "ada",
                                .started_at = {1},
                                .ended_at = {2}};
    const core::RolloutDeviceRecord entry{.rollout = {4},
                                          .state = core::RolloutState::kReverted,
                                          .reason = core::Reason::kSelfTestFailed,
                                          .detail = 77,
                                          .attempt = 2,
                                          .blocks_held = 9,
                                          .changed_at = {3}};
    const core::AuditRecord audit{.number = 0, .actor = "ada", .hash = core::digest_of(6)};
    const core::EnergyRecord energy{
        .stream = {0xFEDCBA9876543210ULL},
        .boot_epoch = 0xFFFFFFFF,
        .finished = {{1, 2, 3, 4}, {5, 6, 7, 8}, 9, 10, 11, 12, 13, 14},
        .current = {{21, 22, 23, 24}, {25, 26, 27, 28}, 29, 30, 31, 32}};
    {
        core::WriteBatch batch;
        batch.records = {device,  task,  release, edge,   policy,
                         rollout, entry, audit,   energy, core::FencingEpochRecord{12}};
        batch.records.push_back(core::PolicyNumberRecord{512});
        batch.streams = {stream};
        ASSERT_TRUE(open().commit(batch));
    }
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->fencing_epoch, 12U);
    EXPECT_EQ(loaded->next_policy, 512U);
    EXPECT_EQ(loaded->devices.at(0), device);
    EXPECT_EQ(loaded->streams.at(0), stream);
    EXPECT_EQ(loaded->tasks.at(0), task);
    EXPECT_EQ(loaded->edge_models.at(0), edge);
    EXPECT_EQ(loaded->rollouts.at(0), rollout);
    EXPECT_EQ(loaded->rollout_devices.at(0), entry);
    ASSERT_EQ(loaded->energy.size(), 1U);
    EXPECT_EQ(loaded->energy[0], energy);
    EXPECT_EQ(loaded->audit_count, 1U);
    EXPECT_EQ(loaded->audit_head, core::digest_of(6));
    EXPECT_EQ(loaded->policies.at(0).blob->content(), policy.blob->content());
    EXPECT_EQ(loaded->policies.at(0).group_share_permille, 250U);
    const auto& back = loaded->releases.at(0);
    ASSERT_EQ(back.variants.size(), 1U);
    EXPECT_EQ(back.variants[0].manifest->content(), release.variants[0].manifest->content());
    EXPECT_EQ(back.variants[0].manifest->blob().content(),
              release.variants[0].manifest->blob().content());
    EXPECT_EQ(back.variants[0].manifest->blob().signature(),
              release.variants[0].manifest->blob().signature());
    EXPECT_EQ(back.variants[0].artifacts, release.variants[0].artifacts);
    EXPECT_EQ(back.variants[0].stripped_bytes, 800U);
    ASSERT_NE(back.statement, nullptr);
    EXPECT_EQ(back.statement->content(), release.statement->content());
    EXPECT_EQ(back.statement->signature(), release.statement->signature());
    EXPECT_EQ(back.statement->key_id(), release.statement->key_id());
}

TEST_F(DatabaseTest, ReplacesRecordsWithTheSameKey) {
    auto device = device_record(0, "dev");
    auto database = open();
    core::WriteBatch batch;
    batch.records.push_back(device);
    device.state = core::DeviceState::kRevoked;
    device.claim.reset();
    device.capability.reset();
    batch.records.push_back(device);
    ASSERT_TRUE(database.commit(batch));
    EXPECT_EQ(database.load()->devices, std::vector{device});
}

TEST_F(DatabaseTest, RefusesASecondOwner) {
    const auto first = open();
    const auto error = open_error();
    EXPECT_EQ(error.kind, base::ErrorKind::kConflict);
    EXPECT_NE(error.cause.find("another frugald"), std::string::npos);
}

TEST_F(DatabaseTest, KeepsCommittedRowsWhenTheProcessIsKilled) {
    const auto child = ::fork();
    if (child == 0) {
        DatabaseOptions options;
        options.path = path();
        auto database = Database::open(options);
        for (std::uint64_t i = 0; i < 10; ++i) {
            if (!database || !database->commit(decision_batch(i * 16))) {
                ::_exit(1);
            }
        }
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    write_device();
    EXPECT_EQ(open().load()->streams.at(0).next_sequence, 160U);
    EXPECT_EQ(Reader::open(path())->count_decisions(), 160U);
}

TEST_F(DatabaseTest, AFullDatabaseFailsTheCommitAndLosesNothing) {
    DatabaseOptions options;
    options.page_limit = 60;
    write_device();
    std::uint64_t stored = 0;
    {
        auto database = open(options);
        while (stored < 1'000'000) {
            const auto done = database.commit(decision_batch(stored));
            if (!done) {
                EXPECT_EQ(done.error().kind, base::ErrorKind::kStorage);
                EXPECT_NE(done.error().remedy.find("room"), std::string::npos);
                break;
            }
            stored += 16;
        }
        ASSERT_GT(stored, 0U);
        EXPECT_FALSE(database.commit(decision_batch(stored))) << "spent until opened again";
    }
    auto again = open();  // with the default limit there is room
    EXPECT_EQ(again.load()->streams.at(0).next_sequence, stored);
    EXPECT_EQ(Reader::open(path())->count_decisions(), stored);
    EXPECT_TRUE(again.commit(decision_batch(stored)));
}

TEST_F(DatabaseTest, ABatchIsStoredWholeOrNotAtAll) {
    write_device();
    auto database = open();
    auto batch = decision_batch(0);
    core::AuditRecord audit{.number = 0, .actor = "ada"};
    batch.records = {audit, audit};  // the second breaks the primary key
    ASSERT_FALSE(database.commit(batch));
    EXPECT_EQ(Reader::open(path())->count_decisions(), 0U);
}

TEST_F(DatabaseTest, RefusesANewerSchemaWithoutWriting) {
    write_device();
    execute("PRAGMA user_version = 9999");
    const auto before = std::filesystem::file_size(path());
    const auto error = open_error();
    EXPECT_EQ(error.kind, base::ErrorKind::kUnsupported);
    EXPECT_NE(error.describe().find("9999"), std::string::npos);
    EXPECT_NE(error.remedy.find("newer frugald"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path()), before);
    execute("PRAGMA user_version = " + std::to_string(migrations().size()));
    EXPECT_EQ(open().load()->devices.size(), 1U);
}

TEST_F(DatabaseTest, AnUpgradeConfirmsEarlierRevocationsOnceMore) {
    core::WriteBatch batch;
    batch.records = {device_record(0, "enrolled"), device_record(1, "revoked")};
    std::get<core::DeviceRecord>(batch.records[1]).state = core::DeviceState::kRevoked;
    ASSERT_TRUE(open().commit(batch));
    execute(
        "DROP TABLE energy;"
        "ALTER TABLE device DROP COLUMN kick_pending;"
        "ALTER TABLE artifact DROP COLUMN decoder_profile;"
        "ALTER TABLE artifact DROP COLUMN decoder_ram_bytes;"
        "ALTER TABLE artifact DROP COLUMN base_lag_bytes;"
        "UPDATE device SET capability = substr(capability, 9);"
        "ALTER TABLE variant ADD COLUMN decoder_ram_bytes INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE variant ADD COLUMN decoder_profile INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE variant DROP COLUMN state_bytes;"
        "ALTER TABLE variant DROP COLUMN multiply_accumulates;"
        "DROP TABLE learning; DROP TABLE observation;"
        "ALTER TABLE release DROP COLUMN statement;"
        "ALTER TABLE release DROP COLUMN statement_signature;"
        "ALTER TABLE release DROP COLUMN statement_key_id;"
        "ALTER TABLE variant DROP COLUMN stripped_bytes;"
        "DROP TABLE policy_version; DROP TABLE policy_part; DROP TABLE policy_rollout;"
        "DROP TABLE canary; DROP TABLE doubted; DROP TABLE share;"
        "ALTER TABLE task DROP COLUMN priority; ALTER TABLE task DROP COLUMN group_share_permille;"
        "ALTER TABLE policy DROP COLUMN group_share_permille;"
        "PRAGMA user_version = 1");  // as it was
    const auto devices = open().load()->devices;
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_FALSE(devices[0].is_kick_pending);
    EXPECT_TRUE(devices[1].is_kick_pending);
    EXPECT_EQ(devices[0].capability, device_record(0, "enrolled").capability) << "two slots";
}

TEST_F(DatabaseTest, EncodingsThatNoDecoderReadsAnyMoreAreDropped) {
    core::WriteBatch batch;
    batch.records = {device_record(0, "dev"), full_release()};
    ASSERT_TRUE(open().commit(batch));
    execute(
        "ALTER TABLE artifact DROP COLUMN base_lag_bytes;"
        "UPDATE device SET capability = substr(capability, 9);"
        "ALTER TABLE policy_version DROP COLUMN audience;"
        "ALTER TABLE policy_part DROP COLUMN source_release;"
        "ALTER TABLE policy_part DROP COLUMN source_text;"
        "PRAGMA user_version = 12");  // as it was
    const auto snapshot = open().load();
    ASSERT_TRUE(snapshot) << snapshot.error().describe();
    EXPECT_TRUE(snapshot->releases.at(0).variants.at(0).artifacts.empty());
    EXPECT_EQ(snapshot->devices.at(0).capability, device_record(0, "dev").capability);
}

TEST_F(DatabaseTest, RefusesAnotherProgramsDatabase) {
    execute("CREATE TABLE song (title TEXT)");
    EXPECT_EQ(open_error().kind, base::ErrorKind::kUnsupported);
}

TEST_F(DatabaseTest, SaysThatAFileIsNoDatabase) {
    std::ofstream(path()) << std::string(8192, 'x');
    const auto error = open_error();
    EXPECT_EQ(error.kind, base::ErrorKind::kCorrupt);
    EXPECT_NE(error.remedy.find("backup"), std::string::npos);
}

TEST_F(DatabaseTest, FindsADamagedPageWhenItOpens) {
    write_device();
    {
        auto database = open();
        for (std::uint64_t i = 0; i < 400; ++i) {
            ASSERT_TRUE(database.commit(decision_batch(i * 16)));
        }
        ASSERT_TRUE(database.checkpoint());
    }
    {
        const auto size = std::filesystem::file_size(path());
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size / 4096 / 2 * 4096));
        file << std::string(4096, '\xA5');
    }
    EXPECT_EQ(open_error().kind, base::ErrorKind::kCorrupt);
}

TEST_F(DatabaseTest, ChecksTheTablesOfALargeFileToo) {
    std::int64_t root_page = 0;
    {
        auto database = open();
        core::WriteBatch batch;
        batch.records = {device_record(0, "dev"),
                         core::BlobRecord{core::digest_of(1), core::BlobKind::kSource,
                                          std::make_shared<const base::Bytes>(68 * 1024 * 1024)}};
        ASSERT_TRUE(database.commit(batch));
        ASSERT_TRUE(database.checkpoint());
    }
    ASSERT_TRUE(open().load());
    {
        sqlite3* raw = nullptr;
        ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(raw, "SELECT rootpage FROM sqlite_schema WHERE name = 'device'", -1,
                           &statement, nullptr);
        ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
        root_page = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        sqlite3_close(raw);
    }
    {
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((root_page - 1) * 4096);
        file << std::string(4096, '\xA5');
    }
    EXPECT_EQ(open_error().kind, base::ErrorKind::kCorrupt);
}

TEST_F(DatabaseTest, NeverCrashesOnDamage) {
    write_device();
    {
        auto database = open();
        for (std::uint64_t i = 0; i < 20; ++i) {
            ASSERT_TRUE(database.commit(decision_batch(i * 16)));
        }
        ASSERT_TRUE(database.checkpoint());
    }
    std::ifstream in(path(), std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(in)), {});
    std::uint32_t seed = 1;
    for (int round = 0; round < 60; ++round) {
        auto bad = good;
        for (int i = 0; i < 1 + round % 40; ++i) {
            seed = seed * 1664525U + 1013904223U;
            bad[(seed >> 4) % bad.size()] = static_cast<char>(seed >> 24);
        }
        std::filesystem::remove(path().string() + "-wal");
        std::filesystem::remove(path().string() + "-shm");
        std::ofstream(path(), std::ios::binary) << bad;
        DatabaseOptions options;
        options.path = path();
        auto database = Database::open(options);
        if (database) {
            (void)database->load();
            (void)database->commit(decision_batch(1000));
        }
    }
}

// Given up for room, it must not take the room away again when the database is opened.
TEST_F(DatabaseTest, TakesNoBallastThatWouldLeaveLessThanItself) {
    DatabaseOptions options;
    const auto available = std::filesystem::space(directory.path()).available;
    options.ballast_bytes = static_cast<std::int64_t>(available / 4 * 3);
    open(options);
    EXPECT_FALSE(std::filesystem::exists(path().string() + ".ballast"));
}

TEST_F(DatabaseTest, GivesItsBallastUpOnce) {
    DatabaseOptions options;
    options.ballast_bytes = 64 * 1024;
    auto database = open(options);
    EXPECT_EQ(std::filesystem::file_size(path().string() + ".ballast"), 64U * 1024U);
    EXPECT_TRUE(database.release_ballast());
    EXPECT_FALSE(database.release_ballast());
}

TEST_F(DatabaseTest, RunsWithTheSettingsDurabilityNeeds) {
    const auto database = open();
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(raw, "PRAGMA journal_mode", -1, &statement, nullptr);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), "wal");
    sqlite3_finalize(statement);
    sqlite3_close(raw);
    EXPECT_EQ(database.synchronous(), 2) << "FULL: anything less loses acknowledged rows";
}

TEST_F(DatabaseTest, CannotOpenWhereThereIsNoDirectory) {
    DatabaseOptions options;
    options.path = directory.path() / "missing" / "frugal.db";
    const auto database = Database::open(options);
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().kind, base::ErrorKind::kUnavailable);
    EXPECT_FALSE(database.error().remedy.empty());
}

}  // namespace
}  // namespace frugal::storage
