// SPDX-License-Identifier: Apache-2.0
// What was learned, and from what, survives; the contexts of decisions come back for a what-if.
#include <algorithm>

#include "storage/sqlite.hpp"
#include "unit/storage/database_fixture.hpp"

namespace frugal::storage {
namespace {

core::ObservationRecord observation(std::uint64_t sequence, std::int64_t at_ms) {
    core::ObservationRecord record;
    record.device = static_cast<core::DeviceNumber>(1);
    record.task = 1;
    record.release = 3;
    record.sequence = sequence;
    record.local_confidence = 99;
    record.local_class = 2;
    record.edge_class = 7;
    record.edge_chance = 240;
    record.local_chance = 12;
    record.is_audit = true;
    record.is_in_time = true;
    record.propensity_q8 = core::kCertain_q8;
    record.price = 5;
    record.load = 6;
    record.edge_model = {0xCE, 0x3B, 0xCB, 0xC0};
    record.at = {at_ms};
    return record;
}

class LearningRows : public DatabaseTest {
protected:
    LearningRows() : database(open()) {}
    Database database;
};

TEST_F(LearningRows, WhatWasLearnedComesBackAndIsReplacedWhole) {
    const auto m4 = *base::ClassName::parse("m4");
    core::LearningRecord record{1,         m4,   core::digest_of(1), core::digest_of(2),
                                {1, 2, 3}, {77}, {5, 70'000}};
    core::WriteBatch batch;
    batch.records = {record};
    ASSERT_TRUE(database.commit(batch));
    record.state = {9};
    record.doubted = {70'001};
    batch.records = {record};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    const auto learned = reader->learning();
    ASSERT_TRUE(learned);
    ASSERT_EQ(learned->size(), 1U);
    EXPECT_EQ((*learned)[0], record);
}

TEST_F(LearningRows, WhatWasLearnedForAnOverrideGoesWithIt) {
    const auto m4 = *base::ClassName::parse("m4");
    const auto own = base::Audience::device(core::device_id("a"));
    const auto learned = [&](base::Audience audience) {
        return core::LearningRecord{1,    m4,  core::digest_of(1), core::digest_of(2), {1},
                                    {77}, {5}, std::move(audience)};
    };
    core::WriteBatch batch;
    batch.records = {learned({}), learned(own), core::PolicyRecordDropped{1, m4, own}};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(*reader->learning(), std::vector{learned({})}) << "its class's stays";
}

TEST_F(LearningRows, CanariesOfATaskComeBackUntilTheyAreDropped) {
    const core::CanaryRecord first{
        1, core::digest_of(1), core::digest_of(2), {1, 2}, "right", "ada", {77}};
    auto other = first;
    other.task = 2;
    auto again = first;
    again.state = {3};
    core::WriteBatch batch;
    batch.records = {first, other, again};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(*reader->canaries(), (std::vector{again, other}));
    batch.records = {core::CanariesDropped{1}};
    ASSERT_TRUE(database.commit(batch));
    EXPECT_EQ(*reader->canaries(), std::vector{other});
}

TEST_F(LearningRows, OldCanariesOfATaskGo) {
    core::WriteBatch batch;
    batch.records = {
        core::CanaryRecord{2, core::digest_of(1), core::digest_of(2), {1}, "", "", {0}}};
    for (std::uint8_t edge = 0; edge < 3; ++edge) {
        for (std::uint8_t model = 1; model <= 100; ++model) {
            batch.records.push_back(core::CanaryRecord{1,
                                                       core::digest_of(model),
                                                       core::digest_of(edge),
                                                       {1},
                                                       "",
                                                       "",
                                                       {100 * edge + model}});
        }
    }
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    const auto kept = reader->canaries();
    ASSERT_TRUE(kept);
    const auto of_task = [&](std::uint32_t task) {
        return std::ranges::count(*kept, task, &core::CanaryRecord::task);
    };
    EXPECT_EQ(of_task(1), 256);
    EXPECT_EQ(of_task(2), 1) << "of another task";
    for (const auto& canary : *kept) {
        EXPECT_TRUE(canary.task == 2 || canary.saved_at.unix_ms > 44) << "an older one went";
    }
}

core::CanaryRecord canary(std::uint8_t model, std::uint8_t edge, std::int64_t at) {
    return {1, core::digest_of(model), core::digest_of(edge), {1}, "", "", {at}};
}

core::LearningRecord learned(std::uint8_t model, std::uint8_t edge, std::int64_t at) {
    return {1,   *base::ClassName::parse("m4"), core::digest_of(model), core::digest_of(edge), {1},
            {at}};
}

TEST_F(LearningRows, AClockThatWasWrongMakesNoCanaryTheNewestForEver) {
    constexpr std::int64_t kYear2040 = 2'208'988'800'000;
    core::WriteBatch batch;
    batch.records = {canary(1, 9, kYear2040), canary(2, 9, 2), learned(2, 9, kYear2040)};
    for (int i = 0; i < 256; ++i) {
        batch.records.push_back(
            canary(static_cast<std::uint8_t>(3 + i % 128), static_cast<std::uint8_t>(i / 128), 10));
    }
    ASSERT_TRUE(database.commit(batch));
    const auto kept = Reader::open(path())->canaries();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->size(), 256U);
    EXPECT_TRUE(
        std::ranges::all_of(*kept, [](const auto& one) { return one.saved_at.unix_ms == 10; }));
}

TEST_F(LearningRows, ACanaryEndsWhatWasLearnedOfItsPair) {
    auto doubting = learned(1, 9, 1);
    doubting.doubted = {5};
    core::WriteBatch batch;
    batch.records = {doubting, learned(2, 9, 1), canary(1, 9, 2)};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(*reader->learning(), std::vector{learned(2, 9, 1)}) << "another pair's stays";
    batch.records = {learned(1, 9, 3)};
    ASSERT_TRUE(database.commit(batch));
    EXPECT_TRUE((*reader->learning()).at(0).doubted.empty());
}

TEST_F(LearningRows, AnOldCanaryStaysWhileItsPairIsLearnedFrom) {
    core::WriteBatch batch;
    batch.records = {canary(1, 9, 1), canary(2, 9, 2)};
    for (int i = 0; i < 256; ++i) {
        batch.records.push_back(
            canary(static_cast<std::uint8_t>(3 + i % 128), static_cast<std::uint8_t>(i / 128), 10));
        if (i % 64 == 0) {
            batch.records.push_back(learned(1, 9, 5));
        }
    }
    ASSERT_TRUE(database.commit(batch));
    const auto kept = Reader::open(path())->canaries();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->size(), 256U);
    EXPECT_EQ(std::ranges::count(*kept, canary(1, 9, 1)), 1) << "its devices still work";
    EXPECT_EQ(std::ranges::count(*kept, canary(2, 9, 2)), 0);
}

TEST_F(LearningRows, DoubtsAreWrittenWhenTheyChange) {
    execute(
        "CREATE TABLE written (n INTEGER);"
        "CREATE TRIGGER on_insert AFTER INSERT ON doubted BEGIN"
        " INSERT INTO written VALUES (1); END;"
        "CREATE TRIGGER on_update AFTER UPDATE ON doubted BEGIN"
        " INSERT INTO written VALUES (1); END;");
    auto direct = Connection::open(path().string(), "", OpenMode::kReadOnly);
    ASSERT_TRUE(direct);
    core::LearningRecord record{1,
                                *base::ClassName::parse("m4"),
                                core::digest_of(1),
                                core::digest_of(2),
                                {1},
                                {77},
                                {5, 70'000}};
    const auto written_after = [&](std::vector<std::uint32_t> doubted) {
        record.doubted = std::move(doubted);
        record.state.push_back(1);
        core::WriteBatch batch;
        batch.records = {record};
        EXPECT_TRUE(database.commit(batch));
        return direct->number("SELECT count(*) FROM written").value_or(-1);
    };
    EXPECT_EQ(written_after({5}), 1);
    EXPECT_EQ(written_after({5}), 1) << "the same";
    EXPECT_EQ(written_after({5, 6}), 2);
    EXPECT_EQ(written_after({}), 3);
    EXPECT_EQ(written_after({}), 3);
    EXPECT_TRUE(Reader::open(path())->learning()->at(0).doubted.empty());
}

TEST_F(LearningRows, UsedSharesComeBackAndAreReplaced) {
    core::WriteBatch batch;
    const core::ShareRecord own{1, "m4", static_cast<core::DeviceNumber>(0), 9000};
    batch.records = {device_record(0, "a"), core::ShareRecord{1, "m4", {}, 8000}, own,
                     core::ShareRecord{1, "m4", {}, 16'000}};
    ASSERT_TRUE(database.commit(batch));
    EXPECT_EQ(database.load()->shares, (std::vector{core::ShareRecord{1, "m4", {}, 16'000}, own}));
}

TEST_F(LearningRows, ObservationsComeBackNewestFirstAndSinceATime) {
    core::WriteBatch batch;
    batch.records = {observation(1, 100), observation(2, 200), observation(3, 300)};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    const auto found = reader->observations(1, {200}, 10);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0], observation(3, 300));
    EXPECT_EQ(reader->observations(1, {0}, 1)->size(), 1U);
    EXPECT_TRUE(reader->observations(2, {0}, 10)->empty());
}

// Numbers come again when a device formats its storage.
TEST_F(LearningRows, TheAnswerToADecisionIsTheNewestBeforeItCameIn) {
    core::WriteBatch batch;
    batch.records = {device_record(0, "a"), device_record(1, "b"), observation(5, 100),
                     observation(5, 200), observation(5, 900)};
    ASSERT_TRUE(database.commit(batch));
    const auto like = observation(5, 200);
    DecisionRow decision{.device = core::device_id("b"),
                         .sequence = 5,
                         .task = like.task,
                         .release = like.release,
                         .received_at = {300}};
    auto reader = Reader::open(path());
    const auto found = reader->observation(decision);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, like);
    decision.received_at = {50};
    EXPECT_EQ(*reader->observation(decision), std::nullopt);
    decision.received_at = {300};
    decision.device = core::device_id("a");
    EXPECT_EQ(*reader->observation(decision), std::nullopt) << "another one's";
}

TEST_F(LearningRows, ContextsOfDecisionsReachBackAsFarAsAsked) {
    core::WriteBatch batch;
    batch.records = {device_record(0, "a")};
    batch.streams = {stream_record(0, 32)};
    batch.decisions = {{.received_at = {1000}, .decisions = core::decisions(0, 16)},
                       {.received_at = {2000}, .decisions = core::decisions(16, 16)}};
    ASSERT_TRUE(database.commit(batch));
    auto reader = Reader::open(path());
    EXPECT_EQ(reader->decision_contexts(1, {0}, 100)->size(), 32U);
    EXPECT_EQ(reader->decision_contexts(1, {1500}, 100)->size(), 16U);
    EXPECT_EQ(reader->decision_contexts(1, {0}, 5)->size(), 5U);
    EXPECT_TRUE(reader->decision_contexts(2, {0}, 100)->empty());
    const auto row = reader->decision_contexts(1, {0}, 1)->at(0);
    const auto last = core::decisions(16, 16);
    EXPECT_EQ(row.class_id, last.classes[15]);
    EXPECT_EQ(row.confidence, last.confidences[15]);
    EXPECT_EQ(row.outcome, last.outcomes[15]);
    EXPECT_EQ(row.received_at.unix_ms, 2000);
    EXPECT_EQ(*reader->device_classes(), std::vector<std::string>{"m4"});
}

TEST_F(LearningRows, AccountsTellWhatAllEscalationsOfADeviceTook) {
    core::EnergyRecord energy{.device = core::DeviceNumber{2}};
    energy.finished = {.use_uj = {1, 2, 3, 400}, .raw_bytes = 5'000, .avoided_bytes = 3'000};
    energy.current = {.use_uj = {1, 2, 3, 50}, .raw_bytes = 700, .avoided_bytes = 600};
    core::WriteBatch batch;
    batch.records = {device_record(0, "a"), device_record(1, "b"), device_record(2, "c"), energy};
    ASSERT_TRUE(database.commit(batch));
    const auto accounts = Reader::open(path())->escalation_accounts();
    ASSERT_TRUE(accounts) << accounts.error().describe();
    ASSERT_EQ(accounts->size(), 3U);
    EXPECT_EQ(accounts->at(0).input_bytes, 0U);
    EXPECT_EQ(accounts->at(2).energy_uj, 450U);
    EXPECT_EQ(accounts->at(2).input_bytes, 2'100U);
}

}  // namespace
}  // namespace frugal::storage
