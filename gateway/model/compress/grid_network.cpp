// SPDX-License-Identifier: Apache-2.0
#include "model/compress/grid_network.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.hpp"
#include "model/compress/curvature.hpp"
#include "model/compress/grid.hpp"
#include "model/compress/numeric.hpp"
#include "model/compress/sensitivity.hpp"
#include "model/tflite/graph.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {

using base::Bytes;

constexpr std::uint8_t kFullyConnectedOptions = 8;
constexpr double kLeastOutput = 0.05;  // of the mean of its layer: how little an output can count
constexpr double kLeastInput = 0.01;   // surer than this is sure

double spread_of(const Matrix& weights) {
    double sum = 0;
    for (const float weight : weights.values) {
        sum += static_cast<double>(weight) * static_cast<double>(weight);
    }
    return std::sqrt(sum / static_cast<double>(weights.values.size()));
}

/// Every row times its weight.
Matrix weighted(Matrix rows, const std::vector<double>& weights) {
    for (std::size_t row = 0; row < rows.rows; ++row) {
        for (float& value : rows.row(row)) {
            value *= static_cast<float>(weights[row]);
        }
    }
    return rows;
}

/// What a layer is fitted to.
struct LayerInputs {
    Curvature weighted;  ///< by how much an input counts
    Curvature plain;
};

GridLayer fit_layer(const DenseLayer& layer, const LayerInputs& inputs,
                    const std::vector<double>& row_weights, double factor,
                    const OneShotOptions& options) {
    GridOptions grid;
    grid.step = factor * spread_of(layer.weights);
    grid.row_weights = row_weights;
    grid.lambda = options.lambda;
    grid.passes = options.passes;
    grid.sweeps = options.sweeps;
    const Matrix target =
        inputs.weighted.corrected(layer.weights, options.correction > 0 ? options.correction : 1e6);
    const Gridded gridded = fit_to_grid(target, inputs.weighted.hessian(options.damping), grid);
    GridLayer result{layer.weights.rows, layer.weights.columns, gridded.levels,
                     static_cast<float>(grid.step), layer.bias};
    const std::vector<double> before = inputs.plain.mean_original();
    const std::vector<double> now = inputs.plain.mean_compressed();
    for (std::size_t row = 0; row < result.rows; ++row) {
        const double shift = bias_shift(
            before, now,
            [&](std::size_t column) { return static_cast<double>(layer.weights.at(row, column)); },
            [&](std::size_t column) {
                return grid.step * result.levels[row * result.columns + column];
            });
        result.bias[row] += static_cast<float>(shift);
    }
    return result;
}

DenseLayer dequantized_layer(const GridLayer& layer) {
    DenseLayer result{Matrix(layer.rows, layer.columns), layer.bias};
    for (std::size_t i = 0; i < layer.levels.size(); ++i) {
        result.weights.values[i] = layer.step * static_cast<float>(layer.levels[i]);
    }
    return result;
}

template <typename T>
Bytes bytes_of(const std::vector<T>& values) {
    Bytes bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

std::int32_t length(std::size_t size) {
    return static_cast<std::int32_t>(size);
}

/// Scale and zero point that hold `least` to `most`, zero exactly.
Quantization activation_quantization(float least, float most) {
    least = std::min(least, 0.0F);
    most = std::max(most, least + 1e-6F);
    const float scale = (most - least) / 255;
    const auto zero = static_cast<std::int64_t>(std::nearbyint(-128 - least / scale));
    return {{scale}, {zero}, 0};
}

/// Adds a dense operator to a chain.
class ChainWriter {
public:
    ChainWriter(std::size_t inputs, std::int32_t type, Quantization quantization) {
        graph_.tensors.push_back({{1, length(inputs)}, type, {}, std::move(quantization)});
        graph_.inputs = {0};
    }

    const Quantization& last() const { return graph_.tensors[current()].quantization; }

    void add(GraphTensor weights, GraphTensor bias, GraphTensor output, bool is_relu) {
        const std::int32_t first = length(graph_.tensors.size());
        const std::int32_t input = static_cast<std::int32_t>(current());
        graph_.tensors.push_back(std::move(weights));
        graph_.tensors.push_back(std::move(bias));
        graph_.tensors.push_back(std::move(output));
        GraphOperator one;
        one.code = kFullyConnected;
        one.version = graph_.tensors[0].type == kInt8 ? 4 : 1;
        one.inputs = {input, first, first + 1};
        one.outputs = {first + 2};
        one.options_type = kFullyConnectedOptions;
        one.options = {{0, 1, is_relu ? kRelu : 0}};
        graph_.operators.push_back(std::move(one));
        current_ = first + 2;
    }

    Bytes write() {
        graph_.outputs = {current_};
        return write_graph(graph_);
    }

private:
    std::size_t current() const { return static_cast<std::size_t>(current_); }

    Graph graph_;
    std::int32_t current_ = 0;
};

}  // namespace

GridNetwork compress_one_shot(const Network& network, const Matrix& inputs,
                              const OneShotOptions& options) {
    FRUGAL_ASSERT(options.steps.size() == network.layers.size());
    GridNetwork result;
    Network compressed;
    const Sensitivity sensitivity = sensitivity_of(network, inputs);
    std::vector<double> roots = tempered(sensitivity.inputs, options.input_power, kLeastInput);
    for (double& weight : roots) {
        weight = std::sqrt(weight);  // the Hessian takes it twice
    }
    Matrix before = inputs;
    Matrix now = inputs;
    for (std::size_t index = 0; index < network.layers.size(); ++index) {
        LayerInputs seen{Curvature(before.columns), Curvature(before.columns)};
        seen.weighted.add(weighted(before, roots), weighted(now, roots));
        seen.plain.add(before, now);
        result.layers.push_back(
            fit_layer(network.layers[index], seen,
                      tempered(sensitivity.outputs[index], options.output_power, kLeastOutput),
                      options.steps[index], options));
        compressed.layers.push_back(dequantized_layer(result.layers.back()));
        before = layer_output(network, index, before);
        // The layer just made is not the last one of the whole network, so ReLU applies.
        Network so_far{{compressed.layers.back(), DenseLayer{}}};
        now = index + 1 < network.layers.size() ? layer_output(so_far, 0, now) : Matrix{};
    }
    return result;
}

GridNetwork on_grid(const Network& network, const std::vector<float>& steps) {
    FRUGAL_ASSERT(steps.size() == network.layers.size());
    GridNetwork result;
    for (std::size_t index = 0; index < steps.size(); ++index) {
        const DenseLayer& layer = network.layers[index];
        GridLayer grid{layer.weights.rows, layer.weights.columns, {}, steps[index], layer.bias};
        for (const float weight : layer.weights.values) {
            grid.levels.push_back(static_cast<std::int8_t>(
                std::clamp(std::nearbyint(weight / grid.step), -127.0F, 127.0F)));
        }
        result.layers.push_back(std::move(grid));
    }
    return result;
}

Network dequantized(const GridNetwork& network) {
    Network result;
    for (const GridLayer& layer : network.layers) {
        result.layers.push_back(dequantized_layer(layer));
    }
    return result;
}

Bytes to_int8_file(const GridNetwork& network, const Matrix& inputs) {
    const Network real = dequantized(network);
    ChainWriter chain(inputs.columns, kInt8, {{1.0F / 255}, {-128}, 0});
    Matrix values = inputs;
    for (std::size_t index = 0; index < network.layers.size(); ++index) {
        const GridLayer& layer = network.layers[index];
        values = layer_output(real, index, values);
        const auto [least, most] = std::minmax_element(values.values.begin(), values.values.end());
        const float bias_scale = chain.last().scales[0] * layer.step;
        std::vector<std::int32_t> bias;
        for (const float one : layer.bias) {
            bias.push_back(static_cast<std::int32_t>(std::nearbyint(one / bias_scale)));
        }
        const bool is_last = index + 1 == network.layers.size();
        chain.add({{length(layer.rows), length(layer.columns)},
                   kInt8,
                   bytes_of(layer.levels),
                   {{layer.step}, {0}, 0}},
                  {{length(layer.rows)}, kInt32, bytes_of(bias), {{bias_scale}, {0}, 0}},
                  {{1, length(layer.rows)}, kInt8, {}, activation_quantization(*least, *most)},
                  !is_last);
    }
    return chain.write();
}

Bytes to_float_file(const Network& network) {
    ChainWriter chain(network.layers.front().weights.columns, kFloat32, {});
    for (std::size_t index = 0; index < network.layers.size(); ++index) {
        const DenseLayer& layer = network.layers[index];
        const std::int32_t rows = length(layer.weights.rows);
        chain.add(
            {{rows, length(layer.weights.columns)}, kFloat32, bytes_of(layer.weights.values), {}},
            {{rows}, kFloat32, bytes_of(layer.bias), {}}, {{1, rows}, kFloat32, {}, {}},
            index + 1 < network.layers.size());
    }
    return chain.write();
}

}  // namespace frugal::model
