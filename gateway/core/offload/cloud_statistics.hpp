// SPDX-License-Identifier: Apache-2.0
// What people are shown of the third tier. Plain value.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace frugal::core {

/// The third tier: what became of inputs that might have been asked beyond the site.
struct CloudStatistics {
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;     ///< in time
    std::uint64_t failed = 0;       ///< no answer, or none that makes sense
    std::uint64_t expired = 0;      ///< the edge's answer, or none, was given instead
    std::uint64_t too_late = 0;     ///< not asked: no answer could be expected in time
    std::uint64_t over_budget = 0;  ///< not asked: the day's calls are spent
    std::uint64_t broken = 0;       ///< not asked: the circuit breaker is open
    std::uint32_t in_flight = 0;
    std::string_view breaker = "closed";
    base::Duration round_trip_p95{0};  ///< measured, or assumed before that
};

}  // namespace frugal::core
