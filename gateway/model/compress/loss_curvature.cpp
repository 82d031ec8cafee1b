// SPDX-License-Identifier: Apache-2.0
#include "model/compress/loss_curvature.hpp"

#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

/// p (1 - p) / T^2 of the softmax of logits / T.
RowMatrix output_curvature(const Matrix& logits, double temperature) {
    const auto soft = static_cast<float>(temperature);
    const RowMatrix chances = softmax(logits, soft);
    return chances.array() * (1 - chances.array()) / (soft * soft);
}

}  // namespace

std::vector<Matrix> diagonal_curvatures(const Network& network, const Matrix& inputs,
                                        double temperature) {
    std::vector<Matrix> activations{inputs};
    for (std::size_t layer = 0; layer < network.layers.size(); ++layer) {
        activations.push_back(layer_output(network, layer, activations.back()));
    }
    std::vector<Matrix> result(network.layers.size());
    RowMatrix curvature = output_curvature(activations.back(), temperature);
    for (std::size_t layer = network.layers.size(); layer-- > 0;) {
        const Matrix& weights = network.layers[layer].weights;
        const auto input = view(activations[layer]);
        result[layer] = Matrix(weights.rows, weights.columns);
        view(result[layer]).noalias() = curvature.transpose() * input.cwiseAbs2();
        view(result[layer]) /= static_cast<float>(inputs.rows);
        if (layer > 0) {
            const RowMatrix passed = curvature * view(weights).cwiseAbs2();
            curvature = (input.array() > 0).select(passed, 0.0F);
        }
    }
    return result;
}

}  // namespace frugal::model
