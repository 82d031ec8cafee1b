// SPDX-License-Identifier: Apache-2.0
// Numbers and bytes without a pattern, the same in every run. Test code only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::test {

/// Moves the state on; the upper bits of it are the better ones.
inline std::uint32_t next_noise(std::uint32_t& state) {
    state = state * 1664525U + 1013904223U;
    return state;
}

inline std::vector<std::uint8_t> noise(std::size_t size, std::uint32_t seed) {
    std::vector<std::uint8_t> bytes(size);
    for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(next_noise(seed) >> 24);
    }
    return bytes;
}

}  // namespace frugal::test
