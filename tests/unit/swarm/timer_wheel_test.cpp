// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frugal::swarm {
namespace {

TEST(TimerWheel, RunsInOrderOfDeadlineThenArming) {
    TimerWheel wheel;
    std::string order;
    wheel.arm(Milliseconds{20}, [&] { order += 'c'; });
    wheel.arm(Milliseconds{10}, [&] { order += 'a'; });
    wheel.arm(Milliseconds{10}, [&] { order += 'b'; });
    wheel.advance_to(Milliseconds{9});
    EXPECT_EQ(order, "");
    wheel.advance_to(Milliseconds{100});
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, LongDelaysGoRoundTheWheel) {
    TimerWheel wheel;
    int runs = 0;
    wheel.arm(Milliseconds{10000}, [&] { ++runs; });
    wheel.advance_to(Milliseconds{9999});
    EXPECT_EQ(runs, 0);
    wheel.advance_to(Milliseconds{10000});
    EXPECT_EQ(runs, 1);
}

TEST(TimerWheel, CancelledTimersDoNotRunEvenInTheSameTick) {
    TimerWheel wheel;
    int runs = 0;
    TimerId second = 0;
    wheel.arm(Milliseconds{5}, [&] { wheel.cancel(second); });
    second = wheel.arm(Milliseconds{5}, [&] { ++runs; });
    wheel.advance_to(Milliseconds{10});
    EXPECT_EQ(runs, 0);
}

TEST(TimerWheel, ActionsMayArmAgain) {
    TimerWheel wheel;
    int runs = 0;
    std::function<void()> again = [&] {
        if (++runs < 3) {
            wheel.arm(Milliseconds{1}, again);
        }
    };
    wheel.arm(Milliseconds{1}, again);
    wheel.advance_to(Milliseconds{2});
    EXPECT_EQ(runs, 2);
    wheel.advance_to(Milliseconds{3});
    EXPECT_EQ(runs, 3);
}

TEST(TimerWheel, WaitsUntilTheNextOne) {
    TimerWheel wheel;
    EXPECT_EQ(wheel.wait(Milliseconds{50}), Milliseconds{50});
    wheel.arm(Milliseconds{7}, [] {});
    EXPECT_EQ(wheel.wait(Milliseconds{50}), Milliseconds{7});
}

}  // namespace
}  // namespace frugal::swarm
