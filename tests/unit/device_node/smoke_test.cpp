// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/device/device_world.hpp"

namespace frugal::test {
namespace {

TEST(Node, InstallsAFirstAndASecondModel) {
    const ReleaseMaker maker;
    DeviceWorld world(maker);
    ASSERT_EQ(world.boot(), FR_OK);
    const auto first = maker.make("fashion-tiny-1.tflite", 1);
    const auto second = maker.make("fashion-tiny-2.tflite", 2);
    world.install(first);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 1U);
    world.install(second);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_EQ(world.site.stored.size(), 16U);
    EXPECT_EQ(world.site.complaints, std::vector<std::string>{});
    EXPECT_EQ(world.flash.breaches(), std::vector<std::string>{});
    EXPECT_EQ(world.counters().internal_errors, 0U);
}

}  // namespace
}  // namespace frugal::test
