// SPDX-License-Identifier: Apache-2.0
#include "model/compress/density.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace frugal::model {
namespace {

TEST(Density, IsTheShareThatIsNotZero) {
    EXPECT_EQ(density_of(std::vector<float>{0.0F, 1.0F, -0.0F, -2.0F}), 0.5);
    EXPECT_EQ(density_of(std::vector<std::int8_t>{0, 3, -128, 1}), 0.75);
    EXPECT_EQ(density_of(std::vector<float>{0.0F}), 0.0);
    EXPECT_EQ(density_of(std::vector<float>{}), 1.0);
}

}  // namespace
}  // namespace frugal::model
