// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/device_shares.hpp"

#include <gtest/gtest.h>

namespace frugal::policy {
namespace {

TEST(DeviceShares, KeepsApartDevicesBinsAndColumns) {
    DeviceShares shares;
    shares.add(1, {3, 0, 1, 0.5F});
    shares.add(1, {3, 0, 1, 0.25F});
    shares.add(1, {3, 1, 1, 1});
    shares.add(1, {4, 0, 1, 1});
    shares.add(2, {3, 0, 1, 1});
    EXPECT_EQ(shares.parts(), 4u);
    const auto parts = shares.take(1);
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0].count, 2);
    EXPECT_EQ(parts[0].gain, 0.75F);
    EXPECT_EQ(shares.parts(), 1u);
    EXPECT_TRUE(shares.take(1).empty());
}

TEST(DeviceShares, MergesColumnsByTheirFactors) {
    DeviceShares shares;
    shares.add(1, {3, 0, 4, 1});
    shares.add(1, {3, 1, 2, 1});
    shares.add(1, {3, 9, 1, 1});
    shares.merge(9, [](std::uint16_t column) { return column == 0 ? 0.25 : column == 1 ? 2 : 1; });
    EXPECT_EQ(shares.parts(), 1u);
    const auto parts = shares.take(1);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].column, 9);
    EXPECT_EQ(parts[0].count, 6);
    EXPECT_EQ(parts[0].gain, 3);
}

TEST(DeviceShares, WhatHasFadedIsNobodys) {
    DeviceShares shares;
    shares.add(1, {3, 0, 1, 0});
    shares.add(1, {4, 0, 0, -1});
    shares.fade(0.5);
    ASSERT_EQ(shares.parts(), 2u);
    shares.fade(0.01);
    EXPECT_EQ(shares.parts(), 0u);
    EXPECT_TRUE(shares.take(1).empty());
}

TEST(DeviceShares, WhatHasFadedHoldsNoMemory) {
    DeviceShares shares;
    for (std::uint16_t column = 0; column < 1000; ++column) {
        shares.add(1, {3, column, 1, 0});
    }
    shares.add(1, {4, 0, 1000, 0});
    shares.fade(0.01);
    ASSERT_EQ(shares.parts(), 1u);
    EXPECT_LE(shares.take(1).capacity(), 2u);
}

TEST(DeviceShares, AreLimited) {
    DeviceShares shares;
    for (std::uint32_t device = 1; device <= DeviceShares::kPartsMax + 1; ++device) {
        shares.add(device, {3, 0, 1, 1});
    }
    shares.add(1, {3, 0, 1, 1});
    EXPECT_EQ(shares.parts(), DeviceShares::kPartsMax);
    EXPECT_EQ(shares.take(1)[0].count, 2) << "what has a part goes on";
}

}  // namespace
}  // namespace frugal::policy
