// SPDX-License-Identifier: Apache-2.0
// A world with releases ready to offer; every test ends with the checks no test may break.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "support/device/device_world.hpp"

namespace frugal::test {

class NodeTest : public testing::Test {
protected:
    static const ReleaseMaker& maker() {
        static const ReleaseMaker instance;
        return instance;
    }
    static const Release& first() {
        static const Release release = maker().make("fashion-tiny-1.tflite", 1);
        return release;
    }
    static const Release& second() {
        static const Release release = maker().make("fashion-tiny-2.tflite", 2);
        return release;
    }

    void TearDown() override { expect_sound(world); }

    static void expect_sound(const DeviceWorld& device) {
        EXPECT_EQ(device.site.complaints, std::vector<std::string>{});
        EXPECT_EQ(device.flash.breaches(), std::vector<std::string>{});
        EXPECT_EQ(device.counters().internal_errors, 0U);
    }

    /// Boots with the first release running and confirmed.
    void start() {
        ASSERT_EQ(world.boot(), FR_OK);
        world.install(first());
        ASSERT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
        ASSERT_EQ(world.status().release, 1U);
    }

    /// Tells the present desired state now.
    void tell() {
        world.downs.push_back(world.site.desired());
        world.settle();
    }

    void want(const Release& release) {
        world.site.want(release);
        tell();
    }

    /// A new desired state, and time for all of it.
    void pursue(const Release& release) {
        want(release);
        world.run(60000);
    }

    void decide(int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(world.submit(), FR_OK);
            world.run(50);
        }
    }

    bool was_reported(fr_phase_t phase, fr_reason_t reason) const {
        return std::any_of(world.site.reports.begin(), world.site.reports.end(),
                           [=](const v1::Report& report) {
                               return static_cast<int>(report.phase()) == static_cast<int>(phase) &&
                                      static_cast<int>(report.reason()) == static_cast<int>(reason);
                           });
    }

    DeviceWorld world{maker()};
};

}  // namespace frugal::test
