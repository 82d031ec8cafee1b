// SPDX-License-Identifier: Apache-2.0
#include "wire/http_base64.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

TEST(Base64, gives_the_texts_of_rfc_4648) {
    struct Case {
        const char* plain;
        const char* encoded;
    };
    for (const Case& c :
         {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
          Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(to_base64(base::as_bytes(c.plain)), c.encoded);
        const auto decoded = from_base64(c.encoded);
        ASSERT_TRUE(decoded);
        EXPECT_EQ(base::as_text(*decoded), c.plain);
    }
}

TEST(Base64, breaks_lines_and_skips_them_again) {
    const base::Bytes bytes(100, 0xa5);
    const std::string lines = to_base64(bytes, 64);
    EXPECT_EQ(lines[64], '\n');
    EXPECT_EQ(from_base64(lines), bytes);
}

TEST(Base64, refuses_what_is_not_padded_base64) {
    for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z=g=", "Zg==Zg==", "Zh==", "Zm9=",
                             "Zm9*", "Zm9v\x01"}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

}  // namespace
}  // namespace frugal::wire
