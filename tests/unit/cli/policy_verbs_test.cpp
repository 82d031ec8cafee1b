// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_verbs.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include <boost/json/parse.hpp>

namespace frugal::cli {
namespace {

std::string named(const std::string& message) {
    return named_after({base::ErrorKind::kInvalidInput, message, {}, {}}, "my/leaf.toml").message;
}

TEST(NamedAfter, PutsTheFileWhereTheGatewaySaysPolicy) {
    EXPECT_EQ(named("policy:3:1: no cap"), "my/leaf.toml:3:1: no cap");
    EXPECT_EQ(named("policy: no [task.leaf]"), "my/leaf.toml: no [task.leaf]");
    EXPECT_EQ(named("device class m4: policy:3:1: no cap"),
              "device class m4: my/leaf.toml:3:1: no cap");
    EXPECT_EQ(named("there is no task 7"), "there is no task 7");
    EXPECT_EQ(named("this gateway holds no policy key"), "this gateway holds no policy key");
}

std::string tried(const std::string& answer) {
    ::testing::internal::CaptureStdout();
    print_trial(boost::json::parse(answer));
    std::fflush(stdout);
    return ::testing::internal::GetCapturedStdout();
}

TEST(PrintTrial, SaysWhatWouldBecomeOfItAndWhatItChanges) {
    const auto text = tried(
        R"({"task":1,"version":9,"staged":true,"left_out":["m4"],"dry_run":true,"differences":)"
        R"([{"device_class":"tiny","what":"price of payload","before":"13","after":"26"}]})");
    EXPECT_NE(text.find("nothing changed"), std::string::npos) << text;
    EXPECT_NE(text.find("version 9 of the policy of task 1, on its way step by step"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("not for class m4"), std::string::npos) << text;
    EXPECT_NE(text.find("price of payload"), std::string::npos) << text;
    EXPECT_NE(text.find("in force"), std::string::npos) << text;
}

TEST(PrintSet, SaysWhatMayBeAMistakeToPeople) {
    ::testing::internal::CaptureStderr();
    print_set(boost::json::parse(
        R"({"task":1,"version":9,"staged":false,"left_out":[],"remarks":["nobody runs it"]})"));
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "note: nobody runs it\n");
}

TEST(PrintTrial, SaysThatNothingDiffers) {
    const auto text =
        tried(R"({"task":1,"version":9,"staged":false,"left_out":[],"differences":[]})");
    EXPECT_NE(text.find("in force at once"), std::string::npos) << text;
    EXPECT_NE(text.find("no difference"), std::string::npos) << text;
}

}  // namespace
}  // namespace frugal::cli
