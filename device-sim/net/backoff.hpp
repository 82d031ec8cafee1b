// SPDX-License-Identifier: Apache-2.0
// How long a device waits before it connects again: doubling from one second to a minute, and only
// a random part of it, so that a fleet that lost its broker at once does not return at once.
// Plain value of one device.
#pragma once

#include <algorithm>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/random.hpp"

namespace frugal::swarm {

class Backoff {
public:
    static constexpr Milliseconds kFirst{1000};
    static constexpr Milliseconds kLongest{60000};

    /// The next wait: uniform between a quarter of the present step and the whole of it.
    Milliseconds next(Random& random) {
        const Milliseconds step = step_;
        step_ = std::min(step_ * 2, kLongest);
        const auto quarter = static_cast<std::uint64_t>(step.count()) / 4;
        return Milliseconds{static_cast<std::int64_t>(quarter + random.below(quarter * 3 + 1))};
    }

    void reset() { step_ = kFirst; }

private:
    Milliseconds step_ = kFirst;
};

}  // namespace frugal::swarm
