// SPDX-License-Identifier: Apache-2.0
// A small network in floats, operator after operator: what the trainer trains, made from a .tflite
// or from a dense Network. Images are rows of height x width x channels, channels innermost. Plain
// values and pure functions, any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "model/compress/network.hpp"

namespace frugal::model {

enum class StepKind { kDense, kConvolution, kDepthwise, kAveragePool, kMaxPool };

enum class Activation { kNone, kRelu, kRelu6 };

/// The shape of what goes in or out; a vector is one pixel of many channels.
struct Frame {
    std::size_t height = 1;
    std::size_t width = 1;
    std::size_t channels = 1;

    std::size_t pixels() const { return height * width; }
    std::size_t size() const { return height * width * channels; }
};

/// How a kernel slides; all ones and zeros for a dense step.
struct ChainWindow {
    std::size_t height = 1;
    std::size_t width = 1;
    std::size_t stride_height = 1;
    std::size_t stride_width = 1;
    std::size_t dilation_height = 1;
    std::size_t dilation_width = 1;
    std::size_t top = 0;  ///< padding, in pixels
    std::size_t left = 0;
};

struct ChainStep {
    StepKind kind = StepKind::kDense;
    Frame input;
    Frame output;
    ChainWindow window;
    Activation activation = Activation::kNone;
    Matrix weights;  ///< a row for each output channel, a column for each input of a position
    std::vector<float> bias;

    bool has_weights() const { return !weights.values.empty(); }
};

/// The last step gives logits.
struct Chain {
    std::vector<ChainStep> steps;

    std::size_t weight_count() const;
    std::size_t nonzero_count() const;
};

Chain chain_of(const Network& network);

/// The other way, for a chain of dense steps.
Network network_of(const Chain& chain);

/// Logits, one row for each input.
Matrix logits_of(const Chain& chain, const Matrix& inputs);

/// Share of inputs whose largest logit is not their label, 0 to 1.
double error_rate(const Chain& chain, const Dataset& data);

}  // namespace frugal::model
