// SPDX-License-Identifier: Apache-2.0
#include "base/rng.hpp"

#include "base/assert.hpp"

namespace frugal::base {

namespace {

std::uint64_t rotate_left(std::uint64_t value, int count) {
    return (value << count) | (value >> (64 - count));
}

std::uint64_t split_mix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(std::uint64_t seed) {
    for (auto& word : state_) {
        word = split_mix(seed);
    }
}

std::uint64_t Rng::next() {
    const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate_left(state_[3], 45);
    return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
    FRUGAL_ASSERT(bound > 0);
    const std::uint64_t threshold = (0 - bound) % bound;  // rejects the uneven tail: no bias
    for (;;) {
        const std::uint64_t value = next();
        if (value >= threshold) {
            return value % bound;
        }
    }
}

double Rng::uniform() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

}  // namespace frugal::base
