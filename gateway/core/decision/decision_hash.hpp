// SPDX-License-Identifier: Apache-2.0
// The 32-bit hash by which a decision sent again is recognized as the same one. Covers what belongs
// to the single decision, so that it does not matter how a device cuts its batches. Not
// cryptographic: it finds clones and broken storage, not a forger of its own decisions.
#pragma once

#include <cstdint>

#include "core/message.hpp"

namespace frugal::core {

/// Of entry `i`; never 0, which stands for "not remembered".
inline std::uint32_t decision_hash(const Decisions& decisions, std::uint32_t i) {
    const auto mix = [](std::uint64_t value) {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
        return value ^ (value >> 31);
    };
    const std::uint64_t what =
        (std::uint64_t{decisions.ticks[i]} << 32) | (std::uint64_t{decisions.classes[i]} << 24) |
        (std::uint64_t{decisions.confidences[i]} << 16) |
        (std::uint64_t{decisions.outcomes[i]} << 8) | (decisions.task & 0xFF);
    const std::uint64_t which = decisions.first_sequence + i;
    const auto hash = mix(mix(what) + which * 0x9E3779B97F4A7C15ULL + decisions.release);
    const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32));
    return folded == 0 ? 1 : folded;
}

}  // namespace frugal::core
