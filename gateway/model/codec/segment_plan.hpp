// SPDX-License-Identifier: Apache-2.0
// What an encoder is told about a file: which bytes are tensors. Plain data, made by whoever can
// read the file's format. It only guides: the bytes not named are coded too, and a wrong plan
// costs size, never correctness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::model {

enum class RegionKind {
    kWeights,   ///< int8 values, rows x columns
    kIntegers,  ///< little-endian int32 values
    kFloats,    ///< little-endian float32 values
};

struct Region {
    RegionKind kind = RegionKind::kWeights;
    std::size_t offset = 0;      ///< bytes from the start of the file
    std::size_t size_bytes = 0;  ///< at least 1
    std::uint32_t rows = 0;      ///< weights only: rows * columns == size_bytes
    std::uint32_t columns = 0;
    std::uint32_t near_distance = 0;  ///< weights only: columns to the tap before, 0 for none
    std::uint32_t far_distance = 0;   ///< weights only: columns to the line of taps before
};

/// Regions in file order, none overlapping another.
struct SegmentPlan {
    std::vector<Region> regions;
};

}  // namespace frugal::model
