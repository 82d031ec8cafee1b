// SPDX-License-Identifier: Apache-2.0
#include "base/nearest_word.hpp"

#include <gtest/gtest.h>

#include <array>

namespace frugal::base {
namespace {

constexpr std::array<std::string_view, 3> kKnown = {"caps", "classes", "price"};

TEST(NearestWord, IsTheOneOfTheFewestEdits) {
    EXPECT_EQ(nearest_word("capsx", kKnown, 2), "caps");
    EXPECT_EQ(nearest_word("clases", kKnown, 2), "classes");
    EXPECT_EQ(nearest_word("prize", kKnown, 1), "price");
    EXPECT_EQ(nearest_word("price", kKnown, 0), "price");
}

TEST(NearestWord, ThereIsNoneTooFarAway) {
    EXPECT_FALSE(nearest_word("prize", kKnown, 0));
    EXPECT_FALSE(nearest_word("temperature", kKnown, 5));
    EXPECT_FALSE(nearest_word("caps", {}, 9));
}

}  // namespace
}  // namespace frugal::base
