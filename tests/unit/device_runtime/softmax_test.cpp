// SPDX-License-Identifier: Apache-2.0
// SOFTMAX: within one step of the exponential in double, and the exact cases by hand.
#include <cmath>

#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

ModelSpec softmax_model(std::int32_t rows, std::int32_t depth, float scale, float beta) {
    ModelSpec spec;
    spec.tensors = {activation({rows, depth}, scale, 5),
                    activation({rows, depth}, 1.0f / 256, -128)};
    spec.operators = {{25, 2, {0}, {1}, 9, {{0, 4, float_bits(beta)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {1};
    return spec;
}

class SoftmaxTest : public testing::TestWithParam<std::tuple<int, float, float>> {};

TEST_P(SoftmaxTest, IsWithinOneStepOfTheExactValue) {
    auto [depth, scale, beta] = GetParam();
    Noise noise(static_cast<std::uint32_t>(depth));
    std::vector<int> input = noise.values(static_cast<std::size_t>(20 * depth), -128, 127);
    std::vector<int> output =
        as_int8(run(softmax_model(20, depth, scale, beta), {int8_data(input)}));
    for (std::size_t row = 0; row < 20; ++row) {
        double sum = 0;
        const int* values = input.data() + row * static_cast<std::size_t>(depth);
        int most = *std::max_element(values, values + depth);
        for (int i = 0; i < depth; ++i) {
            sum += std::exp(static_cast<double>(beta * scale) * (values[i] - most));
        }
        for (int i = 0; i < depth; ++i) {
            double exact = std::exp(static_cast<double>(beta * scale) * (values[i] - most)) / sum;
            int actual =
                output[row * static_cast<std::size_t>(depth) + static_cast<std::size_t>(i)];
            double expected = std::min(127.0, exact * 256 - 128);
            EXPECT_NEAR(actual, expected, 1.0) << "row " << row << " element " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxTest,
                         testing::Values(std::tuple(2, 0.1f, 1.0f), std::tuple(10, 0.05f, 1.0f),
                                         std::tuple(12, 0.2f, 1.0f), std::tuple(64, 0.01f, 2.0f),
                                         std::tuple(3, 4.0f, 1.0f), std::tuple(7, 0.0002f, 1.0f)));

TEST(SoftmaxByHandTest, EqualScoresShareEqually) {
    EXPECT_EQ(as_int8(run(softmax_model(1, 4, 0.1f, 1), {int8_data({7, 7, 7, 7})})),
              (std::vector<int>{-64, -64, -64, -64}));
}

TEST(SoftmaxByHandTest, ACertainClassGetsTheLargestValue) {
    EXPECT_EQ(as_int8(run(softmax_model(1, 3, 1.0f, 1), {int8_data({127, -128, -128})})),
              (std::vector<int>{127, -128, -128}));
}

TEST(SoftmaxByHandTest, ManyClassesRoundToNothing) {
    std::vector<int> output = as_int8(run(softmax_model(1, 2048, 0.1f, 1), {Bytes(2048, 0)}));
    EXPECT_EQ(output, std::vector<int>(2048, -128));
}

TEST(SoftmaxByHandTest, AnEnormousScaleKeepsOnlyTheMaximum) {
    EXPECT_EQ(as_int8(run(softmax_model(1, 3, 1000.0f, 1), {int8_data({1, 2, 1})})),
              (std::vector<int>{-128, 127, -128}));
}

}  // namespace
}  // namespace frugal::test
