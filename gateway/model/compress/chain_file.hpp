// SPDX-License-Identifier: Apache-2.0
// A float32 .tflite as a chain the trainer can train, and the trained weights back into the file in
// place. Pure functions, any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/chain.hpp"

namespace frugal::model {

/// Convolution, depthwise convolution, dense, average and max pooling, mean over an image, with
/// none, ReLU or ReLU6; reshaping between them and a last softmax are passed over.
/// Fails with kInvalidInput for bytes that are no well-formed .tflite, kUnsupported, naming the
/// operator, for a model that is no such chain.
base::Result<Chain> chain_of_file(base::ByteView file);

/// Writes the weights and biases of a chain that came from this very file.
void write_chain(base::Bytes& file, const Chain& chain);

}  // namespace frugal::model
