// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: doubles up to a maximum, each time a random half of it,
// so that many who lost the same peer do not return together. A value, one thread.
#pragma once

#include "base/rng.hpp"
#include "base/time.hpp"

namespace frugal::net {

class Backoff {
public:
    Backoff(base::Duration minimum, base::Duration maximum, std::uint64_t seed)
        : minimum_(minimum), maximum_(maximum), current_(minimum), rng_(seed) {}

    /// Between half of the present step and all of it; the step then doubles.
    base::Duration next();

    /// After a success.
    void reset() { current_ = minimum_; }

private:
    base::Duration minimum_;
    base::Duration maximum_;
    base::Duration current_;
    base::Rng rng_;
};

}  // namespace frugal::net
