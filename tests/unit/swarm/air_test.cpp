// SPDX-License-Identifier: Apache-2.0
#include "device-sim/radio/air.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace frugal::swarm {
namespace {

const RadioProfile& kBle = find_device_profile("tiny")->radio;

TEST(Air, DelaysWithoutOvertaking) {
    LinkScenario link;
    Air air(link, kBle, 1);
    Milliseconds last{0};
    std::vector<double> delays;
    for (int i = 0; i < 2000; ++i) {
        const Milliseconds now{i * 200};
        const auto arrivals = air.arrivals(now);
        ASSERT_EQ(arrivals.size(), 1u);
        EXPECT_GE(arrivals[0], last);
        last = arrivals[0];
        delays.push_back(static_cast<double>((arrivals[0] - now).count()));
    }
    std::nth_element(delays.begin(), delays.begin() + 1000, delays.end());
    EXPECT_NEAR(delays[1000], kBle.rtt_median_ms / 2, 3) << "the median is the table's";
    EXPECT_NEAR(air.mean_delay_ms(), kBle.rtt_median_ms / 2, 15);
}

TEST(Air, WithoutSimulationItIsInstant) {
    LinkScenario link;
    link.simulate_delay = false;
    Air air(link, kBle, 1);
    EXPECT_EQ(air.arrivals(Milliseconds{7}), std::vector{Milliseconds{7}});
}

TEST(Air, LosesAndDuplicates) {
    LinkScenario link;
    link.loss = {0, 1, 0.25, 0.25};
    link.duplicate = 0.5;
    Air air(link, kBle, 1);
    std::array<int, 3> copies{};
    for (int i = 0; i < 4000; ++i) {
        ++copies[air.arrivals(Milliseconds{i * 100}).size()];
    }
    EXPECT_NEAR(copies[0], 1000, 100);
    EXPECT_NEAR(copies[2], 1500, 120);
}

TEST(Air, ReorderingLetsMessagesOvertake) {
    LinkScenario link;
    link.reorder = 0.5;
    Air air(link, kBle, 1);
    Milliseconds last{0};
    int overtaken = 0;
    for (int i = 0; i < 500; ++i) {
        const Milliseconds at = air.arrivals(Milliseconds{i}).at(0);
        overtaken += at < last ? 1 : 0;
        last = std::max(last, at);
    }
    EXPECT_GT(overtaken, 20);
}

}  // namespace
}  // namespace frugal::swarm
