// SPDX-License-Identifier: Apache-2.0
#include "core/offload/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace frugal::core {
namespace {

using std::chrono::seconds;

base::Instant at(int second) {
    return {seconds(second)};
}

CircuitBreaker::Call started(CircuitBreaker& breaker, int second) {
    const auto call = breaker.start_call(at(second));
    EXPECT_TRUE(call);
    return call.value_or(CircuitBreaker::Call{});
}

void fail(CircuitBreaker& breaker, int second) {
    breaker.on_failure(started(breaker, second), at(second));
}

void open(CircuitBreaker& breaker, int second) {
    for (int i = 0; i < 5; ++i) {
        fail(breaker, second);
    }
    ASSERT_EQ(breaker.state(), CircuitBreaker::State::kOpen);
}

TEST(CircuitBreaker, OpensAtTheFifthFailureWithinTheWindow) {
    CircuitBreaker breaker({});
    for (int second = 0; second < 4; ++second) {
        fail(breaker, second);
        EXPECT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
    }
    fail(breaker, 4);
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kOpen);
    EXPECT_FALSE(breaker.start_call(at(33)));
}

TEST(CircuitBreaker, StaysClosedWhileFailuresAreRare) {
    CircuitBreaker breaker({});
    for (int second = 0; second < 800; second += 8) {
        fail(breaker, second);
    }
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
}

struct ProbeCase {
    const char* case_name;
    bool succeeds;
    CircuitBreaker::State after;
};

TEST(CircuitBreaker, OneProbeDecidesAfterTheRest) {
    const ProbeCase cases[] = {
        {"the server is back", true, CircuitBreaker::State::kClosed},
        {"it still fails", false, CircuitBreaker::State::kOpen},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        CircuitBreaker breaker({});
        open(breaker, 1);
        ASSERT_FALSE(breaker.start_call(at(30)));
        ASSERT_TRUE(breaker.would_call(at(31)));
        const auto probe = started(breaker, 31);
        EXPECT_FALSE(breaker.start_call(at(31))) << "only one probe";
        row.succeeds ? breaker.on_success(probe, at(32)) : breaker.on_failure(probe, at(32));
        EXPECT_EQ(breaker.state(), row.after);
        EXPECT_EQ(breaker.start_call(at(33)).has_value(), row.succeeds);
        EXPECT_TRUE(breaker.start_call(at(63)));
    }
}

TEST(CircuitBreaker, AnAnswerFromBeforeItOpenedDoesNotCloseIt) {
    CircuitBreaker breaker({});
    const auto old = started(breaker, 0);
    open(breaker, 1);
    breaker.on_success(old, at(2));
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kOpen);
}

// The probe alone decides, whatever calls of before still come back.
TEST(CircuitBreaker, AnAnswerFromBeforeItOpenedDoesNotDecideForTheProbe) {
    for (const bool succeeds : {true, false}) {
        SCOPED_TRACE(succeeds);
        CircuitBreaker breaker({});
        const auto old = started(breaker, 0);
        open(breaker, 1);
        const auto probe = started(breaker, 31);
        succeeds ? breaker.on_success(old, at(32)) : breaker.on_failure(old, at(32));
        EXPECT_EQ(breaker.state(), CircuitBreaker::State::kHalfOpen);
        EXPECT_FALSE(breaker.start_call(at(32))) << "the probe is still under way";
        breaker.on_success(probe, at(33));
        EXPECT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
    }
}

TEST(CircuitBreaker, FailuresFromBeforeItOpenedDoNotCountOnceItIsClosedAgain) {
    CircuitBreaker breaker({});
    std::vector<CircuitBreaker::Call> old;
    for (int i = 0; i < 5; ++i) {
        old.push_back(started(breaker, 0));
    }
    open(breaker, 1);
    breaker.on_success(started(breaker, 31), at(32));
    ASSERT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
    for (const auto call : old) {
        breaker.on_failure(call, at(33));
    }
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
}

}  // namespace
}  // namespace frugal::core
