// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <gtest/gtest.h>

#include <cmath>

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

TEST(Output, JsonStaysJsonWhateverAFileIsCalled) {
    testing::internal::CaptureStdout();
    print_json("inspect", {{"name", "\xE9ntr\xE9"}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(),
              "{\"schema\":\"frugal.cli/v1/inspect\",\"name\":\"\xEF\xBF\xBDntr\xEF\xBF\xBD\"}\n");
}

TEST(Output, NamesFromAFileMoveNoCursor) {
    testing::internal::CaptureStdout();
    print_table({"name", "bytes"}, {{"a\x1B[2J\n", "5"}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "name    bytes\na?[2J?      5\n");
    testing::internal::CaptureStderr();
    print_error({base::ErrorKind::kInvalidInput, "x\x1B[31m", "", ""});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "error: x?[31m\n");
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

TEST(Output, SignedNumbersAlignLikeOthersAndTheirHeadingWithThem) {
    testing::internal::CaptureStdout();
    print_table({"name", "worst %", "share"}, {{"a", "+3.41", "0.5"}, {"b", "-0.27", ""}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(),
              "name  worst %  share\n"
              "a       +3.41    0.5\n"
              "b       -0.27\n");
}

TEST(Output, AFigureThatIsNoNumberIsNullInJson) {
    testing::internal::CaptureStdout();
    print_json("x", {{"list", {NAN, 1.5}}, {"deep", {{"cost", -INFINITY}}}});
    EXPECT_EQ(testing::internal::GetCapturedStdout(),
              "{\"schema\":\"frugal.cli/v1/x\",\"list\":[null,1.5E0],\"deep\":{\"cost\":null}}\n");
}

TEST(Output, GroupsDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace frugal::cli
