// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/trace.hpp"

#include <gtest/gtest.h>

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

struct Case {
    std::string case_name;
    std::string trace;
    std::string extra;
    std::string expected;
};

class BadTrace : public testing::TestWithParam<Case> {};

TEST_P(BadTrace, IsRefusedWithItsPlace) {
    const auto trace = parse(GetParam().trace, GetParam().extra);
    ASSERT_FALSE(trace);
    const std::string text = trace.error().describe();
    EXPECT_NE(text.find(GetParam().expected), std::string::npos) << text;
}

const Case kCases[] = {
    {"empty", "", "", "t.csv:0:1: no column \"local_class\""},
    {"no_rows", kHead, "", "t.csv: no rows"},
    {"column_missing", "seq,local_class\n1,2\n", "", "no column \"local_confidence_q8\""},
    {"column_twice", "local_class,local_class\n", "", "t.csv:1:13: the column"},
    {"no_number", kHead + "1,1,0,1x,0,0,0\n", "", "t.csv:2:7: local_confidence_q8 is \"1x\""},
    {"too_large", kHead + "1,1,0,300,0,0,0\n", "", "t.csv:2:7: local_confidence_q8 is \"300\""},
    {"negative", kHead + "1,1,0,1,0,0,0\n1,1,-4,1,0,0,0\n", "", "t.csv:3:5: local_class"},
    {"not_finite", kHead + "1,1,0,nan,0,0,0\n", "", "t.csv:2:7"},
    {"required_empty", kHead + "1,1,0,,0,0,0\n", "", "t.csv:2:7"},
    {"short_line", kHead + "1,1,0\n", "", "t.csv:2:6: 3 fields instead of 7"},
    {"long_line", kHead + "1,1,0,1,0,0,0,9\n", "", "t.csv:2:15: more than 7"},
    {"extra_row_missing", kHead + "1,1,0,1,0,0,0\n", "seq,phase\n2,1\n", "no row for seq 1"},
    {"extra_row_twice", kHead + "1,1,0,1,0,0,0\n", "seq,phase\n1,1\n1,2\n",
     "x.csv:3:1: seq 1 stands twice"},
    {"nothing_to_join_by", "local_class,local_confidence_q8,edge_class,true_class\n0,0,0,0\n",
     "seq,phase\n1,1\n", "no column \"seq\""},
};

INSTANTIATE_TEST_SUITE_P(, BadTrace, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

}  // namespace
}  // namespace frugal::policy
