// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/input_window.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>

namespace frugal::swarm {
namespace {

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 31)) * 0x7fb5d329728ea185u;
    value = (value ^ (value >> 27)) * 0x81dadef4bc2dd44du;
    return value ^ (value >> 33);
}

bool is_telling(const std::uint8_t* window) {
    std::bitset<256> seen;
    for (std::size_t i = 0; i < kWindowBytes; ++i) {
        seen.set(window[i]);
    }
    return seen.count() >= kWindowDistinctBytes;
}

}  // namespace

std::uint64_t window_hash(const std::uint8_t* window) {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, window, sizeof low);
    std::memcpy(&high, window + sizeof low, sizeof high);
    return mix(low * 0x9e3779b97f4a7c15u + mix(high));
}

std::vector<std::uint64_t> input_windows(ByteView input) {
    std::vector<std::uint64_t> telling;
    for (std::size_t at = 0; at + kWindowBytes <= input.size(); at += kWindowBytes) {
        if (is_telling(input.data() + at)) {
            telling.push_back(window_hash(input.data() + at));
        }
    }
    std::vector<std::uint64_t> chosen;
    const std::size_t count = std::min(kWindowsPerInput, telling.size());
    for (std::size_t i = 0; i < count; ++i) {
        chosen.push_back(telling[i * telling.size() / count]);
    }
    return chosen;
}

}  // namespace frugal::swarm
