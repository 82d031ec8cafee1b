// SPDX-License-Identifier: Apache-2.0
// The seeded chance of the swarm (xoshiro256**, Blackman and Vigna 2018; seeded by SplitMix64).
// One generator per device and purpose, so that adding a device changes no other. Not for keys.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace frugal::swarm {

class Random {
public:
    explicit Random(std::uint64_t seed);

    std::uint64_t next();

    /// Uniform in [0, bound); 0 for a bound of 0.
    std::uint64_t below(std::uint64_t bound);

    /// Uniform in [0, 1).
    double uniform();

    /// Standard normal deviate (Box and Muller 1958).
    double normal();

    /// True with the given probability (0..1).
    bool chance(double probability) { return uniform() < probability; }

private:
    std::array<std::uint64_t, 4> state_{};
};

/// A seed for one purpose of one thing: same seed and label, same result.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view label);

}  // namespace frugal::swarm
