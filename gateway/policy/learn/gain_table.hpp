// SPDX-License-Identifier: Apache-2.0
// The gain table: expected gain of asking the edge, by bin of the device's confidence, and the
// monotone fit behind it. Plain values and pure functions, any thread. Gains are in wrong answers
// avoided (-1..1); on the wire they are q8. Never decides: that is the device's evaluator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frugal/policy.h"

namespace frugal::policy {

inline constexpr std::size_t kBins = FR_POLICY_TABLE_BYTES;

using BinValues = std::array<double, kBins>;
using TableBytes = std::array<std::uint8_t, kBins>;

/// What an owner lets a gain be, in q8, whatever is learned.
struct GainBounds {
    std::uint8_t floor = 0;
    std::uint8_t ceiling = 255;  ///< not below the floor
    bool operator==(const GainBounds&) const = default;
};
using GroupBounds = std::array<GainBounds, FR_POLICY_GROUPS_MAX>;  ///< by class group

/// Bin of a confidence q8.
constexpr std::size_t bin_of(std::uint8_t confidence_q8) {
    return confidence_q8 >> 3;
}

/// What Chow's rule believes of a bin: the device is right as often as it says, the edge always.
constexpr double chow_gain(std::size_t bin) {
    return 1 - (static_cast<double>(bin) + 0.5) / static_cast<double>(kBins);
}

struct MonotoneFit {
    BinValues values{};
    BinValues weights{};  ///< of the block each bin was pooled into
};

/// The closest non-increasing sequence in weighted squares, by pooling adjacent violators
/// (Ayer et al. 1955). All weights must be positive.
MonotoneFit fit_nonincreasing(const BinValues& values, const BinValues& weights);

/// The same gains, none beyond the bounds.
TableBytes bounded(const TableBytes& table, const GainBounds& bounds);

/// Clamped to 0..1, then q8: 256 would be one whole answer, 255 is the most a byte holds.
TableBytes to_q8(const BinValues& gains);

}  // namespace frugal::policy
