// SPDX-License-Identifier: Apache-2.0
#include "net/failure_limiter.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

using std::chrono::seconds;

base::Instant at(int second) {
    return {seconds(second)};
}

TEST(FailureLimiter, lets_a_burst_pass_and_then_slows_that_address_only) {
    FailureLimiter limiter({.burst = 3, .per_second = 0.1});
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(limiter.record("a", at(0)));
    }
    EXPECT_TRUE(limiter.record("a", at(0)));
    EXPECT_EQ(limiter.retry_after_s("a", at(0)), 10);
    EXPECT_FALSE(limiter.record("b", at(0)));
    EXPECT_FALSE(limiter.record("a", at(10)));
    EXPECT_TRUE(limiter.record("a", at(10)));
}

TEST(FailureLimiter, slows_everybody_when_many_addresses_guess_together) {
    FailureLimiter limiter({.total_burst = 5, .total_per_second = 1});
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(limiter.record("a" + std::to_string(i), at(0)));
    }
    EXPECT_TRUE(limiter.record("z", at(0)));
    EXPECT_FALSE(limiter.record("z", at(2)));
}

TEST(FailureLimiter, remembers_a_limited_number_of_addresses_and_the_worst_longest) {
    FailureLimiter limiter({.burst = 2, .total_burst = 1e9, .addresses_max = 10});
    for (int i = 0; i < 3; ++i) {
        limiter.record("worst", at(0));
    }
    for (int i = 0; i < 1000; ++i) {
        limiter.record("a" + std::to_string(i), at(0));
    }
    EXPECT_TRUE(limiter.record("worst", at(0)));
}

}  // namespace
}  // namespace frugal::net
