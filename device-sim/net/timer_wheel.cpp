// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/timer_wheel.hpp"

#include <algorithm>
#include <utility>

namespace frugal::swarm {

TimerWheel::TimerWheel() : slots_(kSlots) {}

TimerId TimerWheel::arm(Milliseconds delay, Action action) {
    const Milliseconds deadline = now_ + std::max(delay, Milliseconds{1});
    const auto slot = static_cast<std::size_t>(deadline.count()) % kSlots;
    const TimerId id = ++last_id_;
    slots_[slot].push_back({deadline, id, std::move(action)});
    live_.insert(id);
    return id;
}

void TimerWheel::advance_to(Milliseconds now) {
    while (now_ < now) {
        ++now_;
        auto& slot = slots_[static_cast<std::size_t>(now_.count()) % kSlots];
        if (!slot.empty()) {
            run_slot(slot);
        }
    }
}

void TimerWheel::run_slot(std::vector<Entry>& slot) {
    std::vector<Entry> entries = std::exchange(slot, {});
    std::vector<Entry> due;
    for (Entry& entry : entries) {
        if (!live_.contains(entry.id)) {
            continue;
        }
        (entry.deadline <= now_ ? due : slot).push_back(std::move(entry));
    }
    for (Entry& entry : due) {
        if (live_.erase(entry.id) > 0) {
            entry.action();
        }
    }
}

Milliseconds TimerWheel::wait(Milliseconds longest) const {
    const auto limit = std::min<std::int64_t>(longest.count(), kSlots);
    for (std::int64_t ahead = 1; ahead <= limit; ++ahead) {
        if (!slots_[static_cast<std::size_t>(now_.count() + ahead) % kSlots].empty()) {
            return Milliseconds{ahead};
        }
    }
    return longest;
}

}  // namespace frugal::swarm
