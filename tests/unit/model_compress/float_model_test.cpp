// SPDX-License-Identifier: Apache-2.0
// Recipes on float32 models: quantizing, pruning and retraining before it.
#include <gtest/gtest.h>

#include <cstring>

#include "inference/float/operators.hpp"
#include "model/compress/grid_network.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/samples_file.hpp"
#include "unit/model_compress/float_network.hpp"
#include "unit/model_compress/small_network.hpp"
#include "unit/model_compress/thirds.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::base::ErrorKind;
using frugal::test::convolutional_file;
using frugal::test::random_floats;
using frugal::test::raw_inputs;
using frugal::test::thirds;

model::Samples samples_of(const model::Dataset& data) {
    return {raw_inputs(data.inputs), {data.labels.begin(), data.labels.end()}};
}

model::CompressInput dense_input() {
    model::TrainOptions options;
    options.epochs = 12;
    options.batch = 32;
    options.learning_rate = 5e-3;
    options.dropout = 0;
    model::CompressInput input;
    input.file = model::to_float_file(
        model::train(model::random_network({12, 16, 3}, 1), thirds(640, 1), options, {}));
    input.calibration = samples_of(thirds(320, 1));
    input.evaluation = samples_of(thirds(300, 2));
    input.operators = &frugal::inference::gateway_operators();
    return input;
}

model::CompressInput convolutional_input() {
    std::mt19937 random(2);
    model::CompressInput input;
    input.file = convolutional_file();
    model::Matrix values(40, 72);
    values.values = random_floats(values.values.size(), random);
    input.calibration.inputs = raw_inputs(values);
    input.operators = &frugal::inference::gateway_operators();
    return input;
}

model::Recipe recipe_of(std::vector<model::StageOptions> stages) {
    model::Recipe recipe;
    recipe.stages = std::move(stages);
    return recipe;
}

TEST(Quantize, MakesAnInt8ModelThatDecidesAlike) {
    const auto input = dense_input();
    const auto done = model::compress(input, recipe_of({model::QuantizeOptions{}}), {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    const auto format = model::input_format(done->file);
    ASSERT_TRUE(format.has_value()) << "the device runs it: " << format.error().describe();
    EXPECT_EQ(format->size_bytes, 12U);
    EXPECT_GE(done->evaluation.agreement, 0.98);
    EXPECT_GT(done->evaluation.output_snr_db, 30);
    EXPECT_LT(done->file.size(), input.file.size());
}

TEST(Quantize, ConvolutionsToo) {
    const auto done =
        model::compress(convolutional_input(), recipe_of({model::QuantizeOptions{}}), {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_GT(done->evaluation.output_snr_db, 28);
}

TEST(Quantize, LaterStagesAreHeldAgainstTheFloatModel) {
    const auto done = model::compress(
        convolutional_input(),
        recipe_of({model::PruneOptions{.density = 0.7}, model::QuantizeOptions{},
                   model::RegridOptions{.step = 4, .depthwise_step = 2}, model::StripOptions{}}),
        {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    ASSERT_EQ(done->stages.size(), 4U);
    EXPECT_NEAR(done->stages[0].layers.at(2).density, 0.7, 0.02);
    EXPECT_LE(done->stages[2].layers.at(2).density, 0.72) << "zeros stay zeros";
    EXPECT_GT(done->evaluation.output_snr_db, 8);
}

TEST(Quantize, AnInt8ModelIsRefused) {
    auto input = convolutional_input();
    input.file = frugal::test::ModelWriter(frugal::test::small_network()).write();
    input.calibration.inputs = frugal::test::random_inputs(4, 96);
    const auto done = model::compress(input, recipe_of({model::QuantizeOptions{}}), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kUnsupported);
}

TEST(Retrain, PrunesAndKeepsTheAccuracy) {
    auto input = dense_input();
    int epochs = 0;
    const auto done = model::compress(
        input,
        recipe_of(
            {model::RetrainOptions{
                 .epochs = 30, .batch = 32, .learning_rate = 5e-3, .dropout = 0, .density = 0.4},
             model::QuantizeOptions{}, model::RegridOptions{.step = 4, .lambda = 0}}),
        [&](const model::CompressProgress& progress) { epochs += progress.training != nullptr; });
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_EQ(epochs, 30);
    EXPECT_LE(done->stages[2].layers.at(0).density, 0.5);
    EXPECT_GE(*done->evaluation.accuracy_after, *done->evaluation.accuracy_before - 0.04);
}

TEST(Retrain, NeedsLabels) {
    auto input = dense_input();
    input.calibration.labels.clear();
    const auto done = model::compress(input, recipe_of({model::RetrainOptions{}}), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
}

TEST(Retrain, ShiftsOnlyImages) {
    auto input = dense_input();
    const auto done = model::compress(input, recipe_of({model::RetrainOptions{.shift = 1}}), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
    const auto wide = recipe_of({model::RetrainOptions{.shift = 1, .image_width = 4}});
    EXPECT_TRUE(model::compress(input, wide, {}).has_value());
}

}  // namespace
