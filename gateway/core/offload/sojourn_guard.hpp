// SPDX-License-Identifier: Apache-2.0
// Tells a queue that stands from one that breathes: CoDel (Nichols and Jacobson 2012, RFC 8289) on
// the time the oldest has waited whenever somebody leaves for an engine, whoever that is: a queue
// that is not served in order would look short by its newest. While the queue stands, the desk
// promises nothing that has to wait longer than the target, runs the newest first and sheds audits
// by the control law. Owned by the desk; works on times it is handed.
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

    /// A batch leaves the queue for an engine; whether the oldest waited longer than its target.
    void on_start(base::Instant now, bool is_above_target);
    /// Nothing waits.
    void on_empty();

    /// The oldest waited longer than their target for a whole interval, without exception.
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
