// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/ledger.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "device-sim/ledger/input_window.hpp"
#include "device-sim/ledger/ledger_writer.hpp"

namespace frugal::swarm {
namespace {

DecisionRecord decision(std::uint64_t sequence, std::uint32_t class_id = 3) {
    DecisionRecord record;
    record.device = "m4-0001";
    record.stream = 0xabc;
    record.sequence = sequence;
    record.class_id = class_id;
    record.label = -1;
    return record;
}

class LedgerFile : public testing::Test {
protected:
    LedgerFile()
        : folder(std::filesystem::temp_directory_path() /
                 ("frugal-ledger-test-" + std::to_string(::getpid()))) {}
    ~LedgerFile() override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder;
};

TEST(LedgerRecord, EveryKindSurvivesItsLine) {
    const LedgerRecord records[] = {
        RunRecord{5, 6, "happy"},
        decision(7),
        AckRecord{"d", 0xffffffffffffffffu, 9},
        GapRecord{"d", 1, 2, 3},
        EscalationRecord{"d", 1, 2, 784},
        PhaseRecord{"d", 1, 10, 0, 2, 0},
        PowerCutRecord{"d", 4, 17},
        ResumeRecord{"d", 17},
        AttackRecord{"d", "downgrade", 10},
        TotalsRecord{{{"energy_j", 1.5}, {"connects", 50}}},
    };
    for (const LedgerRecord& record : records) {
        std::string line;
        append_line(record, line);
        ASSERT_EQ(line.back(), '\n');
        line.pop_back();
        const auto parsed = parse_line(line);
        ASSERT_TRUE(parsed) << line;
        EXPECT_EQ(parsed->index(), record.index());
        std::string again;
        append_line(*parsed, again);
        EXPECT_EQ(again, line + "\n");
    }
}

TEST(LedgerRecord, TornLinesDoNotParse) {
    std::string line;
    append_line(decision(123456), line);
    line.pop_back();
    const auto whole = parse_line(line);
    ASSERT_TRUE(whole);
    for (std::size_t size = 0; size + 3 < line.size(); ++size) {
        EXPECT_FALSE(parse_line(std::string_view(line).substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_line(line + " torn"));
    EXPECT_FALSE(parse_line("X 1 2"));
}

TEST_F(LedgerFile, KeepsWhatWasFlushedAcrossATear) {
    {
        auto writer = LedgerWriter::open(folder);
        ASSERT_TRUE(writer);
        writer->append(RunRecord{1, 1, "a"});
        writer->append(decision(0));
        writer->append(AckRecord{"m4-0001", 0xabc, 1});
        writer->append(TotalsRecord{{{"connects", 2}}});
        ASSERT_TRUE(writer->flush());
    }
    std::ofstream(folder / LedgerWriter::kFileName, std::ios::app) << "A m4-0001 abc 1";
    {
        auto writer = LedgerWriter::open(folder);
        ASSERT_TRUE(writer);
        writer->append(RunRecord{2, 1, "a"});
        writer->append(decision(1));
        writer->append(TotalsRecord{{{"connects", 3}}});
        writer->append(TotalsRecord{{{"connects", 5}}});
        ASSERT_TRUE(writer->flush());
    }
    const auto ledger = Ledger::load(folder);
    ASSERT_TRUE(ledger);
    const StreamLedger& stream = ledger->streams.at({"m4-0001", 0xabc});
    EXPECT_EQ(stream.decisions.size(), 2u);
    EXPECT_EQ(stream.acked, 1u);
    EXPECT_EQ(ledger->runs, 2u);
    EXPECT_EQ(ledger->torn_lines, 1u);
    EXPECT_DOUBLE_EQ(ledger->totals.at("connects"), 7.0) << "last of each run, summed";
}

TEST_F(LedgerFile, KeepsFingerprintsNotInputs) {
    Bytes input(784);
    for (std::size_t i = 0; i < input.size(); ++i) {
        input[i] = static_cast<std::uint8_t>(i * 37);
    }
    auto writer = LedgerWriter::open(folder);
    ASSERT_TRUE(writer);
    writer->append_windows(input);
    ASSERT_TRUE(writer->flush());
    const auto ledger = Ledger::load(folder);
    ASSERT_TRUE(ledger);
    EXPECT_EQ(ledger->windows, input_windows(input));
    EXPECT_EQ(ledger->windows.size(), kWindowsPerInput);
}

TEST(InputWindow, PassesOverOrdinaryPatterns) {
    EXPECT_TRUE(input_windows(Bytes(784, 0x80)).empty());
    EXPECT_TRUE(input_windows(Bytes(8, 1)).empty());
}

TEST(Ledger, CountsContradictions) {
    Ledger ledger;
    ledger.add(decision(1, 3));
    ledger.add(decision(1, 3));
    EXPECT_EQ(ledger.contradictions, 0u);
    ledger.add(decision(1, 4));
    EXPECT_EQ(ledger.contradictions, 1u);
}

}  // namespace
}  // namespace frugal::swarm
