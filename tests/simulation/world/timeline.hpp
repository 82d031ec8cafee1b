// SPDX-License-Identifier: Apache-2.0
// Virtual time: what happens next, and nothing else. Events at the same instant happen in the order
// they were planned. Owned by one world; single-threaded; never sleeps.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/time.hpp"

namespace frugal::simulation {

class Timeline {
public:
    using Action = std::function<void()>;

    base::Instant now() const { return now_; }

    void at(base::Instant when, Action action) {
        events_.emplace(std::pair(std::max(when, now_), next_order_++), std::move(action));
    }
    void after(base::Duration wait, Action action) { at(now_ + wait, std::move(action)); }

    bool has_event_before(base::Instant limit) const {
        return !events_.empty() && events_.begin()->first.first < limit;
    }

    /// Moves time to the next event and runs it.
    void step() {
        auto node = events_.extract(events_.begin());
        now_ = node.key().first;
        node.mapped()();
    }

    void move_to(base::Instant when) { now_ = std::max(now_, when); }

private:
    base::Instant now_;
    std::uint64_t next_order_ = 0;
    std::map<std::pair<base::Instant, std::uint64_t>, Action> events_;
};

}  // namespace frugal::simulation
