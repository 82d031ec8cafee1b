// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

TEST(ApiClient, EncodesWhatAPathCannotCarry) {
    EXPECT_EQ(percent_encode("press-7"), "press-7");
    EXPECT_EQ(percent_encode("a/b c?"), "a%2Fb%20c%3F");
    EXPECT_EQ(percent_encode("fashion@2"), "fashion%402");
}

TEST(ApiClient, SaysWhichSiteIsNotThere) {
    Context context;
    context.site = "/nonexistent/site";
    const auto answer = ApiClient(context).call({"GET", "/livez", {}, {}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kUnavailable);
    EXPECT_NE(answer.error().message.find("/nonexistent/site"), std::string::npos);
    EXPECT_FALSE(answer.error().remedy.empty());
}

TEST(ApiClient, AFailingHealthReportSaysWhatFails) {
    const auto error = error_of({503, R"({"status":"failing","failing":["broker","database"]})"});
    EXPECT_EQ(error.kind, base::ErrorKind::kUnavailable);
    EXPECT_EQ(error.message, "the gateway is not ready");
    EXPECT_EQ(error.cause, "failing: broker, database");
    EXPECT_FALSE(error.remedy.empty());
}

TEST(ApiClient, AnErrorAlwaysSaysSomething) {
    EXPECT_EQ(error_of({500, "{}"}).message, "the daemon answered 500");
    EXPECT_EQ(error_of({404, R"({"title":"none","detail":"no such task"})"}).message,
              "no such task");
}

}  // namespace
}  // namespace frugal::cli
