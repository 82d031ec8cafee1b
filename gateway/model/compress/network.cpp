// SPDX-License-Identifier: Apache-2.0
#include "model/compress/network.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

constexpr std::size_t kChunk = 1000;  // inputs at once when only the result counts

/// Nearly normal: the sum of twelve uniform numbers, less six.
double normal(base::Rng& rng) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) {
        sum += rng.uniform();
    }
    return sum;
}

}  // namespace

Network random_network(const std::vector<std::size_t>& sizes, std::uint64_t seed) {
    FRUGAL_ASSERT(sizes.size() >= 2);
    base::Rng rng(seed);
    Network network;
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
        DenseLayer layer{Matrix(sizes[i + 1], sizes[i]), std::vector<float>(sizes[i + 1])};
        const double spread = std::sqrt(2.0 / static_cast<double>(sizes[i]));
        for (float& weight : layer.weights.values) {
            weight = static_cast<float>(spread * normal(rng));
        }
        network.layers.push_back(std::move(layer));
    }
    return network;
}

std::size_t Network::weight_count() const {
    std::size_t count = 0;
    for (const DenseLayer& layer : layers) {
        count += layer.weights.values.size();
    }
    return count;
}

std::size_t Network::bias_count() const {
    std::size_t count = 0;
    for (const DenseLayer& layer : layers) {
        count += layer.bias.size();
    }
    return count;
}

std::size_t Network::nonzero_count() const {
    std::size_t count = 0;
    for (const DenseLayer& layer : layers) {
        const auto& values = layer.weights.values;
        count += values.size() -
                 static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0F));
    }
    return count;
}

Dataset Dataset::part(std::size_t first, std::size_t count) const {
    FRUGAL_ASSERT(first + count <= inputs.rows);
    Dataset part;
    part.inputs = Matrix(count, inputs.columns);
    std::copy_n(inputs.values.begin() + static_cast<std::ptrdiff_t>(first * inputs.columns),
                count * inputs.columns, part.inputs.values.begin());
    if (!labels.empty()) {
        part.labels.assign(labels.begin() + static_cast<std::ptrdiff_t>(first),
                           labels.begin() + static_cast<std::ptrdiff_t>(first + count));
    }
    return part;
}

Matrix layer_output(const Network& network, std::size_t index, const Matrix& inputs) {
    const DenseLayer& layer = network.layers[index];
    Matrix output(inputs.rows, layer.weights.rows);
    Eigen::Map<RowMatrix> result(output.values.data(), static_cast<Eigen::Index>(output.rows),
                                 static_cast<Eigen::Index>(output.columns));
    result.noalias() = view(inputs) * view(layer.weights).transpose();
    result.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(
        layer.bias.data(), static_cast<Eigen::Index>(layer.bias.size()));
    if (index + 1 < network.layers.size()) {
        result = result.cwiseMax(0.0F);
    }
    return output;
}

Matrix logits_of(const Network& network, const Matrix& inputs) {
    Matrix values = layer_output(network, 0, inputs);
    for (std::size_t layer = 1; layer < network.layers.size(); ++layer) {
        values = layer_output(network, layer, values);
    }
    return values;
}

double error_rate(const Network& network, const Dataset& data) {
    std::size_t wrong = 0;
    for (std::size_t first = 0; first < data.inputs.rows; first += kChunk) {
        const std::size_t count = std::min(kChunk, data.inputs.rows - first);
        const Dataset part = data.part(first, count);
        const Matrix logits = logits_of(network, part.inputs);
        for (std::size_t row = 0; row < count; ++row) {
            const auto values = logits.row(row);
            const auto best = std::max_element(values.begin(), values.end()) - values.begin();
            wrong += best == part.labels[row] ? 0 : 1;
        }
    }
    return static_cast<double>(wrong) / static_cast<double>(data.inputs.rows);
}

}  // namespace frugal::model
