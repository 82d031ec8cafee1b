// SPDX-License-Identifier: Apache-2.0
// Rewrites a .tflite file without what no interpreter reads: names, minima and maxima, description,
// metadata, signature definitions, unused buffers. Operators, tensors, their order and all
// constants stay as they are; equal vectors and constants are stored once. Pure function.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

/// The file without its dead weight; the given one if that is no smaller.
/// @return kInvalidInput for bytes that are no well-formed .tflite; kUnsupported for a part of the
///         format this cannot rewrite (the message names it); kInternal when the result does not
///         read back, which is a bug.
base::Result<base::Bytes> strip_model(base::ByteView file);

}  // namespace frugal::model
