// SPDX-License-Identifier: Apache-2.0
#include "net/backoff.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, doubles_up_to_the_maximum_with_half_of_it_random) {
    Backoff backoff(milliseconds(200), seconds(2), 7);
    for (const int step_ms : {200, 400, 800, 1600, 2000, 2000, 2000}) {
        const base::Duration delay = backoff.next();
        EXPECT_GE(delay, milliseconds(step_ms / 2));
        EXPECT_LE(delay, milliseconds(step_ms));
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds(200));
}

TEST(Backoff, differs_between_seeds) {
    Backoff one(seconds(10), seconds(10), 1);
    Backoff two(seconds(10), seconds(10), 2);
    EXPECT_NE(one.next(), two.next());
}

}  // namespace
}  // namespace frugal::net
