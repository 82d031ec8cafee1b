// SPDX-License-Identifier: Apache-2.0
// Time as two types that cannot be mixed. Instant orders, expires and times out; WallTime labels
// rows for people and never orders, expires or deduplicates anything. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace frugal::base {

using Duration = std::chrono::microseconds;

/// A point on the monotonic clock of this process (or of the simulated world).
struct Instant {
    Duration since_start{0};
    auto operator<=>(const Instant&) const = default;
    Instant operator+(Duration duration) const { return {since_start + duration}; }
    Duration operator-(Instant other) const { return since_start - other.since_start; }
};

/// Milliseconds since the Unix epoch as the wall clock shows them; may jump either way.
struct WallTime {
    std::int64_t unix_ms = 0;
    bool operator==(const WallTime&) const = default;
};

/// What the shell hands the core with every step.
struct Now {
    Instant instant;
    WallTime wall;
};

}  // namespace frugal::base
