// SPDX-License-Identifier: Apache-2.0
#include "device-sim/support/random.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace frugal::swarm {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
    std::uint64_t value = (state += 0x9e3779b97f4a7c15u);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        word = split_mix(seed);
    }
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) {
        return 0;
    }
    const std::uint64_t reject_below = (0 - bound) % bound;
    std::uint64_t value = next();
    while (value < reject_below) {
        value = next();
    }
    return value % bound;
}

double Random::uniform() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view label) {
    std::uint64_t hash = 0xcbf29ce484222325u ^ seed;  // FNV-1a, then mixed
    for (const char character : label) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
    }
    return split_mix(hash);
}

}  // namespace frugal::swarm
