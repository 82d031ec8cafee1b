// SPDX-License-Identifier: Apache-2.0
#include "wire/http_multipart.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

TEST(Multipart, finds_the_boundary) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=\"a b\"; x=y"), "a b");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc; x=y"), "abc");
    EXPECT_EQ(multipart_boundary("multipart/form-data"), "");
    EXPECT_EQ(multipart_boundary("application/octet-stream"), "");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')), "");
}

TEST(Multipart, splits_parts_with_any_bytes) {
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"tiny\"; filename=\"a.tflite\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n" +
        std::string("\0\r\n--b\xff", 7) +
        "\r\n--B\r\nContent-Disposition: form-data; name=\"m4\"\r\n\r\n\r\n--B--\r\n";
    const auto parts = read_multipart(base::as_bytes(body), "B");
    ASSERT_TRUE(parts) << parts.error().describe();
    ASSERT_EQ(parts->size(), 2u);
    EXPECT_EQ((*parts)[0].name, "tiny");
    EXPECT_EQ(base::as_text((*parts)[0].content), std::string_view("\0\r\n--b\xff", 7));
    EXPECT_EQ((*parts)[1].name, "m4");
    EXPECT_TRUE((*parts)[1].content.empty());
}

TEST(Multipart, refuses_torn_bodies_at_every_length) {
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"tiny\"\r\n\r\nabc\r\n--B--";
    ASSERT_TRUE(read_multipart(base::as_bytes(body), "B"));
    for (std::size_t size = 0; size < body.size(); ++size) {
        EXPECT_FALSE(read_multipart(base::as_bytes(body.substr(0, size)), "B")) << size;
    }
    EXPECT_FALSE(read_multipart(base::as_bytes("--B--"), "B"));
    EXPECT_FALSE(read_multipart(base::as_bytes("x" + body), "B"));
}

TEST(Multipart, has_a_limited_number_of_parts) {
    std::string body;
    for (int i = 0; i < 17; ++i) {
        body += "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
    }
    body += "--B--";
    EXPECT_EQ(read_multipart(base::as_bytes(body), "B").error().kind, base::ErrorKind::kLimit);
}

}  // namespace
}  // namespace frugal::wire
