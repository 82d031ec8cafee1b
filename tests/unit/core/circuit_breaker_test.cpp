// SPDX-License-Identifier: Apache-2.0
#include "core/offload/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace frugal::core {
namespace {

using std::chrono::seconds;

base::Instant at(int second) {
    return {seconds(second)};
}

TEST(CircuitBreaker, OpensAtTheFifthFailureWithinTheWindow) {
    CircuitBreaker breaker({});
    for (int second = 0; second < 4; ++second) {
        ASSERT_TRUE(breaker.may_call(at(second)));
        breaker.on_failure(at(second));
        EXPECT_EQ(breaker.state(), CircuitBreaker::State::kClosed);
    }
    ASSERT_TRUE(breaker.may_call(at(4)));
    breaker.on_failure(at(4));
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kOpen);
    EXPECT_FALSE(breaker.may_call(at(33)));
}

TEST(CircuitBreaker, StaysClosedWhileFailuresAreRare) {
    CircuitBreaker breaker({});
    for (int second = 0; second < 800; second += 8) {
        ASSERT_TRUE(breaker.may_call(at(second)));
        breaker.on_failure(at(second));
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
        for (int i = 0; i < 5; ++i) {
            breaker.on_failure(at(1));
        }
        ASSERT_FALSE(breaker.may_call(at(30)));
        ASSERT_TRUE(breaker.would_call(at(31)));
        ASSERT_TRUE(breaker.may_call(at(31)));
        EXPECT_FALSE(breaker.may_call(at(31))) << "only one probe";
        row.succeeds ? breaker.on_success(at(32)) : breaker.on_failure(at(32));
        EXPECT_EQ(breaker.state(), row.after);
        EXPECT_EQ(breaker.may_call(at(33)), row.succeeds);
        EXPECT_TRUE(breaker.may_call(at(63)));
    }
}

TEST(CircuitBreaker, AnAnswerFromBeforeItOpenedDoesNotCloseIt) {
    CircuitBreaker breaker({});
    for (int i = 0; i < 5; ++i) {
        breaker.on_failure(at(1));
    }
    breaker.on_success(at(2));
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::kOpen);
}

}  // namespace
}  // namespace frugal::core
