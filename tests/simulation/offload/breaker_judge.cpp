// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/breaker_judge.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace frugal::simulation {

void BreakerJudge::violate(const std::string& what) {
    violations_.push_back(fmt::format("I31: at {} ms: {}", now_.since_start.count() / 1000, what));
}

void BreakerJudge::see(base::Instant now, std::string_view state) {
    if (state == state_) {
        return;
    }
    state_ = state;
    ++period_;
    failures_.clear();
    if (state_ == "open") {
        opened_at_ = now;
    }
}

std::optional<base::WorkId> BreakerJudge::one_of_now() const {
    const auto found =
        std::ranges::find_if(calls_, [this](const auto& call) { return call.second == period_; });
    return found == calls_.end() ? std::nullopt : std::optional(found->first);
}

void BreakerJudge::on_call(base::WorkId work, base::Instant now, std::string_view state) {
    now_ = now;
    if (state_ == "open" && now - opened_at_ < config_.open_time) {
        violate("a call went through an open breaker");
    }
    see(now, state);
    if (state_ == "half-open" && one_of_now()) {
        violate("a second call went through a half open breaker");
    }
    calls_[work] = period_;
}

void BreakerJudge::on_answer(base::WorkId work, bool is_good, base::Instant now,
                             std::string_view state) {
    now_ = now;
    const bool is_old = !is_of_now(work);
    calls_.erase(work);
    if (is_old) {
        judge_old(state);
    } else {
        judge_present(is_good, state);
    }
    see(now, state);
}

void BreakerJudge::judge_old(std::string_view state) {
    ++old_answers_;
    if (state != state_) {
        violate(
            fmt::format("an answer to a call from before made it {}, it was {}", state, state_));
    }
}

void BreakerJudge::judge_present(bool is_good, std::string_view state) {
    std::string_view expected = state_;
    if (state_ == "half-open") {
        expected = is_good ? "closed" : "open";
    } else if (!is_good) {
        std::erase_if(failures_, [this](base::Instant at) { return now_ - at >= config_.window; });
        failures_.push_back(now_);
        if (failures_.size() >= config_.failures) {
            expected = "open";
        }
    }
    if (state != expected) {
        violate(fmt::format("a {} answer made it {}, not {}; {} failures of this state",
                            is_good ? "good" : "bad", state, expected, failures_.size()));
    }
}

}  // namespace frugal::simulation
