// SPDX-License-Identifier: Apache-2.0
// Convolutional chains: read from files, trained, pruned while they train, written back.
#include "model/compress/chain_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "inference/float/operators.hpp"
#include "model/compress/dequantize.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/replay.hpp"
#include "model/compress/trainer.hpp"
#include "unit/model_compress/float_network.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::base::ErrorKind;
using model::Chain;
using model::ChainStep;
using model::Dataset;
using model::Matrix;

Matrix random_images(std::size_t count, std::size_t size) {
    std::mt19937 random(4);
    Matrix images(count, size);
    images.values = frugal::test::random_floats(count * size, random);
    return images;
}

/// What the gateway's float32 kernels make of the inputs.
Matrix outputs_of(const Bytes& file, const Matrix& inputs, std::size_t classes) {
    auto replay = model::Replay::open(file, frugal::test::raw_inputs(inputs),
                                      &frugal::inference::gateway_operators());
    EXPECT_TRUE(replay.has_value()) << replay.error().describe();
    EXPECT_TRUE(replay->advance(replay->operator_count()).has_value());
    Matrix outputs(inputs.rows, classes);
    std::vector<float> values;
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        EXPECT_TRUE(replay->read_output(row, 0, values).has_value());
        std::copy(values.begin(), values.end(), outputs.row(row).begin());
    }
    return outputs;
}

TEST(ChainFile, ComputesWhatTheRuntimeComputes) {
    const Bytes file = frugal::test::convolutional_file();
    const auto chain = model::chain_of_file(file);
    ASSERT_TRUE(chain.has_value()) << chain.error().describe();
    const Matrix inputs = random_images(5, 72);
    const Matrix expected = outputs_of(file, inputs, 5);
    const Matrix logits = model::logits_of(*chain, inputs);
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
        EXPECT_NEAR(logits.values[i], expected.values[i], 1e-4) << i;
    }
}

TEST(ChainFile, PoolingMeanAndSoftmaxToo) {
    const Bytes file = frugal::test::pooling_file();
    const auto chain = model::chain_of_file(file);
    ASSERT_TRUE(chain.has_value()) << chain.error().describe();
    EXPECT_EQ(chain->steps.size(), 6U);
    const Matrix inputs = random_images(5, 72);
    const Matrix expected = outputs_of(file, inputs, 3);
    const Matrix logits = model::logits_of(*chain, inputs);
    for (std::size_t row = 0; row < 5; ++row) {
        double sum = 0;
        for (const float logit : logits.row(row)) {
            sum += std::exp(static_cast<double>(logit));
        }
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_NEAR(std::exp(static_cast<double>(logits.at(row, i))) / sum, expected.at(row, i),
                        1e-4);
        }
    }
}

TEST(ChainFile, WritesBackInPlace) {
    const Bytes file = frugal::test::convolutional_file();
    auto chain = model::chain_of_file(file);
    ASSERT_TRUE(chain.has_value());
    Bytes written = file;
    model::write_chain(written, *chain);
    EXPECT_EQ(written, file);
    chain->steps[1].weights.at(2, 3) = 17;
    chain->steps[2].bias[4] = -3;
    model::write_chain(written, *chain);
    EXPECT_EQ(written.size(), file.size());
    const auto read = model::chain_of_file(written);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->steps[1].weights.at(2, 3), 17);
    EXPECT_EQ(read->steps[2].bias[4], -3);
}

TEST(ChainFile, RefusesInt8) {
    const auto chain =
        model::chain_of_file(frugal::test::ModelWriter(frugal::test::small_network()).write());
    ASSERT_FALSE(chain.has_value());
    EXPECT_EQ(chain.error().kind, ErrorKind::kUnsupported);
}

// Training ---------------------------------------------------------------------------------------

/// Noisy 6 x 6 images of two channels; the class is the third of the rows in which a bright spot
/// is.
Dataset spots(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise(0, 0.3F);
    Dataset data;
    data.inputs = Matrix(count, 72);
    for (std::size_t row = 0; row < count; ++row) {
        for (float& value : data.inputs.row(row)) {
            value = noise(random);
        }
        const std::size_t y = random() % 6;
        const std::size_t x = random() % 6;
        data.inputs.at(row, (y * 6 + x) * 2) += 3;
        data.labels.push_back(static_cast<std::uint8_t>(y / 2));
    }
    return data;
}

model::TrainOptions options_for_spots() {
    model::TrainOptions options;
    options.epochs = 20;
    options.batch = 32;
    options.learning_rate = 5e-3;
    options.dropout = 0;
    return options;
}

Chain trained_on_spots() {
    const auto start = model::chain_of_file(frugal::test::convolutional_file());
    return model::train(*start, spots(640, 1), options_for_spots(), {});
}

TEST(ChainTraining, LearnsToSeeAndPrunesWhileItTrains) {
    const Chain dense = trained_on_spots();
    const Dataset unseen = spots(400, 2);
    EXPECT_LT(model::error_rate(dense, unseen), 0.08);
    auto options = options_for_spots();
    options.density = 0.4;
    options.teacher = &dense;
    const Chain pruned = model::train(dense, spots(640, 1), options, {});
    EXPECT_NEAR(static_cast<double>(pruned.nonzero_count()),
                0.4 * static_cast<double>(pruned.weight_count()), 2);
    EXPECT_LT(model::error_rate(pruned, unseen), 0.1);
}

TEST(ChainTraining, ZerosStayZero) {
    auto start = model::chain_of_file(frugal::test::convolutional_file());
    start->steps[0].weights.at(1, 7) = 0;
    start->steps[1].weights.at(2, 4) = 0;
    auto options = options_for_spots();
    options.epochs = 2;
    const Chain after = model::train(*start, spots(64, 1), options, {});
    EXPECT_EQ(after.steps[0].weights.at(1, 7), 0);
    EXPECT_EQ(after.steps[1].weights.at(2, 4), 0);
    EXPECT_NE(after.steps[1].weights.at(2, 5), start->steps[1].weights.at(2, 5));
}

TEST(Augment, ShiftsWholeImagesAndRepeatsTheEdge) {
    Matrix images(1, 12);
    for (std::size_t i = 0; i < 12; ++i) {
        images.values[i] = static_cast<float>(i);
    }
    const std::vector<std::uint32_t> rows(60, 0);
    frugal::base::Rng rng(3);
    const Matrix batch = model::batch_of(images, rows, {{3, 4, 1}, 1}, rng);
    std::vector<std::size_t> seen(9, 0);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const int moved = static_cast<int>(batch.at(row, 5));  // was the centre's neighbour
        const int down = 1 - moved / 4;
        const int right = 1 - moved % 4;
        ASSERT_LE(std::abs(down), 1);
        ASSERT_LE(std::abs(right), 1);
        ++seen[static_cast<std::size_t>((down + 1) * 3 + right + 1)];
        for (int y = 0; y < 3; ++y) {
            for (int x = 0; x < 4; ++x) {
                const int from = std::clamp(y - down, 0, 2) * 4 + std::clamp(x - right, 0, 3);
                EXPECT_EQ(batch.at(row, static_cast<std::size_t>(y * 4 + x)), from);
            }
        }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0U), 0) << "every move occurs";
}

// The stages -------------------------------------------------------------------------------------

model::CompressInput spots_input(const Bytes& file) {
    const auto samples = [](const Dataset& data) {
        return model::Samples{frugal::test::raw_inputs(data.inputs),
                              {data.labels.begin(), data.labels.end()}};
    };
    model::CompressInput input;
    input.file = file;
    input.calibration = samples(spots(640, 1));
    input.evaluation = samples(spots(400, 2));
    input.operators = &frugal::inference::gateway_operators();
    return input;
}

Bytes spots_file() {
    Bytes file = frugal::test::convolutional_file();
    model::write_chain(file, trained_on_spots());
    return file;
}

TEST(RetrainStage, AConvolutionalModelKeepsWhatPruningAloneLoses) {
    const auto input = spots_input(spots_file());
    const auto accuracy = [&](std::vector<model::StageOptions> stages) {
        model::Recipe recipe;
        recipe.stages = std::move(stages);
        const auto done = model::compress(input, recipe, {});
        EXPECT_TRUE(done.has_value()) << done.error().describe();
        EXPECT_EQ(done->file.size(), input.file.size());
        return *done->evaluation.accuracy_after;
    };
    const double pruned = accuracy(
        {model::PruneOptions{.method = "magnitude", .density = 0.25, .depthwise_density = 0.25}});
    const double retrained = accuracy({model::RetrainOptions{
        .epochs = 20, .batch = 32, .learning_rate = 5e-3, .dropout = 0, .density = 0.25}});
    EXPECT_GT(retrained, 0.85);
    EXPECT_GT(retrained, pruned + 0.05);
}

/// The spots model as int8, with inputs as it takes them.
model::CompressInput int8_spots_input() {
    auto input = spots_input(spots_file());
    model::Recipe recipe;
    recipe.stages = {model::QuantizeOptions{.range_margin = 0.1}};
    const auto quantized = model::compress(input, recipe, {});
    EXPECT_TRUE(quantized.has_value()) << quantized.error().describe();
    input.file = quantized->file;
    const auto format = model::input_format(input.file);
    input.calibration.inputs = model::quantize_inputs(input.calibration.inputs, *format);
    input.evaluation.inputs = model::quantize_inputs(input.evaluation.inputs, *format);
    return input;
}

TEST(DequantizeStage, DecidesAsTheInt8ModelDoes) {
    const auto input = int8_spots_input();
    model::Recipe recipe;
    recipe.stages = {model::DequantizeOptions{}};
    const auto floats = model::compress(input, recipe, {});
    ASSERT_TRUE(floats.has_value()) << floats.error().describe();
    EXPECT_GE(floats->evaluation.agreement, 0.98);
    recipe.stages.emplace_back(model::QuantizeOptions{});
    const auto back = model::compress(input, recipe, {});
    ASSERT_TRUE(back.has_value()) << back.error().describe();
    EXPECT_GE(back->evaluation.agreement, 0.97);
    const auto before = model::input_format(input.file);
    const auto after = model::input_format(back->file);
    ASSERT_TRUE(after.has_value()) << "the device runs it";
    EXPECT_EQ(after->scale, before->scale) << "callers feed it as before";
    EXPECT_EQ(after->zero_point, before->zero_point);
}

TEST(DequantizeStage, RefusesFloat32) {
    const auto input = spots_input(frugal::test::convolutional_file());
    model::Recipe recipe;
    recipe.stages = {model::DequantizeOptions{}};
    const auto done = model::compress(input, recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kUnsupported);
}

TEST(DequantizeStage, AnInt8ModelCanBeRetrained) {
    model::Recipe recipe;
    recipe.stages = {
        model::DequantizeOptions{},
        model::RetrainOptions{
            .epochs = 20, .batch = 32, .learning_rate = 5e-3, .dropout = 0, .density = 0.5},
        model::QuantizeOptions{}, model::RegridOptions{.step = 2, .lambda = 0}};
    const auto done = model::compress(int8_spots_input(), recipe, {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_LE(done->stages[3].layers.at(2).density, 0.6);
    EXPECT_GE(*done->evaluation.accuracy_after, *done->evaluation.accuracy_before - 0.05);
}

}  // namespace
