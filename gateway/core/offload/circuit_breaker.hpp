// SPDX-License-Identifier: Apache-2.0
// Keeps calls away from a server that fails: closed until so many calls failed within a window,
// then open for a while, then one call tries (half open) and decides. An answer counts only for the
// state its call began in: one of before says nothing about the server now. Owned by the core's
// cloud desk. A table of transitions without clock; the caller says what time it is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
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

    /// One call: the state it began in, counted from the first.
    struct Call {
        std::uint64_t period = 0;
    };
    /// A call that starts now, absent if none may; one that starts half open is the probe. Each is
    /// followed by exactly one on_success() or on_failure().
    std::optional<Call> start_call(base::Instant now);
    /// Whether start_call() would start one.
    bool would_call(base::Instant now) const;
    void on_success(Call call, base::Instant now);
    void on_failure(Call call, base::Instant now);

    State state() const { return state_; }

private:
    enum class Event : std::uint8_t { kSuccess, kFailure, kTooManyFailures, kRested };
    void on(Event event, base::Instant now);

    CircuitBreakerConfig config_;
    State state_ = State::kClosed;
    std::uint64_t period_ = 0;            ///< another one with every change of state
    std::deque<base::Instant> failures_;  ///< within the window, at most `failures`
    base::Instant opened_at_{};
    bool is_probing_ = false;
};
std::string_view to_string(CircuitBreaker::State state);  ///< "half-open"

}  // namespace frugal::core
