// SPDX-License-Identifier: Apache-2.0
// Keeps calls away from a server that fails: closed until so many calls failed within a window,
// then open for a while, then one call tries (half open) and decides. Owned by the core's cloud
// desk. A table of transitions without clock; the caller says what time it is.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "base/time.hpp"

namespace frugal::core {

struct CircuitBreakerConfig {
    std::uint32_t failures = 5;  ///< within `window`: open
    base::Duration window = std::chrono::seconds(30);
    base::Duration open_time = std::chrono::seconds(30);
};

class CircuitBreaker {
public:
    enum class State : std::uint8_t { kClosed, kOpen, kHalfOpen };

    explicit CircuitBreaker(const CircuitBreakerConfig& config) : config_(config) {}

    /// Whether a call may start now; one that starts half open is the probe. Every call for which
    /// this said yes is followed by exactly one on_success() or on_failure().
    bool may_call(base::Instant now);
    /// What may_call() would say, without starting one.
    bool would_call(base::Instant now) const;
    void on_success(base::Instant now);
    void on_failure(base::Instant now);

    State state() const { return state_; }

private:
    enum class Event : std::uint8_t { kSuccess, kFailure, kTooManyFailures, kRested };
    void on(Event event, base::Instant now);

    CircuitBreakerConfig config_;
    State state_ = State::kClosed;
    std::deque<base::Instant> failures_;  ///< within the window, at most `failures`
    base::Instant opened_at_{};
    bool is_probing_ = false;
};
std::string_view to_string(CircuitBreaker::State state);  ///< "half-open"

}  // namespace frugal::core
