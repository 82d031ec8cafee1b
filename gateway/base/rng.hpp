// SPDX-License-Identifier: Apache-2.0
// A small seeded generator (xoshiro256**, Blackman and Vigna 2018; seeded by SplitMix64). Handed
// to whoever needs chance; same seed, same run. Not for keys: those come from OpenSSL.
#pragma once

#include <array>
#include <cstdint>

namespace frugal::base {

class Rng {
public:
    explicit Rng(std::uint64_t seed);

    std::uint64_t next();

    /// Uniform in [0, bound); bound must not be 0.
    std::uint64_t below(std::uint64_t bound);

    /// Uniform in [0, 1).
    double uniform();

    /// True with the given probability (0..1).
    bool chance(double probability) { return uniform() < probability; }

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace frugal::base
