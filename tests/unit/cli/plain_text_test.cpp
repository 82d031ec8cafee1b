// SPDX-License-Identifier: Apache-2.0
#include "cli/plain_text.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

TEST(PlainText, KeepsWhatIsWellFormed) {
    for (const std::string text :
         {"", "conv2d/weights",
          "\xC3\xA9ntr\xC3\xA9"
          "e",
          "\xE2\x82\xAC", "\xF0\x9F\x99\x82", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_EQ(valid_utf8(text), text);
        EXPECT_EQ(plain_text(text), text);
    }
}

TEST(PlainText, ReplacesWhatIsNoUtf8) {
    EXPECT_EQ(valid_utf8("\xE9ntr\xE9"
                         "e"),
              "\xEF\xBF\xBDntr\xEF\xBF\xBD"
              "e")
        << "Latin-1";
    for (const std::string bytes : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                                    "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"}) {
        std::string expected;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            expected += "\xEF\xBF\xBD";
        }
        EXPECT_EQ(valid_utf8(bytes), expected);
    }
}

TEST(PlainText, ControlCharactersDoNothing) {
    EXPECT_EQ(plain_text("a\x1B[2Jb\nc\x7F\xC2\x9B"
                         "d"),
              "a?[2Jb?c??d");
    EXPECT_EQ(valid_utf8("a\nb"), "a\nb");
}

TEST(PlainText, LongNamesAreCutAtACharacter) {
    EXPECT_EQ(short_name("0123456789", 10), "0123456789");
    EXPECT_EQ(short_name("0123456789x", 10), "0123456...");
    EXPECT_EQ(short_name("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 4),
              "\xE2\x82\xAC...");
}

}  // namespace
}  // namespace frugal::cli
