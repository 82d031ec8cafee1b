// SPDX-License-Identifier: Apache-2.0
#include "model/compress/chain.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "model/compress/chain_runner.hpp"

namespace frugal::model {

namespace {

constexpr std::size_t kChunk = 250;  // inputs at once when only the result counts

}  // namespace

std::size_t Chain::weight_count() const {
    std::size_t count = 0;
    for (const ChainStep& step : steps) {
        count += step.weights.values.size();
    }
    return count;
}

std::size_t Chain::nonzero_count() const {
    std::size_t count = 0;
    for (const ChainStep& step : steps) {
        const auto& values = step.weights.values;
        count += values.size() -
                 static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0F));
    }
    return count;
}

Chain chain_of(const Network& network) {
    Chain chain;
    for (const DenseLayer& layer : network.layers) {
        ChainStep step;
        step.input.channels = layer.weights.columns;
        step.output.channels = layer.weights.rows;
        step.activation = Activation::kRelu;
        step.weights = layer.weights;
        step.bias = layer.bias;
        chain.steps.push_back(std::move(step));
    }
    chain.steps.back().activation = Activation::kNone;
    return chain;
}

Network network_of(const Chain& chain) {
    Network network;
    for (const ChainStep& step : chain.steps) {
        FRUGAL_ASSERT(step.kind == StepKind::kDense);
        network.layers.push_back({step.weights, step.bias});
    }
    return network;
}

Matrix logits_of(const Chain& chain, const Matrix& inputs) {
    ChainRunner runner(chain);
    Matrix logits(inputs.rows, chain.steps.back().output.size());
    for (std::size_t first = 0; first < inputs.rows; first += kChunk) {
        const std::size_t count = std::min(kChunk, inputs.rows - first);
        Matrix part(count, inputs.columns);
        std::copy_n(inputs.row(first).begin(), part.values.size(), part.values.begin());
        const Matrix& some = runner.run(part);
        std::copy(some.values.begin(), some.values.end(), logits.row(first).begin());
    }
    return logits;
}

double error_rate(const Chain& chain, const Dataset& data) {
    const Matrix logits = logits_of(chain, data.inputs);
    std::size_t wrong = 0;
    for (std::size_t row = 0; row < logits.rows; ++row) {
        const auto values = logits.row(row);
        const auto best = std::max_element(values.begin(), values.end()) - values.begin();
        wrong += best == data.labels[row] ? 0 : 1;
    }
    return static_cast<double>(wrong) / static_cast<double>(data.inputs.rows);
}

}  // namespace frugal::model
