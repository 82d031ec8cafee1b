// SPDX-License-Identifier: Apache-2.0
#include "model/compress/sensitivity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "unit/model_compress/random_matrix.hpp"

namespace {

namespace model = frugal::model;
using frugal::test::random_matrix;
using model::Matrix;
using model::Network;

std::vector<double> softmax(std::span<const float> logits) {
    std::vector<double> chances;
    for (const float logit : logits) {
        chances.push_back(std::exp(static_cast<double>(logit)));
    }
    const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
    for (double& chance : chances) {
        chance /= sum;
    }
    return chances;
}

/// How far the predictions move, summed over the inputs, when an output is shifted a little.
double divergence(const Network& network, const Matrix& inputs, std::size_t layer,
                  std::size_t output) {
    Network shifted = network;
    shifted.layers[layer].bias[output] += 0.01F;
    const Matrix before = model::logits_of(network, inputs);
    const Matrix after = model::logits_of(shifted, inputs);
    double sum = 0;
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        const auto p = softmax(before.row(row));
        const auto q = softmax(after.row(row));
        for (std::size_t i = 0; i < p.size(); ++i) {
            sum += p[i] * std::log(p[i] / q[i]);
        }
    }
    return sum;
}

TEST(Sensitivity, OutputsCountAsMuchAsThePredictionsMoveWithThem) {
    std::mt19937 random(3);
    const Network network = model::random_network({6, 5, 4, 3}, 7);
    const Matrix inputs = random_matrix(400, 6, random);
    const auto sensitivity = model::sensitivity_of(network, inputs);
    ASSERT_EQ(sensitivity.outputs.size(), 3U);
    for (std::size_t layer = 0; layer < 3; ++layer) {
        const auto& outputs = sensitivity.outputs[layer];
        std::vector<double> moved;
        for (std::size_t output = 0; output < outputs.size(); ++output) {
            moved.push_back(divergence(network, inputs, layer, output));
        }
        const double mean =
            std::accumulate(moved.begin(), moved.end(), 0.0) / static_cast<double>(moved.size());
        for (std::size_t output = 0; output < outputs.size(); ++output) {
            EXPECT_NEAR(outputs[output], moved[output] / mean, 0.05) << layer << ' ' << output;
        }
    }
}

TEST(Sensitivity, AnOutputThatNeverShowsCountsNothing) {
    std::mt19937 random(4);
    Network network = model::random_network({6, 5, 3}, 8);
    network.layers[0].bias[2] = -1000;
    const auto outputs = model::sensitivity_of(network, random_matrix(50, 6, random)).outputs;
    EXPECT_EQ(outputs[0][2], 0);
    EXPECT_GT(outputs[0][0], 0);
}

TEST(Sensitivity, InputsCountByHowUnsureTheNetworkIs) {
    Network network;
    network.layers.push_back({Matrix(2, 1), {0, 0}});
    network.layers[0].weights.values = {1, -1};
    Matrix inputs(2, 1);
    inputs.values = {0, 10};
    const auto unsure = model::sensitivity_of(network, inputs).inputs;
    EXPECT_DOUBLE_EQ(unsure[0], 0.5);
    EXPECT_LT(unsure[1], 1e-6);
}

TEST(Sensitivity, TemperedWeightsHaveMeanOneAndAFloor) {
    const std::vector<double> values{0, 0.25, 1, 4};
    EXPECT_EQ(model::tempered(values, 0, 0.25), (std::vector<double>{1, 1, 1, 1}));
    const auto weights = model::tempered(values, 0.5, 0.25);
    EXPECT_DOUBLE_EQ(weights[0], weights[1]) << "the floor";
    EXPECT_DOUBLE_EQ(weights[3] / weights[2], 2);
    EXPECT_DOUBLE_EQ(std::accumulate(weights.begin(), weights.end(), 0.0), 4);
}

}  // namespace
