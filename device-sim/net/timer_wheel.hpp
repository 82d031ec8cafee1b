// SPDX-License-Identifier: Apache-2.0
// Many timers at a millisecond's resolution: a hashed wheel (Varghese and Lauck 1987, scheme 6).
// Owned by one loop, one thread. Due timers run in order of deadline, then of arming: a run is
// repeatable. It reads no clock: the owner says what time it is.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm {

using TimerId = std::uint64_t;  ///< 0 is no timer

class TimerWheel {
public:
    using Action = std::function<void()>;

    TimerWheel();

    Milliseconds now() const { return now_; }

    /// Runs the action once, `delay` from now; a delay of zero or less means the next advance.
    TimerId arm(Milliseconds delay, Action action);

    /// Forgets a timer; harmless if it ran already.
    void cancel(TimerId id) { live_.erase(id); }

    /// Moves time on, tick by tick, and runs what is due. Actions may arm and cancel.
    void advance_to(Milliseconds now);

    /// Time until something may be due, at most `longest`.
    Milliseconds wait(Milliseconds longest) const;

    std::size_t armed() const { return live_.size(); }

private:
    struct Entry {
        Milliseconds deadline;
        TimerId id;
        Action action;
    };
    static constexpr std::size_t kSlots = 4096;

    void run_slot(std::vector<Entry>& slot);

    Milliseconds now_{0};
    TimerId last_id_ = 0;
    std::vector<std::vector<Entry>> slots_;
    std::unordered_set<TimerId> live_;
};

}  // namespace frugal::swarm
