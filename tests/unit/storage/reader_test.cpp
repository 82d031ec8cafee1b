// SPDX-License-Identifier: Apache-2.0
// Questions about stored rows: pages, filters, blobs, while the writer goes on.
#include "unit/storage/database_fixture.hpp"

namespace frugal::storage {
namespace {

class ReaderTest : public DatabaseTest {
protected:
    ReaderTest() : database(open()) {
        core::WriteBatch batch;
        batch.records = {device_record(0, "a"), device_record(1, "b")};
        auto second = stream_record(1, 32);
        second.device = static_cast<core::DeviceNumber>(1);
        second.id = {5};
        batch.streams = {stream_record(0, 32), second};
        for (std::uint32_t stream = 0; stream < 2; ++stream) {
            for (std::uint64_t first = 0; first < 32; first += 16) {
                batch.decisions.push_back({.stream = static_cast<core::StreamNumber>(stream),
                                           .received_at = {1000 + stream},
                                           .decisions = core::decisions(first, 16)});
            }
        }
        EXPECT_TRUE(database.commit(batch));
    }
    Database database;
};

TEST_F(ReaderTest, PagesThroughDecisionsNewestFirst) {
    auto reader = Reader::open(path());
    ASSERT_TRUE(reader) << reader.error().describe();
    DecisionQuery query{.limit = 10};
    std::vector<std::int64_t> rows;
    for (int page = 0; page < 10; ++page) {
        const auto found = reader->decisions(query);
        ASSERT_TRUE(found);
        for (const auto& row : found->rows) {
            rows.push_back(row.row);
        }
        if (!found->has_more) {
            break;
        }
        query.cursor = found->next_cursor;
    }
    ASSERT_EQ(rows.size(), 64U);
    EXPECT_TRUE(std::is_sorted(rows.rbegin(), rows.rend()));
    EXPECT_EQ(std::unique(rows.begin(), rows.end()), rows.end());
}

TEST_F(ReaderTest, GivesBackEveryColumn) {
    auto reader = Reader::open(path());
    const auto page =
        reader->decisions({.device = core::device_id("b"), .order = RowOrder::kOldestFirst});
    ASSERT_TRUE(page);
    ASSERT_EQ(page->rows.size(), 32U);
    const auto& row = page->rows[17];
    EXPECT_EQ(row.device.text(), "b");
    EXPECT_EQ(row.stream.value, 5U);
    EXPECT_EQ(row.sequence, 17U);
    EXPECT_EQ(row.boot_epoch, 1U);
    EXPECT_EQ(row.task, 1U);
    EXPECT_EQ(row.ticks, 51U);
    EXPECT_EQ(row.class_id, 7U);
    EXPECT_EQ(row.confidence, 217U);
    EXPECT_EQ(row.tier, core::Tier::kLocal);
    EXPECT_EQ(row.policy_reason, core::PolicyReason::kLocalConfidence);
    EXPECT_EQ(row.energy_uj, 10U);
    EXPECT_EQ(row.received_at.unix_ms, 1001);
}

TEST_F(ReaderTest, Filters) {
    auto reader = Reader::open(path());
    const auto count = [&](DecisionQuery query) { return reader->decisions(query)->rows.size(); };
    EXPECT_EQ(count({.class_id = 3}), 6U);
    EXPECT_EQ(count({.task = 2}), 0U);
    EXPECT_EQ(count({.received_from = base::WallTime{1001}}), 32U);
    EXPECT_EQ(count({.received_until = base::WallTime{1001}}), 32U);
    EXPECT_EQ(count({.device = core::device_id("nobody")}), 0U);
}

TEST_F(ReaderTest, LooksForOneDecisionAmongTheNewestOnly) {
    ASSERT_TRUE(Reader::open(path())->decision(core::device_id("b"), 31));
    execute("UPDATE decision SET number = number + 500000 WHERE number = 64");
    const auto newest = Reader::open(path())->decision(core::device_id("b"), 31);
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->row, 500'064);
    const auto old = Reader::open(path())->decision(core::device_id("b"), 30);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().kind, base::ErrorKind::kNotFound);
    EXPECT_NE(old.error().describe().find("newest 500000"), std::string::npos);
}

TEST_F(ReaderTest, SeesWhatIsCommittedMeanwhile) {
    auto reader = Reader::open(path());
    EXPECT_EQ(reader->count_decisions(), 64U);
    ASSERT_TRUE(database.commit(decision_batch(32)));
    EXPECT_EQ(reader->count_decisions(), 80U);
    EXPECT_EQ(reader->streams()->at(0).next_sequence, 48U);
}

TEST_F(ReaderTest, ReadsBlobsByDigest) {
    core::WriteBatch batch;
    const auto bytes = std::make_shared<const base::Bytes>(100'000, 7);
    batch.records = {core::BlobRecord{core::digest_of(1), core::BlobKind::kArtifact, bytes},
                     core::BlobRecord{core::digest_of(1), core::BlobKind::kArtifact, bytes}};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(reader->blob(core::digest_of(1)).value(), *bytes);
    const auto missing = reader->blob(core::digest_of(2));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, base::ErrorKind::kNotFound);
}

TEST_F(ReaderTest, ListsGapsIncidentsAndAudit) {
    core::WriteBatch batch;
    const core::GapRecord gap{
        .kind = core::GapKind::kAmnesia, .from = 3, .until = 9, .noted_at = {4}};
    const core::IncidentRecord incident{
        .kind = core::IncidentKind::kEquivocation, .detail = "twice", .at = {5}};
    const core::AuditRecord audit{.number = 0,
                                  .at = {6},
                                  .actor = "ada",
                                  .action = "device.add",
                                  .subject = "a",
                                  .detail = "-",
                                  .previous = core::digest_of(1),
                                  .hash = core::digest_of(2)};
    batch.records = {gap, incident, audit};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(reader->gaps(0, 10).value(), std::vector{gap});
    EXPECT_EQ(reader->incidents(0, 10).value(), std::vector{incident});
    EXPECT_EQ(reader->audit(0, 10).value(), std::vector{audit});
}

TEST_F(ReaderTest, SaysWhenThereIsNoDatabase) {
    const auto reader = Reader::open(directory.path() / "nothing.db");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace frugal::storage
