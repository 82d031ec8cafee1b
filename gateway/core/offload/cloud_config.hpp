// SPDX-License-Identifier: Apache-2.0
// Limits of the third tier. Plain value, fixed for the life of a Core; without tasks nothing is
// ever asked beyond the site.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "core/offload/circuit_breaker.hpp"

namespace frugal::core {

/// A fixed rule: where the edge is less sure than this, or has no answer, the server is asked.
struct CloudTask {
    std::uint32_t task = 0;
    std::string model{};         ///< its name on the server
    std::uint32_t below_q8 = 0;  ///< confidence of the edge, 0..256
};

struct CloudConfig {
    std::vector<CloudTask> tasks{};
    std::uint32_t calls_per_day = 1'000;
    std::uint32_t in_flight = 8;
    CircuitBreakerConfig breaker{};
    base::Duration first_round_trip = std::chrono::milliseconds(200);  ///< before any was measured
    /// Kept back of each deadline, for the verdict's way to the device.
    base::Duration return_allowance = std::chrono::milliseconds(20);
    /// A round trip that looks too long for every deadline is tried again so seldom.
    base::Duration probe_interval = std::chrono::seconds(30);
};

}  // namespace frugal::core
