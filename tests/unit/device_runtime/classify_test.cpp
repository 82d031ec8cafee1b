// SPDX-License-Identifier: Apache-2.0
#include "frugal/classify.h"

#include <bit>

#include "frugal/limits.h"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

fr_tensor_t score_tensor(std::uint8_t type, std::uint32_t count, float scale, int zero_point) {
    fr_tensor_t tensor{};
    tensor.type = type;
    tensor.rank = 1;
    tensor.shape[0] = count;
    tensor.element_count = count;
    tensor.scale_count = type == FR_TENSOR_FLOAT32 ? 0 : 1;
    tensor.scale_bits = float_bits(scale);
    tensor.zero_point = zero_point;
    return tensor;
}

struct ClassifyCase {
    const char* name;
    std::vector<int> scores;
    int class_index, confidence, margin;
};

class ClassifyTest : public testing::TestWithParam<ClassifyCase> {};

TEST_P(ClassifyTest, SoftmaxScores) {
    const ClassifyCase& c = GetParam();
    fr_tensor_t tensor =
        score_tensor(FR_TENSOR_INT8, static_cast<std::uint32_t>(c.scores.size()), 1.0f / 256, -128);
    fr_classification_t result;
    ASSERT_EQ(fr_classify_output(&tensor, int8_data(c.scores).data(), &result), FR_OK);
    EXPECT_EQ(result.class_index, c.class_index);
    EXPECT_EQ(result.confidence_q8, c.confidence);
    EXPECT_EQ(result.margin_q8, c.margin);
}

INSTANTIATE_TEST_SUITE_P(Scores, ClassifyTest,
                         testing::Values(ClassifyCase{"certain", {-128, 127, -128}, 1, 255, 255},
                                         ClassifyCase{"first", {10, 9, -128}, 0, 138, 1},
                                         ClassifyCase{"last", {-128, -100, 0}, 2, 128, 100},
                                         ClassifyCase{"tie", {0, 0}, 0, 128, 0},
                                         ClassifyCase{"late_tie", {-128, 0, 0}, 1, 128, 0},
                                         ClassifyCase{"nothing", {-128, -128}, 0, 0, 0},
                                         ClassifyCase{"runner_up_first", {20, 60, 40}, 1, 188, 20}),
                         [](const auto& one) { return one.param.name; });

TEST(ClassifyTypesTest, Uint8AndFloatGiveTheSame) {
    fr_classification_t from_bytes;
    fr_classification_t from_floats;
    fr_tensor_t bytes = score_tensor(FR_TENSOR_UINT8, 3, 1.0f / 256, 0);
    fr_tensor_t floats = score_tensor(FR_TENSOR_FLOAT32, 3, 0, 0);
    const Bytes scores = {30, 200, 26};
    const float probabilities[] = {30 / 256.0f, 200 / 256.0f, 26 / 256.0f};
    ASSERT_EQ(fr_classify_output(&bytes, scores.data(), &from_bytes), FR_OK);
    ASSERT_EQ(fr_classify_output(&floats, reinterpret_cast<const std::uint8_t*>(probabilities),
                                 &from_floats),
              FR_OK);
    EXPECT_EQ(from_bytes.class_index, 1);
    EXPECT_EQ(from_bytes.confidence_q8, 200);
    EXPECT_EQ(from_bytes.margin_q8, 170);
    EXPECT_EQ(from_floats.class_index, from_bytes.class_index);
    EXPECT_EQ(from_floats.confidence_q8, from_bytes.confidence_q8);
    EXPECT_EQ(from_floats.margin_q8, from_bytes.margin_q8);
}

TEST(ClassifyTypesTest, OneScoreIsTheProbabilityOfTheSecondOfTwoClasses) {
    const fr_tensor_t tensor = score_tensor(FR_TENSOR_UINT8, 1, 1.0f / 256, 0);
    ASSERT_EQ(fr_class_count(&tensor), 2U);
    struct {
        std::uint8_t score;
        int class_index, confidence, margin;
    } const cases[] = {{0, 0, 255, 255}, {40, 0, 216, 176},  {127, 0, 129, 2},  {128, 0, 128, 0},
                       {129, 1, 129, 2}, {200, 1, 200, 144}, {255, 1, 255, 254}};
    for (const auto& c : cases) {
        fr_classification_t result;
        ASSERT_EQ(fr_classify_output(&tensor, &c.score, &result), FR_OK);
        EXPECT_EQ(result.class_index, c.class_index) << int{c.score};
        EXPECT_EQ(result.confidence_q8, c.confidence) << int{c.score};
        EXPECT_EQ(result.margin_q8, c.margin) << int{c.score};
    }
    const fr_tensor_t three = score_tensor(FR_TENSOR_UINT8, 3, 1.0f / 256, 0);
    EXPECT_EQ(fr_class_count(&three), 3U);
}

TEST(ClassifyTypesTest, NegativeAndNanProbabilitiesCountAsNothing) {
    fr_tensor_t tensor = score_tensor(FR_TENSOR_FLOAT32, 3, 0, 0);
    const std::uint32_t bits[] = {float_bits(-1.0f), 0x7fc00000u, float_bits(0.25f)};
    fr_classification_t result;
    ASSERT_EQ(fr_classify_output(&tensor, reinterpret_cast<const std::uint8_t*>(bits), &result),
              FR_OK);
    EXPECT_EQ(result.class_index, 2);
    EXPECT_EQ(result.confidence_q8, 64);
}

TEST(ClassifyTypesTest, OtherTensorsAreRefused) {
    Bytes data(4 * FR_CLASSES_MAX + 4, 0);
    fr_classification_t result;
    fr_tensor_t tensor = score_tensor(FR_TENSOR_INT8, FR_CLASSES_MAX, 1.0f / 256, -128);
    EXPECT_EQ(fr_classify_output(&tensor, data.data(), &result), FR_OK);
    tensor = score_tensor(FR_TENSOR_INT8, FR_CLASSES_MAX + 1, 1.0f / 256, -128);
    EXPECT_EQ(fr_classify_output(&tensor, data.data(), &result), FR_ERROR_LIMIT);
    tensor = score_tensor(FR_TENSOR_INT8, 0, 1.0f / 256, -128);
    EXPECT_EQ(fr_classify_output(&tensor, data.data(), &result), FR_ERROR_LIMIT);
    tensor = score_tensor(FR_TENSOR_INT8, 4, 0.1f, -128);
    EXPECT_EQ(fr_classify_output(&tensor, data.data(), &result), FR_ERROR_UNSUPPORTED);
    tensor = score_tensor(FR_TENSOR_INT32, 4, 1.0f / 256, 0);
    EXPECT_EQ(fr_classify_output(&tensor, data.data(), &result), FR_ERROR_UNSUPPORTED);
    EXPECT_EQ(fr_classify_output(nullptr, data.data(), &result), FR_ERROR_ARGUMENT);
}

}  // namespace
}  // namespace frugal::test
