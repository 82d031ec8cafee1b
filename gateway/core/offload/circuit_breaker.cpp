// SPDX-License-Identifier: Apache-2.0
#include "core/offload/circuit_breaker.hpp"

namespace frugal::core {

std::optional<CircuitBreaker::Call> CircuitBreaker::start_call(base::Instant now) {
    if (state_ == State::kOpen && now - opened_at_ >= config_.open_time) {
        on(Event::kRested, now);
    }
    const bool is_probe = state_ == State::kHalfOpen && !is_probing_;
    is_probing_ = is_probing_ || is_probe;
    return is_probe || state_ == State::kClosed ? std::optional(Call{period_}) : std::nullopt;
}

bool CircuitBreaker::would_call(base::Instant now) const {
    auto trial = *this;
    return trial.start_call(now).has_value();
}

void CircuitBreaker::on_success(Call call, base::Instant now) {
    if (call.period == period_) {
        on(Event::kSuccess, now);
    }
}

void CircuitBreaker::on_failure(Call call, base::Instant now) {
    if (call.period != period_) {
        return;
    }
    while (!failures_.empty() && now - failures_.front() >= config_.window) {
        failures_.pop_front();
    }
    failures_.push_back(now);
    on(failures_.size() >= config_.failures ? Event::kTooManyFailures : Event::kFailure, now);
}

void CircuitBreaker::on(Event event, base::Instant now) {
    // clang-format off
    static constexpr State kNext[3][4] = {
        // success           failure            too many failures  rested
        {State::kClosed,   State::kClosed,    State::kOpen,      State::kClosed},    // closed
        {State::kOpen,     State::kOpen,      State::kOpen,      State::kHalfOpen},  // open
        {State::kClosed,   State::kOpen,      State::kOpen,      State::kHalfOpen},  // half open
    };
    // clang-format on
    const State before = state_;
    state_ = kNext[static_cast<int>(before)][static_cast<int>(event)];
    if (state_ == before) {
        return;
    }
    ++period_;
    is_probing_ = false;
    failures_.clear();
    if (state_ == State::kOpen) {
        opened_at_ = now;
    }
}

std::string_view to_string(CircuitBreaker::State state) {
    switch (state) {
        case CircuitBreaker::State::kClosed:
            return "closed";
        case CircuitBreaker::State::kOpen:
            return "open";
        case CircuitBreaker::State::kHalfOpen:
            return "half-open";
    }
    return "closed";
}

}  // namespace frugal::core
