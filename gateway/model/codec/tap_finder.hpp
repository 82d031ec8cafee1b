// SPDX-License-Identifier: Apache-2.0
// Finds how far back in a row of weights its like lie: windows of sound repeat after one frame,
// images after one line. Pure functions; what they find only guides the encoder.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::model {

/// Distances in columns, each below the columns of the tensor; 0: none.
struct Taps {
    std::uint32_t near_distance = 0;
    std::uint32_t far_distance = 0;

    friend bool operator==(const Taps&, const Taps&) = default;
};

/// Pairs of distances worth a try for rows of `columns` int8 weights, the most promising first;
/// empty when nothing in a row resembles what lies before. At most 5 pairs.
std::vector<Taps> find_taps(base::ByteView weights, std::uint32_t columns);

}  // namespace frugal::model
