// SPDX-License-Identifier: Apache-2.0
// Running a model on raw bytes, as `frugalctl model run` does: once, or a streaming model step by
// step. Pure function; any thread.
// It never writes the input anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::inference {

struct RunTensor {
    std::string name;
    std::string type_name;  ///< "INT8", "UINT8", "INT32" or "FLOAT32"
    std::vector<std::uint32_t> shape;
    std::vector<double> data;  ///< the elements as they are, quantized ones not dequantized
    base::Bytes bytes;         ///< the same as raw bytes
    double scale = 0;          ///< 0 if not quantized
    std::int32_t zero_point = 0;
};

struct RunOutput {
    std::vector<std::vector<RunTensor>> steps;  ///< the outputs of each inference
    std::uint64_t arena_bytes = 0;
    std::uint64_t state_bytes = 0;  ///< kept between steps; 0 unless the model is a streaming one
    std::uint64_t work = 0;         ///< multiply-accumulates
};

/// Runs the model, a .tflite or a Bonsai container, on its inputs, given one after another in the
/// order of the model's inputs. For a streaming model the inputs of any number of steps may follow
/// each other. Fails with kInvalidInput for a malformed model or a wrong input size (the message
/// names the expected bytes and shapes), kUnsupported for a model the runtime does not run, kLimit
/// for one too large.
base::Result<RunOutput> run_model(base::ByteView model, base::ByteView input);

}  // namespace frugal::inference
