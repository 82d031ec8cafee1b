// SPDX-License-Identifier: Apache-2.0
// Whether a task's edge model can be relied on: down after failures in a row or a batch that never
// came back, tried again with one task after a pause that doubles. Owned by the desk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"

namespace frugal::core {

class EdgeHealth {
public:
    EdgeHealth(std::uint32_t failures, base::Duration pause, base::Duration pause_max)
        : failures_(failures), pause_(pause), pause_max_(pause_max) {}

    void on_success(std::uint32_t task) { tasks_.erase(task); }
    /// `started`: when the batch began. Those that began before the task went down say nothing new.
    void on_failure(std::uint32_t task, base::Instant started, base::Instant now);
    /// A batch is overdue beyond all measure.
    void on_hang(std::uint32_t task, base::Instant started, base::Instant now);
    /// It has another model now.
    void forget(std::uint32_t task) { tasks_.erase(task); }

    /// Until when nothing of the task is to be tried; absent if it may.
    std::optional<base::Instant> down_until(std::uint32_t task, base::Instant now) const;
    /// It was down and nothing has succeeded yet: one at a time.
    bool is_on_trial(std::uint32_t task) const;
    std::uint32_t failures_in_a_row(std::uint32_t task) const;

private:
    struct State {
        std::uint32_t failures = 0;
        std::optional<base::Instant> until;  ///< set once it was down
        base::Duration pause{0};
    };
    static bool is_old_news(const State& state, base::Instant started);
    void stop(State& state, base::Instant now) const;

    std::uint32_t failures_;
    base::Duration pause_;
    base::Duration pause_max_;
    std::map<std::uint32_t, State> tasks_;  ///< those that failed last
};

}  // namespace frugal::core
