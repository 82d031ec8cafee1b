// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace frugal::policy {
namespace {

const std::string kHead =
    "seq,task,local_class,local_confidence_q8,margin_q8,edge_class,true_class\n";

base::Result<Trace> parse(const std::string& trace, const std::string& extra = "",
                          const std::vector<std::string>& canaries = {}) {
    TraceFiles files;
    files.trace = {trace, "t.csv"};
    if (!extra.empty()) {
        files.extra = CsvText{extra, "x.csv"};
    }
    for (const std::string& canary : canaries) {
        files.canaries.push_back({canary, "c.csv"});
    }
    return parse_trace(files);
}

TEST(Trace, ReadsWhatProgramsWrite) {
    const auto trace = parse(
        "\xEF\xBB\xBFtrue_class, edge_class,\"local_class\",note,"
        "local_confidence_q8\r\n1,1,0,x,256\r\n\r\n2.0,2,2,,17\r\n");
    ASSERT_TRUE(trace) << trace.error().describe();
    ASSERT_EQ(trace->rows.size(), 2u);
    EXPECT_EQ(trace->rows[0].answers.confidence_q8, 255);
    EXPECT_EQ(trace->rows[1].true_class, 2u);
    EXPECT_EQ(trace->classes, 3u);
    EXPECT_FALSE(trace->has_margins);
    EXPECT_FALSE(trace->rows[0].answers.opinion);
}

TEST(Trace, ReadsWhatIsQuoted) {
    const auto trace = parse(
        "note,local_class,\"local_confidence_q8\",\"said, by whom\",edge_class,true_class\r\n"
        "\"damp, cold\",1,20,\"a \"\"big\"\" one\",0,1\r\n"
        "\"two\nlines, one \"\"record\"\"\", \"2\" ,30,,0,1\r\n"
        "\"\",0,40,\"\"\"\",0,1");
    ASSERT_TRUE(trace) << trace.error().describe();
    ASSERT_EQ(trace->rows.size(), 3u);
    EXPECT_EQ(trace->rows[0].answers.local_class, 1u);
    EXPECT_EQ(trace->rows[0].answers.confidence_q8, 20);
    EXPECT_EQ(trace->rows[1].answers.local_class, 2u);
    EXPECT_EQ(trace->rows[2].answers.confidence_q8, 40);
}

TEST(Trace, JoinsTheExtraColumnsBySeq) {
    const auto trace = parse(kHead + "5,kws,0,100,20,1,1\n6,kws,0,100,20,0,0\n",
                             "seq,phase,entropy_conf_q8,edge_conf_q8,edge_gain_q8\n"
                             "6,after,7,200,0\n5,before,,128,64\n");
    ASSERT_TRUE(trace) << trace.error().describe();
    EXPECT_EQ(trace->rows[0].phase, 0u);
    EXPECT_EQ(trace->rows[1].phase, 1u);
    ASSERT_TRUE(trace->rows[0].answers.opinion);
    EXPECT_DOUBLE_EQ(trace->rows[0].answers.opinion->top, 0.5);
    EXPECT_DOUBLE_EQ(trace->rows[0].answers.opinion->local, 0.25);
    EXPECT_FALSE(trace->has_entropy);
}

TEST(Trace, GainsThatAreNoDifferenceOfChancesAreTakenAsTheyAre) {
    const auto trace =
        parse(kHead + "5,1,0,100,20,1,1\n", "seq,edge_conf_q8,edge_gain_q8\n5,250,100\n");
    ASSERT_TRUE(trace) << trace.error().describe();
    EXPECT_FALSE(trace->rows[0].answers.opinion);
    EXPECT_DOUBLE_EQ(*trace->rows[0].answers.finished_signal, 100.0 / 256);
}

TEST(Trace, CanariesTellTheirPhase) {
    const std::string trace = kHead + "5,1,0,100,20,1,1\n6,1,0,100,20,0,0\n";
    const std::string phases =
        "seq,phase,edge_conf_q8,edge_gain_q8\n5,a,128,64\n6,b,255,0\n"
        "900,b,192,128\n";
    const std::string row = "0,1,0,100,20,1,1\n";
    auto found = parse(trace, phases, {"phase," + kHead + "b," + row});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->canary.at(0).phase, 1u);
    found = parse(trace, phases, {kHead + row});
    EXPECT_EQ(found->canary.at(0).phase, 0u);
    found = parse(trace, phases, {kHead + row, kHead + row});
    EXPECT_EQ(found->canary.at(1).phase, 1u);
    found = parse(trace, phases, {kHead + "900,1,0,100,20,1,1\n"});
    EXPECT_EQ(found->canary.at(0).phase, 1u);
    EXPECT_DOUBLE_EQ(found->canary.at(0).sample.answers.opinion->top, 0.75);
}

bool has_note(const Trace& trace, const std::string& words) {
    return std::ranges::any_of(trace.notes, [&](const std::string& note) {
        return note.find(words) != std::string::npos;
    });
}

TEST(Trace, ACanaryThatTellsPhasesServesATraceThatTellsNone) {
    const std::string trace = kHead + "5,1,0,100,20,1,1\n";
    const std::string head = "phase," + kHead;
    auto found = parse(trace, "", {head + "7,0,1,0,100,20,1,1\n7,1,1,0,90,20,1,1\n"});
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->canary.size(), 2u);
    EXPECT_EQ(found->canary[0].phase, 0u);
    EXPECT_EQ(found->canary_unused, 0u);
    EXPECT_TRUE(has_note(*found, "the trace tells no phase: the canary's \"7\""));
    // The first phase is where the trace begins; of changes nobody told.
    found = parse(trace, "", {head + "a,0,1,0,100,20,1,1\nb,1,1,0,90,20,1,1\n"});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->canary.size(), 1u);
    EXPECT_EQ(found->canary_unused, 1u);
    EXPECT_TRUE(has_note(*found, "1 canary samples are not used"));
}

TEST(Trace, ACanaryOfTheTracesOwnPhaseIsNotRenamed) {
    const std::string phases = "seq,phase,edge_conf_q8,edge_gain_q8\n5,b,128,64\n";
    const auto found = parse(kHead + "5,1,0,100,20,1,1\n", phases,
                             {"phase," + kHead + "a,0,1,0,9,20,1,1\nb,1,1,0,90,20,1,1\n"});
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->canary.size(), 1u);
    EXPECT_EQ(found->canary[0].sample.answers.confidence_q8, 90);
    EXPECT_EQ(found->canary_unused, 1u);
}

TEST(Trace, ACanaryThatTellsTheTaskServesATraceThatTellsNone) {
    const std::string plain = "local_class,local_confidence_q8,edge_class,true_class\n0,9,1,1\n";
    auto found = parse(plain, "", {kHead + "0,kws,0,100,20,1,1\n1,kws,0,100,20,1,1\n"});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->canary.size(), 2u);
    EXPECT_EQ(found->tasks, 1u);
    // And the other way round.
    found = parse(kHead + "0,kws,0,100,20,1,1\n", "", {plain});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->canary.size(), 1u);
}

TEST(Trace, OneCoincidenceDoesNotGiveACanaryAPhase) {
    const std::string trace = kHead + "0,1,0,255,20,0,0\n1,1,0,100,20,1,1\n2,1,0,90,20,0,0\n";
    const std::string phases =
        "seq,phase,edge_conf_q8,edge_gain_q8\n0,a,128,64\n1,a,128,64\n2,b,128,64\n";
    // The first rows have seq and answers of the trace's first row by chance.
    const std::string first = kHead + "0,1,0,255,20,0,0\n1,1,0,7,20,1,1\n";
    const std::string second = kHead + "0,1,0,255,20,0,0\n1,1,0,8,20,1,1\n";
    auto found = parse(trace, phases, {first, second});
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->canary.size(), 4u);
    EXPECT_EQ(found->canary[0].phase, 0u);
    EXPECT_EQ(found->canary[1].phase, 0u);
    EXPECT_EQ(found->canary[2].phase, 1u);
    EXPECT_EQ(found->canary[3].phase, 1u);
    EXPECT_FALSE(found->canary[0].sample.answers.opinion);
    // A canary taken from the trace matches in all of its rows.
    found = parse(trace, phases, {kHead + "2,1,0,90,20,0,0\n"});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->canary[0].phase, 1u);
    EXPECT_TRUE(found->canary[0].sample.answers.opinion);
}

TEST(Trace, LeavesOpinionsOfTheCanaryAloneWhereTheTraceHasNone) {
    const std::string with_opinions =
        "seq,task,local_class,local_confidence_q8,margin_q8,edge_class,true_class,"
        "edge_conf_q8,edge_gain_q8\n0,1,0,100,20,1,1,150,100\n";
    const std::string row = "5,1,0,100,20,1,1\n";
    auto found = parse(kHead + row, {}, {with_opinions});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_FALSE(found->canary.at(0).sample.answers.opinion);
    found = parse(with_opinions, {}, {with_opinions});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_TRUE(found->canary.at(0).sample.answers.opinion);
}

TEST(Trace, SaysWhenADisagreementCountsAsOne) {
    const std::string row = "5,1,0,100,20,1,1\n";
    auto found = parse(kHead + row);
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_TRUE(has_note(*found, "a disagreement counts as 1"));
    EXPECT_TRUE(parse(kHead + row, "", {kHead + row})->notes.empty());
    EXPECT_TRUE(parse(kHead + row, "seq,edge_conf_q8,edge_gain_q8\n5,128,64\n")->notes.empty());
}

TEST(Trace, KeepsTheOrderOfTheFileAndSaysSo) {
    const std::string extra = "seq,edge_conf_q8,edge_gain_q8\n5,128,64\n6,128,64\n";
    const auto found = parse(kHead + "6,1,0,1,2,1,1\n5,1,0,2,2,1,1\n", extra);
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->rows[0].answers.confidence_q8, 1);
    EXPECT_TRUE(has_note(*found, "seq does not rise"));
    // Tasks count for themselves.
    EXPECT_FALSE(has_note(*parse(kHead + "6,1,0,1,2,1,1\n0,2,0,2,2,1,1\n"), "seq"));
}

struct Case {
    std::string case_name;
    std::string trace;
    std::string extra;
    std::string expected;
    std::vector<std::string> canaries{};
};

class BadTrace : public testing::TestWithParam<Case> {};

TEST_P(BadTrace, IsRefusedWithItsPlace) {
    const auto trace = parse(GetParam().trace, GetParam().extra, GetParam().canaries);
    ASSERT_FALSE(trace);
    const std::string text = trace.error().describe();
    EXPECT_NE(text.find(GetParam().expected), std::string::npos) << text;
}

const Case kCases[] = {
    {"empty", "", "", "t.csv:1:1: the file is empty"},
    {"no_rows", kHead, "", "t.csv:1:1: no rows under the heading"},
    {"column_missing", "seq,local_class\n1,2\n", "", "no column \"local_confidence_q8\""},
    {"column_twice", "local_class,local_class\n", "", "t.csv:1:13: the column"},
    {"no_number", kHead + "1,1,0,1x,0,0,0\n", "", "t.csv:2:7: local_confidence_q8 is \"1x\""},
    {"too_large", kHead + "1,1,0,300,0,0,0\n", "", "t.csv:2:7: local_confidence_q8 is \"300\""},
    {"negative", kHead + "1,1,0,1,0,0,0\n1,1,-4,1,0,0,0\n", "", "t.csv:3:5: local_class"},
    {"not_finite", kHead + "1,1,0,nan,0,0,0\n", "", "t.csv:2:7"},
    {"required_empty", kHead + "1,1,0,,0,0,0\n", "", "t.csv:2:7"},
    {"short_line", kHead + "1,1,0\n", "", "t.csv:2:6: 3 fields instead of 7"},
    {"quote_left_open", kHead + "1,1,0,\"1,0,0,0\n1,1,0,1,0,0,0\n", "",
     "t.csv:2:7: the quote is never closed"},
    {"behind_a_quote", kHead + "1,1,0,\"1\"2,0,0,0\n", "", "t.csv:2:10: something stands behind"},
    {"behind_broken_lines", kHead + "1,\"a\nb\",0,1,0,0,0\n1,1,0,x,0,0,0\n", "",
     "t.csv:4:7: local_confidence_q8 is \"x\""},
    {"in_a_broken_line", kHead + "1,\"a\nb\",0,x,0,0,0\n", "", "t.csv:3:6: local_confidence_q8"},
    {"long_line", kHead + "1,1,0,1,0,0,0,9\n", "", "t.csv:2:15: more than 7"},
    {"extra_row_missing", kHead + "1,1,0,1,0,0,0\n", "seq,phase\n2,1\n", "no row for seq 1"},
    {"extra_row_twice", kHead + "1,1,0,1,0,0,0\n", "seq,phase\n1,1\n1,2\n",
     "x.csv:3:1: seq 1 appears twice"},
    {"seq_twice", kHead + "1,1,0,1,0,0,0\n2,1,0,1,0,0,0\n1,1,0,1,0,0,0\n", "",
     "t.csv:4:1: seq 1 appears twice"},
    {"seq_twice_of_tasks_that_extra_joins", kHead + "1,1,0,1,0,0,0\n1,2,0,1,0,0,0\n",
     "seq,phase\n1,1\n", "t.csv:3:1: seq 1 appears twice"},
    {"no_utf8", kHead + "1,1,0,1,0,0,0\n1,caf\xE9,0,1,0,0,0\n", "",
     "t.csv:3:6: the text is not UTF-8"},
    {"utf8_cut_short", kHead + "1,\xE2\x82", "", "t.csv:2:3: the text is not UTF-8"},
    {"canary_phase_unknown",
     kHead + "1,1,0,1,0,0,0\n2,1,0,1,0,0,0\n",
     "seq,phase\n1,a\n2,b\n",
     "c.csv:2:1: the phase \"x\" is none of the trace's",
     {"phase," + kHead + "x,0,1,0,1,0,0,0\n"}},
    {"canary_task_unknown",
     kHead + "1,kws,0,1,0,0,0\n",
     "",
     "c.csv:2:1: the task \"fashion\" is none of the trace's",
     {kHead + "0,fashion,0,1,0,0,0\n"}},
    {"canary_without_task",
     kHead + "1,kws,0,1,0,0,0\n2,fashion,0,1,0,0,0\n",
     "",
     "c.csv:2:1: no task",
     {"local_class,local_confidence_q8,edge_class,true_class\n0,0,0,0\n"}},
    {"more_canaries_than_phases",
     kHead + "1,1,0,1,0,0,0\n",
     "",
     "c.csv: the trace has no phase for this canary",
     {kHead + "1,1,0,7,0,0,0\n", kHead + "1,1,0,8,0,0,0\n"}},
    {"nothing_to_join_by", "local_class,local_confidence_q8,edge_class,true_class\n0,0,0,0\n",
     "seq,phase\n1,1\n", "no column \"seq\""},
};

INSTANTIATE_TEST_SUITE_P(, BadTrace, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

}  // namespace
}  // namespace frugal::policy
