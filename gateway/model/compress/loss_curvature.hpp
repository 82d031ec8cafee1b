// SPDX-License-Identifier: Apache-2.0
// The diagonal of the loss's Gauss-Newton Hessian, passed back through a dense network as in
// "Optimal Brain Damage" (LeCun, Denker, Solla 1989). At temperature 1 and no training error it all
// but vanishes, and what is left is noise; a softened loss keeps it alive. Pure, any thread.
#pragma once

#include <vector>

#include "model/compress/network.hpp"

namespace frugal::model {

/// For each layer a matrix like its weights: E d2(cross-entropy of logits / temperature) / dw2.
std::vector<Matrix> diagonal_curvatures(const Network& network, const Matrix& inputs,
                                        double temperature);

}  // namespace frugal::model
