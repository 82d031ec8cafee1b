// SPDX-License-Identifier: Apache-2.0
#include "model/codec/entropy.hpp"

#include <gtest/gtest.h>

namespace {

using frugal::base::Bytes;
using frugal::model::entropy_bytes;

TEST(Entropy, OfBytesThatAreAllAlikeIsNothing) {
    EXPECT_EQ(entropy_bytes({}), 0);
    EXPECT_EQ(entropy_bytes(Bytes(100, 7)), 0);
}

TEST(Entropy, OfEvenlySpreadBytesIsTheirNumberOfBits) {
    Bytes two;
    Bytes all;
    for (int i = 0; i < 256; ++i) {
        two.push_back(static_cast<std::uint8_t>(i % 2));
        all.push_back(static_cast<std::uint8_t>(i));
    }
    EXPECT_DOUBLE_EQ(entropy_bytes(two), 32);
    EXPECT_DOUBLE_EQ(entropy_bytes(all), 256);
}

}  // namespace
