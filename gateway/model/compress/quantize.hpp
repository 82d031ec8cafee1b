// SPDX-License-Identifier: Apache-2.0
// Stage "quantize": a float32 model to int8 after training. Ranges of the activations come from the
// calibration inputs (an original that was int8 gives the scale of its input, which callers know),
// weights get a scale for each channel (dense layers one), biases are int32. Operators and their
// order stay, so later stages can hold it against the original. Pure, any thread.
#pragma once

#include "base/result.hpp"
#include "model/compress/samples_file.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct QuantizeOptions {
    double range_margin = 0;  ///< activations may exceed the range seen by this share of it
};

/// Replaces work.file and converts work.inputs to what it takes.
/// Fails with kUnsupported, naming the operator, for what has no int8 form here.
base::Result<void> quantize(Work& work, const QuantizeOptions& options);

/// Inputs of a float32 model as another model of the same shape takes them.
std::vector<base::Bytes> quantize_inputs(const std::vector<base::Bytes>& inputs,
                                         const InputFormat& format);

}  // namespace frugal::model
