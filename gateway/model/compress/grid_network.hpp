// SPDX-License-Identifier: Apache-2.0
// A dense network whose weights stand on grids: made in one shot from unlabelled inputs, or taken
// from a network trained on its grid; written as an int8 .tflite. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "model/compress/network.hpp"

namespace frugal::model {

struct GridLayer {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<std::int8_t> levels;
    float step = 0;
    std::vector<float> bias;
};

struct GridNetwork {
    std::vector<GridLayer> layers;
};

struct OneShotOptions {
    std::vector<double> steps;  ///< of each layer, in standard deviations of its weights
    double lambda = 2e-5;       ///< see GridOptions::lambda
    double damping = 0.01;
    double correction = 0.1;  ///< damping of making up for earlier layers; 0: do not
    /// How much more outputs count that move the answer, and inputs the network is unsure of: the
    /// powers of their sensitivities (sensitivity.hpp). 0: all alike; 1: as a small change of the
    /// weights moves the predictions.
    double output_power = 0.5;
    double input_power = 0.3;
    int passes = 3;
    int sweeps = 3;
};

/// Prunes and quantizes at once, layer after layer, by entropy-constrained GPTQ with biases that
/// take up the mean of what is lost. No labels, no retraining.
GridNetwork compress_one_shot(const Network& network, const Matrix& inputs,
                              const OneShotOptions& options);

/// A network whose weights already are multiples of the steps.
GridNetwork on_grid(const Network& network, const std::vector<float>& steps);

Network dequantized(const GridNetwork& network);

/// An int8 .tflite: inputs 0 to 1 as int8 of step 1/255, hidden activations in the range the
/// inputs drive them to, logits out.
base::Bytes to_int8_file(const GridNetwork& network, const Matrix& inputs);

/// A float32 .tflite.
base::Bytes to_float_file(const Network& network);

}  // namespace frugal::model
