// SPDX-License-Identifier: Apache-2.0
// Which constants the operators of a checked model read, and where they lie in the file. Inside
// this folder only.
#pragma once

#include "model/tflite/structure.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

/// By offset; a buffer several tensors share is listed once.
std::vector<WeightSummary> collect_weights(const flat::Model& model, base::ByteView bytes);

/// Largest sum of activations alive at one operator.
std::uint64_t peak_activation_bytes(const flat::Model& model);

}  // namespace frugal::model
