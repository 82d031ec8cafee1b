// SPDX-License-Identifier: Apache-2.0
// What the answer of a dense network hangs on, told from unlabelled inputs: how much each output of
// each layer moves it, and which inputs the network is unsure of. The outputs' figure is the
// diagonal of the Fisher information of its own predictions ("New insights and perspectives on the
// natural gradient method", Martens 2020, section 9: labels drawn from the network, none needed).
// Pure functions, any thread.
#pragma once

#include <vector>

#include "model/compress/network.hpp"

namespace frugal::model {

struct Sensitivity {
    /// By layer, for each of its outputs before ReLU: the mean over the inputs of the variance,
    /// under the predicted classes, of what the logits change with it. In proportion: the mean of a
    /// layer is 1. An output that never shows has 0.
    std::vector<std::vector<double>> outputs;
    /// For each input the chance that two draws from its prediction differ (Gini impurity), 0 to 1.
    std::vector<double> inputs;
};

/// The outputs' figures take at most `inputs_max` of the inputs, evenly among them.
Sensitivity sensitivity_of(const Network& network, const Matrix& inputs,
                           std::size_t inputs_max = 10000);

/// Weights of mean 1 in proportion to max(value, least)^power: all 1 with power 0. `least` is above
/// 0.
std::vector<double> tempered(const std::vector<double>& values, double power, double least);

}  // namespace frugal::model
