// SPDX-License-Identifier: Apache-2.0
#include "base/hex.hpp"

#include <gtest/gtest.h>

namespace frugal::base {
namespace {

TEST(Hex, RoundTripsEveryByte) {
    Bytes bytes(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i);
    }
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
}

TEST(Hex, RefusesOddLengthAndForeignCharacters) {
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_FALSE(digest_from_hex("00"));
    EXPECT_TRUE(digest_from_hex(std::string(64, 'A')));
}

}  // namespace
}  // namespace frugal::base
