// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/connect_gate.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "device-sim/net/backoff.hpp"

namespace frugal::swarm {
namespace {

TEST(ConnectGate, AdmitsUpToTheLimitInOrder) {
    ConnectGate gate(2);
    std::vector<int> admitted;
    std::vector<ConnectGate::Ticket> tickets;
    for (int i = 0; i < 4; ++i) {
        tickets.push_back(gate.enter([&admitted, i] { admitted.push_back(i); }));
    }
    EXPECT_EQ(admitted, (std::vector{0, 1}));
    EXPECT_EQ(gate.waiting(), 2u);
    gate.leave(tickets[0]);
    EXPECT_EQ(admitted, (std::vector{0, 1, 2}));
    gate.leave(tickets[3]);  // never admitted
    gate.leave(tickets[1]);
    gate.leave(tickets[2]);
    EXPECT_EQ(admitted, (std::vector{0, 1, 2}));
    EXPECT_EQ(gate.in_flight(), 0u);
    gate.leave(tickets[2]);  // twice does no harm
}

TEST(Backoff, DoublesWithJitterUpToAMinute) {
    Backoff backoff;
    Random random(3);
    for (std::int64_t step : {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}) {
        const Milliseconds wait = backoff.next(random);
        EXPECT_GE(wait.count(), step / 4);
        EXPECT_LE(wait.count(), step);
    }
    backoff.reset();
    EXPECT_LE(backoff.next(random), Backoff::kFirst);
}

}  // namespace
}  // namespace frugal::swarm
