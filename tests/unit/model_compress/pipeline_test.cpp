// SPDX-License-Identifier: Apache-2.0
#include "model/compress/pipeline.hpp"

#include <gtest/gtest.h>

#include "model/compress/samples_file.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::base::ErrorKind;

model::CompressInput make_input() {
    model::CompressInput input;
    input.file = frugal::test::ModelWriter(frugal::test::small_network()).write();
    input.calibration.inputs = frugal::test::random_inputs(30, 96);
    return input;
}

model::Recipe make_recipe(double step) {
    model::Recipe recipe;
    recipe.name = "test";
    recipe.stages = {model::RegridOptions{.step = step}, model::RoundScalesOptions{},
                     model::StripOptions{}};
    return recipe;
}

TEST(Pipeline, RecordsEveryStageWithItsBytes) {
    std::vector<std::string> announced;
    const auto done = model::compress(
        make_input(), make_recipe(16),
        [&](const model::CompressProgress& progress) { announced.emplace_back(progress.stage); });
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    ASSERT_EQ(done->stages.size(), 3U);
    EXPECT_EQ(announced, (std::vector<std::string>{"regrid", "round-scales", "strip"}));
    EXPECT_EQ(done->stages[0].kind, "regrid");
    EXPECT_EQ(done->stages[0].layers.size(), 3U);
    EXPECT_EQ(done->stages[0].raw_bytes, done->raw_bytes_before);
    EXPECT_LT(done->stages[0].packed_bytes, done->packed_bytes_before);
    const auto packed = model::packed_size(done->file);
    ASSERT_TRUE(packed.has_value());
    EXPECT_EQ(done->stages[2].packed_bytes, *packed);
    EXPECT_EQ(done->stages[2].raw_bytes, done->file.size());
    EXPECT_EQ(done->evaluation.inputs, 30U);
}

TEST(Pipeline, StagesLookAtTheFirstCalibrationInputsOnly) {
    model::CompressInput many = make_input();
    many.evaluation.inputs = frugal::test::random_inputs(5, 96, 8);
    model::CompressInput few = many;
    few.calibration.inputs.resize(6);
    model::Recipe recipe = make_recipe(16);
    const auto by_all = model::compress(many, recipe, {});
    const auto by_few = model::compress(few, recipe, {});
    recipe.calibration_inputs = 6;
    const auto limited = model::compress(many, recipe, {});
    ASSERT_TRUE(by_all && by_few && limited);
    EXPECT_EQ(limited->file, by_few->file);
    EXPECT_NE(limited->file, by_all->file);
}

TEST(Pipeline, TheSearchGoesAsFarAsTheGateAllows) {
    model::Recipe recipe = make_recipe(4);
    recipe.gate.min_output_snr_db = 12;
    const auto plain = model::compress(make_input(), recipe, {});
    ASSERT_TRUE(plain.has_value()) << plain.error().describe();
    recipe.search = model::Search{"step", 0.5, 30, 6};
    std::vector<double> factors;
    const auto found =
        model::compress(make_input(), recipe, [&](const model::CompressProgress& progress) {
            if (progress.search != nullptr) {
                factors.push_back(progress.search->factor);
            }
        });
    ASSERT_TRUE(found.has_value()) << found.error().describe();
    EXPECT_EQ(factors.size(), 6U);
    EXPECT_EQ(found->stages.size(), 3U);
    EXPECT_LT(found->stages.back().packed_bytes, plain->stages.back().packed_bytes);
    EXPECT_GE(found->evaluation.output_snr_db, 12);
    EXPECT_EQ(found->raw_bytes_before, plain->raw_bytes_before);
}

TEST(Pipeline, ASearchWithNothingThatPassesIsRefusedByTheGate) {
    model::Recipe recipe = make_recipe(100);
    recipe.gate.min_output_snr_db = 150;
    recipe.search = model::Search{"step", 0.5, 2, 6};
    const auto done = model::compress(make_input(), recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().message.rfind("gate: output_snr_db is ", 0), 0U);
}

TEST(Pipeline, TheGateRefusesWithTheFigure) {
    model::Recipe recipe = make_recipe(127);
    recipe.gate.min_output_snr_db = 150;
    const auto done = model::compress(make_input(), recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kConflict);
    EXPECT_EQ(done.error().message.rfind("gate: output_snr_db is ", 0), 0U);
    EXPECT_NE(done.error().message.find("the recipe asks for 150"), std::string::npos);
}

TEST(Pipeline, TheGateRefusesALossOfAccuracy) {
    model::CompressInput input = make_input();
    // Labels are what the original says, so every disagreement is a loss.
    const auto self = model::evaluate(input.file, input.file, input.calibration);
    ASSERT_TRUE(self.has_value());
    EXPECT_EQ(self->agreement, 1);
    EXPECT_GT(self->classes_answered, 1U);
    input.calibration.labels.assign(30, 4);
    model::Recipe recipe;
    recipe.stages = {model::StripOptions{}};  // changes no answer
    recipe.gate.max_accuracy_drop = -0.01;    // it must even gain, which it cannot
    const auto done = model::compress(input, recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kConflict);
    recipe.gate.max_accuracy_drop = 0;
    EXPECT_TRUE(model::compress(input, recipe, {}).has_value());
}

TEST(Pipeline, AnAccuracyGateNeedsLabels) {
    model::Recipe recipe = make_recipe(8);
    recipe.gate.max_accuracy_drop = 0.5;
    const auto done = model::compress(make_input(), recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
}

TEST(Pipeline, ALabelThatIsNoClassIsRefused) {
    model::CompressInput input = make_input();
    input.calibration.labels.assign(30, 4);
    input.calibration.labels[7] = 5;
    const auto done = model::compress(input, make_recipe(8), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(done.error().message,
              "evaluation: input 7 has the label 5, but the model tells 5 classes apart");
}

TEST(Pipeline, SaysHowManyClassesTheOriginalAnswered) {
    model::CompressInput input = make_input();
    input.calibration.inputs.assign(30, input.calibration.inputs[0]);
    const auto done = model::compress(input, make_recipe(8), {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_EQ(done->evaluation.classes, 5U);
    EXPECT_EQ(done->evaluation.classes_answered, 1U);
}

TEST(Pipeline, LabelsMustBeAsManyAsInputs) {
    model::CompressInput input = make_input();
    input.calibration.labels.assign(29, 0);
    const auto done = model::compress(input, make_recipe(8), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().message, "29 labels for 30 inputs");
}

TEST(SamplesFile, RawBytesAreSplitIntoInputs) {
    const model::InputFormat format{4, 4, 9, 0.5F, 1};
    const auto inputs = model::parse_inputs(Bytes{1, 2, 3, 4, 5, 6, 7, 8}, format, "x");
    ASSERT_TRUE(inputs.has_value());
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 2, 3, 4}, {5, 6, 7, 8}}));
    EXPECT_FALSE(model::parse_inputs(Bytes{1, 2, 3}, format, "x").has_value());
    EXPECT_FALSE(model::parse_inputs(Bytes{}, format, "x").has_value());
}

TEST(SamplesFile, MoreThanTheLimitAreNotMade) {
    const model::InputFormat format{4, 4, 9, 0.5F, 1};
    const Bytes three(12);
    EXPECT_TRUE(model::parse_inputs(three, format, "x", 3));
    const Bytes idx{0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const Bytes labels{'1', '\n', '2', '\n', '3', '\n'};
    const Bytes idx_labels{0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    EXPECT_TRUE(model::parse_inputs(idx, format, "x", 3));
    EXPECT_TRUE(model::parse_labels(labels, "x", 3));
    EXPECT_TRUE(model::parse_labels(idx_labels, "x", 3));
    for (const auto& refused :
         {model::parse_inputs(three, format, "x", 2), model::parse_inputs(idx, format, "x", 2)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, frugal::base::ErrorKind::kLimit);
    }
    for (const auto& refused :
         {model::parse_labels(labels, "x", 2), model::parse_labels(idx_labels, "x", 2)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, frugal::base::ErrorKind::kLimit);
    }
}

Bytes npy(const std::string& type, const Bytes& data, const std::string& shape = "(2, 2)") {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    Bytes bytes{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<std::uint8_t>(header.size()), 0};
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
}

TEST(SamplesFile, NpyFloatsAreQuantizedAsTheModelWants) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    const float values[] = {0.0F, 1.0F, -1.0F, 63.5F};
    Bytes data(sizeof values);
    std::memcpy(data.data(), values, sizeof values);
    const auto inputs = model::parse_inputs(npy("<f4", data), format, "x.npy");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 3}, {0xFF, 127}})) << "one level beyond: rounded";
}

TEST(SamplesFile, NumbersOnAnotherScaleAreRefused) {
    const model::InputFormat format{40, 40, 9, 1.0F / 255, -128};  // takes 0 to 1
    Bytes bytes(40, 1);
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy"))
        << "0 and 1 as numbers";
    bytes[7] = bytes[9] = 200;
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy"))
        << "one in 20 is clipped";
    bytes[11] = 200;
    const auto refused = model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "x.npy: 3 of 40 numbers lie outside of what the model takes");
    EXPECT_EQ(refused.error().cause, "its input is 0 to 1");
    EXPECT_FALSE(refused.error().remedy.empty());
    const model::InputFormat own{40, 40, 3, 1.0F / 255, 0};
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), own, "x.npy"))
        << "the model's own bytes";
}

TEST(SamplesFile, NpyOfTheModelsOwnTypeIsTakenAsItIs) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    const auto inputs = model::parse_inputs(npy("|i1", {1, 2, 3, 4}), format, "x.npy");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 2}, {3, 4}}));
}

TEST(SamplesFile, DamagedNpyIsRefused) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    Bytes good = npy("<f4", Bytes(16));
    for (std::size_t size = 6; size < good.size(); ++size) {
        const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        const auto inputs = model::parse_inputs(cut, format, "x.npy");
        EXPECT_FALSE(inputs.has_value()) << size;
    }
    EXPECT_FALSE(model::parse_inputs(npy("<c8", Bytes(16)), format, "x").has_value());
    EXPECT_FALSE(model::parse_inputs(npy(">f4", Bytes(16)), format, "x").has_value());
    Bytes not_a_number(16);
    not_a_number[2] = 0xC0;
    not_a_number[3] = 0x7F;
    EXPECT_EQ(model::parse_inputs(npy("<f4", not_a_number), format, "x").error().message,
              "x: number 0 is not finite");
    for (const auto* shape : {"()", "(x)", "(-2, 2)", "(2, 2", "(4611686018427387904, 4)"}) {
        EXPECT_FALSE(model::parse_inputs(npy("|i1", Bytes(4), shape), format, "x")) << shape;
    }
}

TEST(SamplesFile, AnArrayOfAnotherShapeIsNotCutAnew) {
    const model::InputFormat format{6, 6, 9, 0.5F, 1, {1, 3, 2, 1}};
    const Bytes twelve(12, 1);
    for (const auto* shape : {"(2, 6)", "(2, 3, 2)", "(2, 3, 2, 1)", "(2, 1, 3, 2)", "(2, 6, 1)"}) {
        const auto inputs = model::parse_inputs(npy("|i1", twelve, shape), format, "x");
        ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
        EXPECT_EQ(inputs->size(), 2U) << shape;
    }
    for (const auto* shape : {"(12,)", "(3, 4)", "(4, 3)", "(6, 2)", "(2, 2, 3)", "(2, 2, 3, 1)"}) {
        EXPECT_FALSE(model::parse_inputs(npy("|i1", twelve, shape), format, "x")) << shape;
    }
    EXPECT_EQ(model::parse_inputs(npy("|i1", twelve, "(2, 2, 3)"), format, "x").error().message,
              "x: an array of [2, 2, 3] for inputs of [1, 3, 2, 1]");
    const Bytes idx{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9};
    EXPECT_FALSE(model::parse_inputs(idx, format, "x")) << "six numbers, but three of two";
    const model::InputFormat flat{6, 6, 9, 0.5F, 1, {1, 6}};
    EXPECT_TRUE(model::parse_inputs(npy("|i1", twelve, "(2, 3, 2)"), flat, "x"))
        << "a model may take images flat";
}

TEST(SamplesFile, IdxBytesStandForZeroToOne) {
    const model::InputFormat format{2, 2, 9, 1.0F / 255, -128};
    const Bytes idx{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255};
    const auto inputs = model::parse_inputs(idx, format, "x");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{0x80, 0x7F}}));
}

TEST(SamplesFile, LabelsAreLinesOrIdx) {
    const auto lines = model::parse_labels(frugal::base::as_bytes("3\n0\n12\n"), "l");
    ASSERT_TRUE(lines.has_value());
    EXPECT_EQ(*lines, (std::vector<std::uint32_t>{3, 0, 12}));
    const auto idx = model::parse_labels(Bytes{0, 0, 8, 1, 0, 0, 0, 2, 7, 1}, "l");
    ASSERT_TRUE(idx.has_value());
    EXPECT_EQ(*idx, (std::vector<std::uint32_t>{7, 1}));
    const auto bad = model::parse_labels(frugal::base::as_bytes("3\nx\n"), "l");
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message, "l:2: no class number");
    const auto windows = model::parse_labels(frugal::base::as_bytes("3\r\n0\r\n12"), "l");
    ASSERT_TRUE(windows.has_value()) << windows.error().describe();
    EXPECT_EQ(*windows, (std::vector<std::uint32_t>{3, 0, 12}));
    EXPECT_EQ(model::parse_labels({}, "l").error().message, "l: there are no labels in it");
    const Bytes images{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    EXPECT_EQ(model::parse_labels(images, "l").error().message,
              "l: an idx file of [2, 1, 2] holds no labels");
}

}  // namespace
