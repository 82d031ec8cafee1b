// SPDX-License-Identifier: Apache-2.0
// Decides how each region of a plan is told: as its kind, by an earlier vector, by an old tensor,
// raw, or left to the bytes. Pure functions.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

struct Segment {
    PartKind kind = PartKind::kWeights;
    Region region;                 ///< offset from the start of the file
    std::size_t reference = 0;     ///< products, scaled integers: address of the earlier vector
    std::uint32_t factor = 0;      ///< bits of a float32
    std::size_t old_distance = 0;  ///< weights: bytes back to the old tensor, 0 for none
    WeightCoding coding{};         ///< weights only
};

/// @param base_plan regions of the base, for a delta
/// @return kInvalidInput for a plan whose regions overlap, leave the file or contradict themselves.
base::Result<std::vector<Segment>> choose_segments(CodedSpace space, const SegmentPlan& plan,
                                                   const SegmentPlan& base_plan,
                                                   std::uint8_t profile);

}  // namespace frugal::model
