// SPDX-License-Identifier: Apache-2.0
// I31: what an answer of the third tier says counts for the circuit breaker's state its call began
// in, and for no other; an open breaker lets no call through, a half open one a single one. Judges
// from outside, by calls, answers and the state that the statistics tell. Owned by its world.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "core/offload/circuit_breaker.hpp"

namespace frugal::simulation {

class BreakerJudge {
public:
    explicit BreakerJudge(const core::CircuitBreakerConfig& config) : config_(config) {}

    /// A call began; `state` is the breaker's since.
    void on_call(base::WorkId work, base::Instant now, std::string_view state);
    /// The answer to this very call came; `state` is the breaker's since.
    void on_answer(base::WorkId work, bool is_good, base::Instant now, std::string_view state);

    bool is_of_now(base::WorkId work) const { return calls_.at(work) == period_; }
    /// A call under way that began in the present state; absent if there is none.
    std::optional<base::WorkId> one_of_now() const;
    std::uint64_t old_answers() const { return old_answers_; }
    const std::vector<std::string>& violations() const { return violations_; }

private:
    void see(base::Instant now, std::string_view state);
    void judge_old(std::string_view state);
    void judge_present(bool is_good, std::string_view state);
    void violate(const std::string& what);

    core::CircuitBreakerConfig config_;
    std::string state_ = "closed";
    std::uint64_t period_ = 0;
    std::map<base::WorkId, std::uint64_t> calls_;  ///< under way, with the period they began in
    std::deque<base::Instant> failures_;           ///< of calls of this period, within the window
    base::Instant opened_at_{};
    base::Instant now_{};
    std::uint64_t old_answers_ = 0;
    std::vector<std::string> violations_;
};

}  // namespace frugal::simulation
