// SPDX-License-Identifier: Apache-2.0
// Entropy coding of model files for the device's streaming decoder (format: proto/ARTIFACT.md).
// Pure functions, any thread, no state between calls. Every result of encode() has been decoded
// again with the device's own decoder and compared before it is returned.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::model {

/// What a part of the file became; parts are in file order and cover it.
enum class PartKind { kBytes, kRaw, kWeights, kIntegers, kFloats, kProducts };

std::string_view to_string(PartKind kind);

struct PartStatistics {
    PartKind kind = PartKind::kBytes;
    std::size_t offset = 0;
    std::size_t size_bytes = 0;
    double packed_bytes = 0;  ///< information it took, before rounding to whole bytes
};

struct Encoded {
    base::Bytes stream;
    std::vector<PartStatistics> parts;
};

/// Encodes a file. A file no model fits becomes one raw segment: never more than 64 bytes longer.
/// @return kLimit for an empty file or one above FR_ARTIFACT_SIZE_MAX; kInvalidInput for a plan
///         whose regions overlap, leave the file or contradict themselves; kInternal when the
///         decoder does not give the file back, which is a bug.
base::Result<Encoded> encode_with_statistics(base::ByteView file, const SegmentPlan& plan);

/// The stream of encode_with_statistics() alone.
base::Result<base::Bytes> encode(base::ByteView file, const SegmentPlan& plan);

/// Decodes with the device's decoder.
/// @param decoded_size_max hard cap on the result, bytes
/// @return kInvalidInput for a stream the decoder refuses, with the fault's name as the cause.
base::Result<base::Bytes> decode(base::ByteView stream, std::size_t decoded_size_max);

/// RAM a device needs for the decoder of this stream, bytes.
/// @return kInvalidInput when it is no stream of this codec.
base::Result<std::uint32_t> decoder_ram_bytes(base::ByteView stream);

}  // namespace frugal::model
