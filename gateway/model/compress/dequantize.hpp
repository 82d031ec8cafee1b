// SPDX-License-Identifier: Apache-2.0
// Stage "dequantize": an int8 model back to float32, so that it can be trained on and quantized
// anew; what rounding took is not brought back. Pure functions, any thread.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/samples_file.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct DequantizeOptions {};

/// A float32 file of the same operators, weights and biases; a file with no int8 in it as it is.
/// Fails with kInvalidInput for bytes that are no well-formed .tflite, kUnsupported for operators
/// that mean another thing in floats.
base::Result<base::Bytes> dequantized_file(base::ByteView file);

/// Rewrites work.file and work.inputs. Fails as dequantized_file().
base::Result<void> dequantize(Work& work, const DequantizeOptions& options);

/// Inputs of an int8 model as a float32 model of the same shape takes them.
std::vector<base::Bytes> dequantize_inputs(const std::vector<base::Bytes>& inputs,
                                           const InputFormat& format);

}  // namespace frugal::model
