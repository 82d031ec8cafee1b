// SPDX-License-Identifier: Apache-2.0
#include "model/compress/trainer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "model/compress/evaluate.hpp"
#include "model/compress/grid_network.hpp"
#include "model/compress/loss_curvature.hpp"
#include "model/compress/sparse_product.hpp"
#include "unit/model_compress/thirds.hpp"

namespace {

namespace model = frugal::model;
using frugal::test::thirds;
using model::Dataset;
using model::Matrix;
using model::Network;

model::TrainOptions short_options() {
    model::TrainOptions options;
    options.epochs = 12;
    options.batch = 32;
    options.learning_rate = 5e-3;
    options.dropout = 0;
    return options;
}

Network trained() {
    return model::train(model::random_network({12, 16, 3}, 1), thirds(640, 1), short_options(), {});
}

TEST(Trainer, LearnsAndReportsEveryEpoch) {
    std::vector<double> losses;
    const Network network = model::train(
        model::random_network({12, 16, 3}, 1), thirds(640, 1), short_options(),
        [&](const model::TrainProgress& progress) { losses.push_back(progress.loss); });
    EXPECT_EQ(losses.size(), 12U);
    EXPECT_LT(losses.back(), 0.5 * losses.front());
    EXPECT_LT(model::error_rate(network, thirds(300, 2)), 0.05);
}

TEST(Trainer, SameSeedSameNetwork) {
    auto options = short_options();
    options.dropout = 0.2;
    options.epochs = 2;
    const auto run = [&](std::uint64_t seed) {
        options.seed = seed;
        return model::train(model::random_network({12, 16, 3}, 1), thirds(320, 1), options, {})
            .layers[0]
            .weights.values;
    };
    EXPECT_EQ(run(5), run(5));
    EXPECT_NE(run(5), run(6));
}

TEST(Trainer, PrunesToTheDensityWhileItTrains) {
    auto options = short_options();
    options.epochs = 30;
    options.density = 0.3;
    const Network dense = trained();
    const model::Chain teacher = model::chain_of(dense);
    options.teacher = &teacher;
    const Network pruned = model::train(dense, thirds(640, 1), options, {});
    EXPECT_NEAR(static_cast<double>(pruned.nonzero_count()),
                0.3 * static_cast<double>(pruned.weight_count()), 3);
    EXPECT_LT(model::error_rate(pruned, thirds(300, 2)), 0.08);
}

TEST(Trainer, PrunesToTheDensityInAFewStepsToo) {
    for (const int epochs : {1, 2, 7}) {
        auto options = short_options();
        options.epochs = epochs;  // of five steps
        options.density = 0.3;
        const Network pruned = model::train(trained(), thirds(160, 1), options, {});
        EXPECT_NEAR(static_cast<double>(pruned.nonzero_count()),
                    0.3 * static_cast<double>(pruned.weight_count()), 3)
            << epochs;
    }
}

TEST(Trainer, ZerosStayZero) {
    Network start = model::random_network({12, 16, 3}, 1);
    start.layers[0].weights.at(3, 4) = 0;
    const Network result = model::train(start, thirds(320, 1), short_options(), {});
    EXPECT_EQ(result.layers[0].weights.at(3, 4), 0);
    EXPECT_NE(result.layers[0].weights.at(3, 5), start.layers[0].weights.at(3, 5));
}

TEST(Trainer, WeightsOnAGridStandOnIt) {
    auto options = short_options();
    const Network dense = trained();
    for (const auto& layer : dense.layers) {
        options.steps.push_back(model::best_step(layer.weights, 3));
    }
    options.level_max = 3;
    const Network result = model::train(dense, thirds(640, 1), options, {});
    for (std::size_t i = 0; i < result.layers.size(); ++i) {
        for (const float weight : result.layers[i].weights.values) {
            const float level = weight / options.steps[i];
            EXPECT_NEAR(level, std::nearbyint(level), 1e-4);
            EXPECT_LE(std::abs(level), 3.001F);
        }
    }
    EXPECT_LT(model::error_rate(result, thirds(300, 2)), 0.08);
}

TEST(SparseProduct, IsTheDenseOne) {
    const Dataset data = thirds(9, 3);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (const std::size_t width : {3U, 20U, 47U}) {
        Matrix weights(12, width);
        for (float& value : weights.values) {
            value = normal(random);
        }
        const model::SparseRows sparse(data.inputs);
        Matrix output(9, width);
        sparse.multiply(weights, output);
        Matrix gradient(12, width);
        sparse.multiply_transposed(output, gradient);
        for (std::size_t column = 0; column < width; ++column) {
            double expected = 0;
            double slope = 0;
            for (std::size_t k = 0; k < 12; ++k) {
                expected += static_cast<double>(data.inputs.at(8, k) * weights.at(k, column));
            }
            for (std::size_t row = 0; row < 9; ++row) {
                slope += static_cast<double>(data.inputs.at(row, 5) * output.at(row, column));
            }
            EXPECT_NEAR(output.at(8, column), expected, 1e-4);
            EXPECT_NEAR(gradient.at(5, column), slope, 1e-3);
        }
    }
}

TEST(LossCurvature, IsTheSecondDifferenceOfTheLoss) {
    // One layer, so the Gauss-Newton diagonal is the diagonal of the Hessian itself.
    const Network network = model::random_network({12, 3}, 2);
    const Dataset data = thirds(5, 4);
    const auto curvature = model::diagonal_curvatures(network, data.inputs, 2);
    const auto loss = [&](float change) {
        Network moved = network;
        moved.layers[0].weights.at(1, 2) += change;
        const Matrix logits = model::logits_of(moved, data.inputs);
        double sum = 0;
        for (std::size_t row = 0; row < 5; ++row) {
            double total = 0;
            for (const float logit : logits.row(row)) {
                total += std::exp(static_cast<double>(logit) / 2);
            }
            sum += std::log(total) - static_cast<double>(logits.at(row, data.labels[row])) / 2;
        }
        return sum / 5;
    };
    const double second = (loss(0.1F) - 2 * loss(0) + loss(-0.1F)) / 0.01;
    EXPECT_NEAR(curvature[0].at(1, 2), second, 0.02 * second + 1e-4);
}

std::vector<frugal::base::Bytes> int8_inputs(const Matrix& inputs) {
    std::vector<frugal::base::Bytes> list;
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        frugal::base::Bytes one;
        for (const float value : inputs.row(row)) {
            one.push_back(static_cast<std::uint8_t>(static_cast<int>(value * 255 + 0.5F) - 128));
        }
        list.push_back(std::move(one));
    }
    return list;
}

TEST(GridNetwork, OneShotGivesASmallFileThatRunsAsWell) {
    const Network network = trained();
    const Dataset data = thirds(300, 5);
    model::OneShotOptions options;
    options.steps = {0.5, 0.5};
    options.lambda = 1e-4;
    const auto grid = model::compress_one_shot(network, thirds(640, 1).inputs, options);
    EXPECT_LT(model::error_rate(model::dequantized(grid), data), 0.06);
    const auto file = model::to_int8_file(grid, data.inputs);
    const model::Samples samples{int8_inputs(data.inputs),
                                 {data.labels.begin(), data.labels.end()}};
    const auto evaluation = model::evaluate(file, file, samples);
    ASSERT_TRUE(evaluation.has_value()) << evaluation.error().describe();
    EXPECT_GT(*evaluation->accuracy_after, 0.94);
}

TEST(GridNetwork, BigLambdaLeavesFewWeights) {
    const Network network = trained();
    model::OneShotOptions options;
    options.steps = {0.5, 0.5};
    options.lambda = 1e-5;
    const auto many = model::compress_one_shot(network, thirds(640, 1).inputs, options);
    options.lambda = 1e-2;
    const auto few = model::compress_one_shot(network, thirds(640, 1).inputs, options);
    EXPECT_LT(model::dequantized(few).nonzero_count(), model::dequantized(many).nonzero_count());
}

}  // namespace
