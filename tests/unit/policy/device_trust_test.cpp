// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <gtest/gtest.h>

#include "policy/learn/device_trust.hpp"

namespace frugal::policy {
namespace {

/// Ten devices that surprise nobody, and one that does.
void show(DeviceTrust& trust, std::uint32_t liar) {
    for (int i = 0; i < 64; ++i) {
        for (std::uint32_t device = 1; device <= 10; ++device) {
            trust.add(device, 0);
        }
        trust.add(liar, 1);
    }
    trust.judge();
}

std::vector<std::uint32_t> gone(std::size_t count) {
    std::vector<std::uint32_t> devices(count);
    std::iota(devices.begin(), devices.end(), 1000U);
    return devices;
}

TEST(DeviceTrust, DoubtsOfDevicesThatAreGoneHideNoLiar) {
    DeviceTrust trust;
    trust.doubt(gone(20));
    show(trust, 11);
    EXPECT_FALSE(trust.is_believed(11));
    EXPECT_EQ(trust.doubted().size(), 21U);
}

TEST(DeviceTrust, DoubtsNoMoreThanCanBeStored) {
    DeviceTrust trust;
    trust.doubt(gone(DeviceTrust::kDoubtedMax));
    show(trust, 11);
    EXPECT_EQ(trust.doubted().size(), DeviceTrust::kDoubtedMax);
}

}  // namespace
}  // namespace frugal::policy
