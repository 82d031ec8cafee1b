// SPDX-License-Identifier: Apache-2.0
#include "cli/task_name.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include "cli/fit_command.hpp"

namespace frugal::cli {
namespace {

base::Result<std::uint32_t> pick(const std::string& text) {
    return pick_task(boost::json::parse(R"({"tasks":[{"task":1,"name":"fashion"},
                                            {"task":4,"name":"keyword"},{"task":7,"name":"4"}]})"),
                     text);
}

TEST(TaskName, IsANameOrANumber) {
    EXPECT_EQ(pick("fashion").value(), 1U);
    EXPECT_EQ(pick("1").value(), 1U);
    EXPECT_EQ(pick("keyword").value(), 4U);
}

TEST(TaskName, ANumberComesBeforeANameThatLooksLikeOne) {
    EXPECT_EQ(pick("4").value(), 4U);
    EXPECT_EQ(pick("7").value(), 7U);
}

TEST(TaskName, AnUnknownOneIsRefusedWithTheKnownOnes) {
    for (const auto* text : {"fashio", "2", "", "01", "-1"}) {
        const auto found = pick(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().kind, base::ErrorKind::kNotFound);
        EXPECT_NE(found.error().describe().find("fashion (1), keyword (4), 4 (7)"),
                  std::string::npos)
            << found.error().describe();
    }
}

TEST(TaskName, ASiteWithoutTasksSaysSo) {
    const auto found = pick_task(boost::json::parse(R"({"tasks":[]})"), "fashion");
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().describe().find("task define"), std::string::npos);
}

TEST(NewestRelease, IsTheOneWithTheHighestCounterOfTheTask) {
    const auto models = boost::json::parse(
        R"({"releases":[{"model":"a","release":2,"counter":5,"task":1},
                        {"model":"b","release":1,"counter":6,"task":1},
                        {"model":"a","release":3,"counter":9,"task":4}]})");
    EXPECT_EQ(newest_release(models, 1).value(), "b@1");
    EXPECT_EQ(newest_release(models, 4).value(), "a@3");
    EXPECT_EQ(newest_release(models, 7).error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace frugal::cli
