// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

TEST(Output, ExitStatusSaysWhatKindOfEndItWas) {
    using base::ErrorKind;
    EXPECT_EQ(exit_code(ErrorKind::kNotFound), 3);
    EXPECT_EQ(exit_code(ErrorKind::kConflict), 4);
    EXPECT_EQ(exit_code(ErrorKind::kDenied), 5);
    EXPECT_EQ(exit_code(ErrorKind::kUnavailable), 6);
    EXPECT_EQ(exit_code(ErrorKind::kInvalidInput), 1);
}

TEST(Output, JsonCarriesItsSchemaFirst) {
    testing::internal::CaptureStdout();
    print_json("status", {{"answer", 42}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(),
              "{\"schema\":\"frugal.cli/v1/status\",\"answer\":42}\n");
}

TEST(Output, ErrorsHaveCauseAndRemedyOnTheirOwnLines) {
    testing::internal::CaptureStderr();
    const int code = print_error({base::ErrorKind::kDenied, "no", "why", "do this"});
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "error: no\n  cause   why\n  remedy  do this\n");
    EXPECT_EQ(code, 5);
}

TEST(Output, TableAlignsNumbersToTheRight) {
    testing::internal::CaptureStdout();
    print_table({"name", "bytes"}, {{"a", "5"}, {"long", "1234"}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "name  bytes\na         5\nlong   1234\n");
}

TEST(Output, GroupsDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace frugal::cli
