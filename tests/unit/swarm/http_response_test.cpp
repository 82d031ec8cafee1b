// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/http_response.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

TEST(HttpResponse, WaitsUntilItIsWhole) {
    const std::string whole =
        "HTTP/1.1 200 OK\r\nContent-Type: application/pkcs7-mime\r\nContent-Length: 3\r\n\r\nabc";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto parsed = parse_http_response(std::string_view(whole).substr(0, size));
        ASSERT_TRUE(parsed) << size;
        EXPECT_FALSE(parsed->has_value()) << size;
    }
    const auto parsed = parse_http_response(whole + "next");
    ASSERT_TRUE(parsed && parsed->has_value());
    EXPECT_EQ((*parsed)->status, 200);
    EXPECT_EQ((*parsed)->body, "abc");
    EXPECT_TRUE((*parsed)->keeps_open);
    EXPECT_EQ((*parsed)->consumed_bytes, whole.size());
}

TEST(HttpResponse, ReadsCloseAndRetryAfter) {
    const auto parsed = parse_http_response(
        "HTTP/1.1 503 Busy\r\nconnection: Close\r\nRETRY-AFTER: 7\r\ncontent-length: 0\r\n\r\n");
    ASSERT_TRUE(parsed && parsed->has_value());
    EXPECT_FALSE((*parsed)->keeps_open);
    EXPECT_EQ((*parsed)->retry_after_s, 7);
}

TEST(HttpResponse, RefusesWhatItCannotBound) {
    for (const char* bad : {"HTTP/2 200\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 abc x\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        EXPECT_FALSE(parse_http_response(bad)) << bad;
    }
    EXPECT_FALSE(parse_http_response(std::string(20000, 'x')));
}

}  // namespace
}  // namespace frugal::swarm
