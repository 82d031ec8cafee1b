// SPDX-License-Identifier: Apache-2.0
// Reading calibration inputs and labels from the bytes of a file. The bytes may be hostile: lengths
// are checked before contents. Pure functions, any thread; files are read elsewhere.
//   inputs   .npy (int8, uint8, float32, float64; C order), idx (unsigned bytes, taken as 0 to 1):
//            the first axis counts inputs, the others are one, flat or as the model has it;
//            anything else: raw input bytes, one after another. What begins like idx is never
//            taken as raw bytes (idx_file.hpp says exactly what that is).
//            Numbers other than the model's own type are quantized with its input scale; refused if
//            more than one in 20 lies outside of its range.
//   labels   text, one class number a line; or idx labels
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/runtime.h"

namespace frugal::model {

/// What a model takes: type, count and scale of its one input.
struct InputFormat {
    std::size_t size_bytes = 0;  ///< of all inputs together
    std::size_t elements = 0;    ///< of the one input; 0 when there are several
    std::int32_t type = 0;       ///< number of the TFLite schema
    float scale = 0;
    std::int32_t zero_point = 0;
    std::vector<std::size_t> shape{};  ///< of the one input, batch included
};

/// Fails with kInvalidInput, kUnsupported or kLimit for a model the runtime does not run.
base::Result<InputFormat> input_format(base::ByteView model,
                                       const fr_operator_set_t* operators = &fr_operators_all);

inline constexpr std::size_t kSamplesUnlimited = SIZE_MAX;

/// Splits a file into inputs. @param origin how messages call it @param most so many are taken
/// Fails with kInvalidInput for bytes that do not fit the model; with kLimit, before any is made,
/// for more than `most`.
base::Result<std::vector<base::Bytes>> parse_inputs(base::ByteView bytes, const InputFormat& format,
                                                    const std::string& origin,
                                                    std::size_t most = kSamplesUnlimited);

/// Fails with kInvalidInput for anything that is no list of class numbers, with kLimit for more
/// than `most`.
base::Result<std::vector<std::uint32_t>> parse_labels(base::ByteView bytes,
                                                      const std::string& origin,
                                                      std::size_t most = kSamplesUnlimited);

}  // namespace frugal::model
