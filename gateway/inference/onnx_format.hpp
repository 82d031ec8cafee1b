// SPDX-License-Identifier: Apache-2.0
// What must be known of an ONNX file before OpenCV sees it, read by hand from the field numbers of
// the public onnx.proto: untrusted bytes, every length checked. Pure functions, any thread.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::inference {

/// Whether the bytes claim to be ONNX rather than TFLite or Bonsai.
bool is_onnx(base::ByteView bytes);

/// The shape of the one float input that is no constant; a free dimension in front counts as 1.
/// kInvalidInput for what is no ModelProto, kUnsupported for other inputs or more than 4,096
/// values.
base::Result<std::vector<int>> onnx_input_shape(base::ByteView bytes);

}  // namespace frugal::inference
