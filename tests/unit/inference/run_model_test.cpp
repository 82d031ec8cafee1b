// SPDX-License-Identifier: Apache-2.0
#include "inference/run_model.hpp"

#include "inference/loaded_model.hpp"
#include "unit/device_runtime/streaming_models.hpp"
#include "unit/inference/classifier_model.hpp"

namespace frugal::inference {
namespace {

using test::Bytes;
using test::int8_data;

TEST(RunModelTest, GivesOutputsWithNameShapeTypeAndData) {
    Bytes model = test::write_model(test::classifier());
    auto result = run_model(model, int8_data({30, 30, 30, 0}));
    ASSERT_TRUE(result) << result.error().describe();
    ASSERT_EQ(result->steps.size(), 1u);
    ASSERT_EQ(result->steps[0].size(), 1u);
    const RunTensor& output = result->steps[0][0];
    EXPECT_EQ(output.name, "classes");
    EXPECT_EQ(output.type_name, "INT8");
    EXPECT_EQ(output.shape, (std::vector<std::uint32_t>{1, 3}));
    EXPECT_EQ(output.data, (std::vector<double>{-43, -43, -43}));  // a third each: 85 - 128
    EXPECT_EQ(output.bytes, int8_data({-43, -43, -43}));
    EXPECT_EQ(output.scale, 1.0 / 256);
    EXPECT_EQ(output.zero_point, -128);
    EXPECT_GT(result->arena_bytes, 0u);
    EXPECT_EQ(result->work, 12u + 96u);
}

TEST(RunModelTest, AStreamingModelTakesManyStepsAndRemembers) {
    Bytes model = test::write_model(test::delay_model());
    auto result = run_model(model, int8_data({10, 20, 30, 40, 5, 6, 7, 8, 0, 0, 0, 0}));
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->state_bytes, 8u);
    ASSERT_EQ(result->steps.size(), 3u);
    EXPECT_EQ(result->steps[0][0].bytes, int8_data({1, 2, 3, 4, -5, -6, -7, -8}));
    EXPECT_EQ(result->steps[1][0].bytes, int8_data({10, 20, 30, 40, 1, 2, 3, 4}));
    EXPECT_EQ(result->steps[2][0].bytes, int8_data({5, 6, 7, 8, 10, 20, 30, 40}));
}

TEST(RunModelTest, HalfAStepIsAnError) {
    auto result = run_model(test::write_model(test::delay_model()), Bytes(6));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().describe(), testing::HasSubstr("6 bytes given, 4 expected"));
}

TEST(RunModelTest, AModelWithoutStateTakesOneInput) {
    EXPECT_FALSE(run_model(test::write_model(test::classifier()), Bytes(8)));
    EXPECT_FALSE(run_model(test::write_model(test::delay_model()), Bytes()));
}

TEST(LoadedModelTest, ClearForgetsWhatAStreamingModelRemembers) {
    auto model = LoadedModel::load(test::write_model(test::delay_model()));
    ASSERT_TRUE(model);
    ASSERT_TRUE(model->run(int8_data({10, 20, 30, 40})));
    model->clear();
    ASSERT_TRUE(model->run(int8_data({0, 0, 0, 0})));
    base::ByteView output = model->output(0);
    EXPECT_EQ(Bytes(output.begin(), output.end()), int8_data({1, 2, 3, 4, -5, -6, -7, -8}));
}

TEST(RunModelTest, AWrongSizeNamesTheExpectedBytesAndShape) {
    auto result = run_model(test::write_model(test::classifier()), Bytes(5));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_THAT(result.error().describe(),
                testing::AllOf(testing::HasSubstr("5 bytes given, 4 expected"),
                               testing::HasSubstr("'numbers' INT8 [1, 4] 4 bytes")));
}

TEST(RunModelTest, SeveralInputsStandOneAfterAnother) {
    test::ModelSpec spec;
    spec.tensors = {test::activation({2}, 0.1f, 0), test::activation({2}, 0.1f, 0),
                    test::activation({2}, 0.1f, 0)};
    spec.operators = {{0, 2, {0, 1}, {2}, 11, {{0, 1, 0}}, ""}};
    spec.inputs = {1, 0};
    spec.outputs = {2};
    auto result = run_model(test::write_model(spec), int8_data({1, 2, 10, 20}));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->steps[0][0].data, (std::vector<double>{11, 22}));
}

TEST(RunModelTest, FloatsAndIntegersComeOutAsNumbers) {
    test::ModelSpec spec;
    spec.tensors = {test::activation({2}, 0.5f, 0), {{2}, test::kFloat32, {}, {}, 0, {}, "floats"}};
    spec.operators = {{6, 2, {0}, {1}, 0, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {1};
    auto result = run_model(test::write_model(spec), int8_data({3, -5}));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->steps[0][0].type_name, "FLOAT32");
    EXPECT_EQ(result->steps[0][0].data, (std::vector<double>{1.5, -2.5}));
    EXPECT_EQ(result->steps[0][0].bytes.size(), 8u);
}

TEST(RunModelTest, WhatDoesNotRunIsNamed) {
    test::ModelSpec spec = test::classifier();
    spec.operators[0].code = 27;
    auto result = run_model(test::write_model(spec), Bytes(4));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::kUnsupported);
    EXPECT_THAT(result.error().message, testing::HasSubstr("SVDF version 4 is not built in"));
    EXPECT_EQ(run_model(Bytes(20), Bytes(4)).error().kind, base::ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace frugal::inference
