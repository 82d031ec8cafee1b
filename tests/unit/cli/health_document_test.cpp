// SPDX-License-Identifier: Apache-2.0
#include "cli/health_document.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace frugal::cli {
namespace {

std::string said(const base::Result<HttpAnswer>& answer) {
    return boost::json::serialize(health_document(answer));
}

TEST(HealthDocument, IsReady) {
    EXPECT_EQ(said(HttpAnswer{200, R"({"status":"ok"})"}),
              R"({"ready":true,"reachable":true,"failing":[]})");
}

TEST(HealthDocument, SaysWhatFails) {
    const auto text = said(HttpAnswer{503, R"({"status":"failing","failing":["broker"]})"});
    EXPECT_TRUE(text.starts_with(R"({"ready":false,"reachable":true,"failing":["broker"],)"
                                 R"("error":{"message":"the gateway is not ready",)"
                                 R"("cause":"failing: broker","remedy":")"))
        << text;
}

TEST(HealthDocument, SaysWhyThereIsNoAnswer) {
    EXPECT_EQ(said(base::fail(base::ErrorKind::kUnavailable, "no daemon", "nobody", "start it")),
              R"({"ready":false,"reachable":false,"failing":[],)"
              R"("error":{"message":"no daemon","cause":"nobody","remedy":"start it"}})");
}

TEST(HealthDocument, AnAnswerThatIsNoReportIsToldAsItIs) {
    EXPECT_EQ(said(HttpAnswer{500, "?"}),
              R"({"ready":false,"reachable":true,"failing":[],)"
              R"("error":{"message":"the daemon answered 500","cause":"","remedy":""}})");
}

}  // namespace
}  // namespace frugal::cli
