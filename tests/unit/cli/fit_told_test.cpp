// SPDX-License-Identifier: Apache-2.0
#include "cli/fit_told.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "support/model_files.hpp"

namespace frugal::cli {
namespace {

TEST(FitTold, NothingIsSaidOfWhatFits) {
    const auto tiny = test::project_model("fashion-tiny-1.tflite");
    EXPECT_TRUE(doubts_of("tiny", tiny).empty());
    EXPECT_TRUE(doubts_of("any", tiny).empty());
    EXPECT_TRUE(doubts_of("any", base::Bytes(10)).empty());
}

TEST(FitTold, AVariantIsHeldAgainstTheClassItIsNamedFor) {
    const auto edge = test::project_model("fashion-edge.tflite");
    const auto doubts = doubts_of("tiny", edge);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_NE(doubts[0].find("its slot holds 16384"), std::string::npos) << doubts[0];
}

TEST(FitTold, AVariantOfAnUnknownClassIsHeldAgainstTheLargest) {
    auto large = test::project_model("fashion-small-1.tflite");
    large.resize(2U << 20);  // bytes behind the tables are part of a file
    const auto doubts = doubts_of("any", large);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_NE(doubts[0].find("esp32, the largest known"), std::string::npos) << doubts[0];
}

TEST(FitTold, EveryClassWithoutAVariantIsToldWithItsReasons) {
    const auto report = boost::json::parse(R"({"devices_known": 3, "classes": [
        {"device_class": "m4", "devices": 2, "chosen": 0, "verdicts": [{"why": ""}]},
        {"device_class": "tiny", "devices": 1, "chosen": null,
         "verdicts": [{"why": "flash"}, {"why": "flash"}, {"why": "memory"}]}]})");
    EXPECT_EQ(misfits_of(report),
              std::vector<std::string>{"no variant fits class tiny (1 device): flash; memory"});
    EXPECT_EQ(misfits_of(boost::json::parse(R"({"devices_known": 0})")).size(), 1U);
}

TEST(FitTold, AClassOfAnotherTaskIsNoMisfit) {
    const auto report = boost::json::parse(R"({"devices_known": 30, "classes": [
        {"device_class": "cam", "devices": 30, "chosen": null, "verdicts": [
            {"lacks": "task", "why": "is for task 2, which the device does not decide"}]}]})");
    EXPECT_TRUE(misfits_of(report).empty());
}

TEST(FitTold, ThatAVariantIsAnotherClassesIsSaidOnlyWhereNothingElseIs) {
    const auto report = boost::json::parse(R"({"devices_known": 3, "classes": [
        {"device_class": "m4", "devices": 2, "chosen": null, "verdicts": [
            {"lacks": "device-class", "why": "another class"}, {"lacks": "arena", "why": "memory"}]},
        {"device_class": "tiny", "devices": 1, "chosen": null, "verdicts": [
            {"lacks": "device-class", "why": "another class"}]}]})");
    EXPECT_EQ(misfits_of(report),
              (std::vector<std::string>{"no variant fits class m4 (2 devices): memory",
                                        "no variant fits class tiny (1 device): another class"}));
}

}  // namespace
}  // namespace frugal::cli
