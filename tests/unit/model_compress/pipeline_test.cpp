// SPDX-License-Identifier: Apache-2.0
#include "model/compress/pipeline.hpp"

#include <gtest/gtest.h>

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

/// What can be known before is not told after minutes of work.
void told_of_no_stage(const model::CompressProgress& progress) {
    ADD_FAILURE() << "stage " << progress.stage << " ran";
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

TEST(Pipeline, AStrippedFileThatTravelsInMoreBytesIsNotTaken) {
    model::CompressInput input = make_input();
    input.base = input.file;  // devices have the very file, unstripped
    model::Recipe recipe;
    recipe.stages = {model::StripOptions{}};
    const auto done = model::compress(input, recipe, {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_EQ(done->file, input.file);
    EXPECT_EQ(done->stages[0].raw_bytes, input.file.size());
    EXPECT_EQ(done->stages[0].packed_bytes, done->packed_bytes_before);
    EXPECT_EQ(done->stages[0].delta_bytes, done->delta_bytes_before);
    EXPECT_EQ(done->stages[0].note.find("left as it was: stripped it takes "), 0U);
    recipe.stages.insert(recipe.stages.begin(), model::RoundScalesOptions{});
    const auto second = model::compress(input, recipe, {});
    ASSERT_TRUE(second.has_value()) << second.error().describe();
    EXPECT_LE(second->stages[1].delta_bytes, second->stages[0].delta_bytes);
    input.base.clear();
    const auto alone = model::compress(input, make_recipe(16), {});
    ASSERT_TRUE(alone.has_value());
    EXPECT_LE(alone->stages[2].packed_bytes, alone->stages[1].packed_bytes);
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
    const auto done = model::compress(make_input(), recipe, told_of_no_stage);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
}

TEST(Pipeline, ALabelThatIsNoClassIsRefused) {
    model::CompressInput input = make_input();
    input.calibration.labels.assign(30, 4);
    input.calibration.labels[7] = 5;
    const auto done = model::compress(input, make_recipe(8), told_of_no_stage);
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

}  // namespace
