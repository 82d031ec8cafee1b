// SPDX-License-Identifier: Apache-2.0
// A layer written as a matrix product over its laid-out inputs gives what the runtime computes.
#include "model/compress/layer_inputs.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/compress/layer_values.hpp"
#include "model/compress/replay.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;

/// Largest distance of the layer's matrix product from the runtime's output, in output steps.
double worst_distance(const model::Layer& layer, model::Replay& replay, float output_scale) {
    EXPECT_TRUE(replay.advance(layer.operator_index + 1).has_value());
    const auto values = model::read_values(replay.file(), layer);
    std::vector<float> input;
    std::vector<float> output;
    EXPECT_TRUE(replay.read(0, layer.input, input).has_value());
    EXPECT_TRUE(replay.read(0, layer.output, output).has_value());
    const std::size_t groups = model::group_count(layer);
    double worst = 0;
    for (std::size_t row = 0; row < layer.rows; ++row) {
        const auto rows = model::lay_out(layer, input, row / (layer.rows / groups), 1);
        for (std::size_t position = 0; position < rows.rows; ++position) {
            double sum = values.bias.empty() ? 0 : static_cast<double>(values.bias[row]);
            for (std::size_t column = 0; column < rows.columns; ++column) {
                sum += static_cast<double>(rows.at(position, column)) *
                       static_cast<double>(values.weights.at(row, column));
            }
            const bool is_relu = layer.kind != model::LayerKind::kDense;
            const double least = is_relu ? 0 : -131.0 * static_cast<double>(output_scale);
            const double most = (is_relu ? 255.0 : 124.0) * static_cast<double>(output_scale);
            const double expected = std::fmin(most, std::fmax(least, sum));
            const double given = static_cast<double>(output[position * layer.rows + row]);
            worst = std::fmax(worst, std::abs(expected - given));
        }
    }
    return worst / static_cast<double>(output_scale);
}

TEST(LayerInputs, MatrixProductIsTheLayer) {
    const auto file = frugal::test::ModelWriter(frugal::test::small_network()).write();
    const auto layers = model::read_layers(file);
    ASSERT_TRUE(layers.has_value());
    ASSERT_EQ(layers->size(), 3U);
    auto replay = model::Replay::open(file, frugal::test::random_inputs(1, 96));
    ASSERT_TRUE(replay.has_value()) << replay.error().describe();
    const float scales[] = {0.1F, 0.1F, 0.5F};
    for (std::size_t i = 0; i < layers->size(); ++i) {
        EXPECT_EQ((*layers)[i].obstacle, "");
        EXPECT_LT(worst_distance((*layers)[i], *replay, scales[i]), 0.51)
            << model::to_string((*layers)[i].kind);
    }
}

TEST(LayerInputs, EveryNthPositionOnly) {
    const auto file = frugal::test::ModelWriter(frugal::test::small_network()).write();
    const auto layers = model::read_layers(file);
    ASSERT_TRUE(layers.has_value());
    const model::Layer& layer = layers->front();
    std::vector<float> activation(96);
    for (std::size_t i = 0; i < activation.size(); ++i) {
        activation[i] = static_cast<float>(i);
    }
    const auto all = model::lay_out(layer, activation, 0, 1);
    const auto some = model::lay_out(layer, activation, 0, 5);
    ASSERT_EQ(all.rows, 48U);
    ASSERT_EQ(some.rows, 10U);
    for (std::size_t row = 0; row < some.rows; ++row) {
        EXPECT_TRUE(
            std::equal(some.row(row).begin(), some.row(row).end(), all.row(5 * row).begin()));
    }
}

}  // namespace
