// SPDX-License-Identifier: Apache-2.0
#include "model/compress/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.hpp"
#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

/// Left alone if all are 0.
void scale_to_mean_1(std::vector<double>& values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    for (double& value : values) {
        value *= sum > 0 ? static_cast<double>(values.size()) / sum : 1;
    }
}

void add_to(std::vector<double>& sums, const Eigen::RowVectorXf& values) {
    for (Eigen::Index i = 0; i < values.size(); ++i) {
        sums[static_cast<std::size_t>(i)] += std::max(0.0F, values(i));
    }
}

/// One input: the Jacobian of its logits is passed back, layer by layer.
void add_outputs(const Network& network, const std::vector<Matrix>& activations, Eigen::Index input,
                 const Eigen::RowVectorXf& chances, std::vector<std::vector<double>>& sums) {
    RowMatrix jacobian = RowMatrix::Identity(chances.size(), chances.size());
    for (std::size_t layer = network.layers.size(); layer-- > 0;) {
        const Eigen::RowVectorXf mean = chances * jacobian;
        add_to(sums[layer], chances * jacobian.cwiseAbs2() - mean.cwiseAbs2());
        if (layer > 0) {
            const Eigen::RowVectorXf shows =
                (view(activations[layer]).row(input).array() > 0).cast<float>();
            jacobian = (jacobian * view(network.layers[layer].weights)) * shows.asDiagonal();
        }
    }
}

}  // namespace

Sensitivity sensitivity_of(const Network& network, const Matrix& inputs, std::size_t inputs_max) {
    FRUGAL_ASSERT(inputs.rows > 0 && inputs_max > 0);
    std::vector<Matrix> activations{inputs};
    for (std::size_t layer = 0; layer < network.layers.size(); ++layer) {
        activations.push_back(layer_output(network, layer, activations.back()));
    }
    const RowMatrix chances = softmax(activations.back(), 1);
    Sensitivity result;
    for (const DenseLayer& layer : network.layers) {
        result.outputs.emplace_back(layer.weights.rows);
    }
    const std::size_t stride = (inputs.rows + inputs_max - 1) / inputs_max;
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        const auto at = static_cast<Eigen::Index>(row);
        result.inputs.push_back(1 - static_cast<double>(chances.row(at).squaredNorm()));
        if (row % stride == 0) {
            add_outputs(network, activations, at, chances.row(at), result.outputs);
        }
    }
    for (auto& layer : result.outputs) {
        scale_to_mean_1(layer);
    }
    return result;
}

std::vector<double> tempered(const std::vector<double>& values, double power, double least) {
    std::vector<double> weights;
    for (const double value : values) {
        weights.push_back(std::pow(std::max(value, least), power));
    }
    scale_to_mean_1(weights);
    return weights;
}

}  // namespace frugal::model
