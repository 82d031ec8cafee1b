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
enum class PartKind { kBytes, kRaw, kWeights, kIntegers, kFloats, kProducts, kScaled };

std::string_view to_string(PartKind kind);

struct PartStatistics {
    PartKind kind = PartKind::kBytes;
    std::size_t offset = 0;
    std::size_t size_bytes = 0;
    double packed_bytes = 0;  ///< information it took, before rounding to whole bytes
};

struct EncodeOptions {
    std::uint8_t profile = 2;  ///< 0: Huffman; 1: adaptive bins; 2: mixed
    base::ByteView base{};     ///< what the device has already; empty for a full encoding
    SegmentPlan base_plan{};   ///< of the base
    /// How far behind the file's own position a delta may read the base: what is overwritten in
    /// place keeps no more.
    std::size_t base_lag_max = SIZE_MAX;
};

struct Encoded {
    base::Bytes stream;
    std::vector<PartStatistics> parts;
    std::uint8_t profile = 0;
    bool is_delta = false;             ///< the base is needed to decode
    std::uint32_t base_lag_bytes = 0;  ///< how far behind the file it reads the base, at most
};

/// Encodes a file. With a base it is a delta, unless that is no smaller. A file no model fits
/// becomes one raw segment: never more than 64 bytes longer.
/// @return kLimit for an empty file or one above FR_ARTIFACT_SIZE_MAX; kInvalidInput for a plan
///         whose regions overlap, leave the file or contradict themselves; kInternal when the
///         decoder does not give the file back, which is a bug.
base::Result<Encoded> encode_with_statistics(base::ByteView file, const SegmentPlan& plan,
                                             const EncodeOptions& options = {});

/// The stream of encode_with_statistics() alone.
base::Result<base::Bytes> encode(base::ByteView file, const SegmentPlan& plan,
                                 const EncodeOptions& options = {});

struct Decoded {
    base::Bytes file;
    std::uint32_t base_lag_bytes = 0;  ///< how far behind the file the base was read, at most
};

/// Decodes with the device's decoder, watching it read.
/// @return as decode().
base::Result<Decoded> decode_measured(base::ByteView stream, std::size_t decoded_size_max,
                                      base::ByteView base = {});

/// Decodes with the device's decoder.
/// @param decoded_size_max hard cap on the result, bytes
/// @param base what a delta was made against
/// @return kInvalidInput for a stream the decoder refuses, with the fault's name as the cause.
base::Result<base::Bytes> decode(base::ByteView stream, std::size_t decoded_size_max,
                                 base::ByteView base = {});

/// RAM a device needs for the decoder of this stream, bytes.
/// @return kInvalidInput when it is no stream of this codec.
base::Result<std::uint32_t> decoder_ram_bytes(base::ByteView stream);

}  // namespace frugal::model
