// SPDX-License-Identifier: Apache-2.0
// A small dense network in floats: what the trainer trains and what float32 models of dense layers
// are turned into for retraining. ReLU between the layers, the last gives logits. Plain values and
// pure functions, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "model/compress/matrix.hpp"

namespace frugal::model {

struct DenseLayer {
    Matrix weights;  ///< a row for each output
    std::vector<float> bias;
};

struct Network {
    std::vector<DenseLayer> layers;

    std::size_t weight_count() const;
    std::size_t bias_count() const;
    std::size_t nonzero_count() const;
};

/// Inputs, one a row, and the class of each; labels may be empty where none are needed.
struct Dataset {
    Matrix inputs;
    std::vector<std::uint8_t> labels;

    /// Rows `first` to `first` + `count` - 1.
    Dataset part(std::size_t first, std::size_t count) const;
};

/// A network with random weights (He et al. 2015), biases 0. @param sizes units of each layer
/// boundary, e.g. {784, 300, 100, 10}
Network random_network(const std::vector<std::size_t>& sizes, std::uint64_t seed);

/// Output of one layer, ReLU applied unless it is the last.
Matrix layer_output(const Network& network, std::size_t layer, const Matrix& inputs);

/// Logits, one row for each input.
Matrix logits_of(const Network& network, const Matrix& inputs);

/// Share of inputs whose largest logit is not their label, 0 to 1.
double error_rate(const Network& network, const Dataset& data);

}  // namespace frugal::model
