// SPDX-License-Identifier: Apache-2.0
#include "core/offload/edge_health.hpp"

#include <algorithm>

namespace frugal::core {

void EdgeHealth::stop(State& state, base::Instant now) const {
    state.pause = state.until ? std::min(state.pause * 2, pause_max_) : pause_;
    state.until = now + state.pause;
}

bool EdgeHealth::is_old_news(const State& state, base::Instant started) {
    return state.until && started < *state.until;
}

void EdgeHealth::on_failure(std::uint32_t task, base::Instant started, base::Instant now) {
    auto& state = tasks_[task];
    if (is_old_news(state, started)) {
        return;
    }
    ++state.failures;
    // On trial one failure is enough.
    if (state.failures >= failures_ || state.until) {
        stop(state, now);
    }
}

void EdgeHealth::on_hang(std::uint32_t task, base::Instant started, base::Instant now) {
    auto& state = tasks_[task];
    if (is_old_news(state, started)) {
        return;
    }
    ++state.failures;
    stop(state, now);
}

std::optional<base::Instant> EdgeHealth::down_until(std::uint32_t task, base::Instant now) const {
    const auto found = tasks_.find(task);
    if (found == tasks_.end() || !found->second.until || *found->second.until <= now) {
        return std::nullopt;
    }
    return found->second.until;
}

bool EdgeHealth::is_on_trial(std::uint32_t task) const {
    const auto found = tasks_.find(task);
    return found != tasks_.end() && found->second.until.has_value();
}

std::uint32_t EdgeHealth::failures_in_a_row(std::uint32_t task) const {
    const auto found = tasks_.find(task);
    return found == tasks_.end() ? 0 : found->second.failures;
}

}  // namespace frugal::core
