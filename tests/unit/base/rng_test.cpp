// SPDX-License-Identifier: Apache-2.0
#include "base/rng.hpp"

#include <gtest/gtest.h>

#include <array>

namespace frugal::base {
namespace {

TEST(Rng, SameSeedSameSequence) {
    Rng first(7);
    Rng second(7);
    Rng other(8);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const auto value = first.next();
        EXPECT_EQ(value, second.next());
        differs = differs || value != other.next();
    }
    EXPECT_TRUE(differs);
}

TEST(Rng, BelowIsUniformEnoughAndBounded) {
    Rng rng(1);
    std::array<int, 7> counts{};
    for (int i = 0; i < 70'000; ++i) {
        ++counts.at(rng.below(7));
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, 10'000, 500);
    }
}

}  // namespace
}  // namespace frugal::base
