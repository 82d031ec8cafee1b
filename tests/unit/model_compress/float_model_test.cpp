// SPDX-License-Identifier: Apache-2.0
// Recipes on float32 models: quantizing, pruning and retraining before it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "inference/float/operators.hpp"
#include "model/compress/grid_network.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/samples_file.hpp"
#include "model/tflite/summary.hpp"
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

/// Two dense layers of 4 to 4 whose bias is one tensor.
frugal::test::ModelSpec shared_bias(frugal::test::TensorSpec (*values)(std::vector<std::int32_t>),
                                    frugal::test::TensorSpec (*matrix)(int),
                                    frugal::test::TensorSpec bias) {
    frugal::test::ModelSpec spec;
    spec.tensors = {values({1, 4}), matrix(1), std::move(bias),
                    values({1, 4}), matrix(2), values({1, 4})};
    spec.operators = {{9, 1, {0, 1, 2}, {3}, 8, {{0, 1, 0}}, ""},
                      {9, 1, {3, 4, 2}, {5}, 8, {{0, 1, 0}}, ""}};
    spec.inputs = {0};
    spec.outputs = {5};
    return spec;
}

TEST(Quantize, ABiasOfTwoLayersIsRefused) {
    const auto matrix = [](int seed) {
        std::mt19937 random(static_cast<std::uint32_t>(seed));
        return frugal::test::constant({4, 4}, random_floats(16, random));
    };
    auto input = convolutional_input();
    input.file = frugal::test::ModelWriter(shared_bias(frugal::test::room, matrix,
                                                       frugal::test::constant({4}, {1, 2, -3, 4})))
                     .write();
    input.calibration.inputs = raw_inputs(model::Matrix(3, 4));
    const auto done = model::compress(input, recipe_of({model::QuantizeOptions{}}), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kUnsupported);
    EXPECT_NE(done.error().message.find("the bias of FULLY_CONNECTED is shared"), std::string::npos)
        << done.error().describe();
}

TEST(Dequantize, ABiasOfTwoLayersIsRefused) {
    const auto values = [](std::vector<std::int32_t> shape) {
        return frugal::test::activation(std::move(shape), 0.05F, 0);
    };
    const auto matrix = [](int seed) {
        std::mt19937 random(static_cast<std::uint32_t>(seed));
        return frugal::test::weights({4, 4}, frugal::test::random_levels(16, random), {0.004F});
    };
    auto spec = shared_bias(values, matrix, frugal::test::bias({1, 2, -3, 4}, 0.05F * 0.004F));
    for (auto& one : spec.operators) {
        one.version = 4;
    }
    auto input = convolutional_input();
    input.file = frugal::test::ModelWriter(spec).write();
    input.calibration.inputs = frugal::test::random_inputs(4, 4);
    const auto done = model::compress(input, recipe_of({model::DequantizeOptions{}}), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kUnsupported);
    EXPECT_NE(done.error().message.find("the bias of FULLY_CONNECTED is shared"), std::string::npos)
        << done.error().describe();
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
    ASSERT_EQ(done->stages[0].layers.size(), 2U);
    double left = 0;
    for (const auto& layer : done->stages[0].layers) {
        left += layer.density * static_cast<double>(layer.weights);
    }
    EXPECT_NEAR(left, 0.4 * (12 * 16 + 16 * 3), 3) << "the report tells what was reached";
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

/// The file with one number of a constant tensor replaced.
Bytes with_number(Bytes file, std::size_t tensor, float number) {
    const auto summary = model::read_model(file);
    std::memcpy(file.data() + summary->tensors.at(tensor).constant->offset + 8, &number,
                sizeof number);
    return file;
}

TEST(FloatModel, AWeightThatIsNotFiniteIsToldByItsTensor) {
    for (const float number : {NAN, INFINITY}) {
        model::CompressInput input = convolutional_input();
        input.file = with_number(input.file, 4, number);
        const auto done = model::compress(input, recipe_of({model::QuantizeOptions{}}), {});
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
        EXPECT_EQ(done.error().message, "model: tensor 4: number 2 is not finite");
    }
}

TEST(FloatModel, AnswersThatAreNotFiniteNeverCountAsEqual) {
    const model::CompressInput input = convolutional_input();
    const Bytes broken = with_number(input.file, 9, NAN);  // a bias: whatever comes in
    const auto evaluate = [&](const Bytes& before, const Bytes& after) {
        return model::evaluate(model::Comparison{before, after, input.operators},
                               input.calibration);
    };
    const auto reference = evaluate(broken, input.file);
    ASSERT_FALSE(reference);
    EXPECT_EQ(reference.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(reference.error().message,
              "evaluation: the original's answer to input 0 is not finite");
    EXPECT_FALSE(evaluate(broken, broken)) << "the same, but no success";
    const auto result = evaluate(input.file, broken);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kConflict) << "as a gate that is not passed";
}

}  // namespace
