// SPDX-License-Identifier: Apache-2.0
// Tells a queue that stands from one that breathes: CoDel (Nichols and Jacobson 2012, RFC 8289) on
// the time tasks waited before they ran. While the queue stands, the desk promises nothing that has
// to wait longer than the target, runs the newest first and sheds audits by the control law. Owned
// by the desk; works on times it is handed.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace frugal::core {

class SojournGuard {
public:
    SojournGuard(base::Duration target_max, base::Duration interval)
        : target_max_(target_max), interval_(interval) {}

    /// How long a task with so much time from arrival to deadline should wait at most: an eighth,
    /// and never above the maximum.
    base::Duration target(base::Duration slack) const;

    /// A task left the queue for an engine.
    void on_start(base::Instant now, base::Duration sojourn, base::Duration slack);
    /// Nothing waits and nothing runs.
    void on_idle();

    /// Tasks waited longer than their target for a whole interval, without exception.
    bool is_standing() const { return is_standing_; }

    /// While the queue stands: true when the next one is to be shed, at intervals that shrink with
    /// the square root of how many were.
    bool takes_drop(base::Instant now);

private:
    base::Duration target_max_;
    base::Duration interval_;
    std::optional<base::Instant> above_since_;
    bool is_standing_ = false;
    base::Instant next_drop_;
    std::uint32_t drops_ = 0;
};

}  // namespace frugal::core
