// SPDX-License-Identifier: Apache-2.0
// What the machine's own words mean for the price of escalations.
#include "app/host_meter.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

TEST(HostMeter, CountsBusyTimeWithoutNicedWork) {
    const auto before = parse_cpu_times("cpu  100 1000 50 800 20 3 7 0 0 0");
    ASSERT_TRUE(before);
    EXPECT_EQ(before->busy, 160U);
    EXPECT_EQ(before->total, 1980U);
    const auto now = parse_cpu_times("cpu  150 1030 50 820 20 3 7 0 0 0");
    ASSERT_TRUE(now);
    EXPECT_EQ(busy_between(*before, *now), 127) << "50 of 100 ticks";
    EXPECT_EQ(busy_between(*now, *now), 0) << "no time passed";
    EXPECT_EQ(busy_between(*now, *before), 0) << "the counters went back";
}

TEST(HostMeter, RefusesWhatIsNoStatLine) {
    for (const auto* text :
         {"", "cpu", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 x 4 5 6 7 8", "cpu  1 2"}) {
        EXPECT_FALSE(parse_cpu_times(text)) << text;
    }
}

TEST(HostMeter, HeatCountsInTheLastTenDegrees) {
    EXPECT_EQ(throttle_of(60'000, 80'000), 0);
    EXPECT_EQ(throttle_of(75'000, 80'000), 127);
    EXPECT_EQ(throttle_of(80'000, 80'000), 255);
    EXPECT_EQ(throttle_of(95'000, 80'000), 255);
}

}  // namespace
}  // namespace frugal::app
