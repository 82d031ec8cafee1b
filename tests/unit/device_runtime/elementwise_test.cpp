// SPDX-License-Identifier: Apache-2.0
// ADD, RESHAPE, QUANTIZE and DEQUANTIZE.
#include <bit>
#include <cmath>
#include <limits>

#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

ModelSpec add_model(std::vector<std::int32_t> first, std::vector<std::int32_t> second,
                    std::vector<std::int32_t> output, std::uint32_t fused = 0) {
    ModelSpec spec;
    spec.tensors = {activation(std::move(first), 0.031f, -7),
                    activation(std::move(second), 0.047f, 11),
                    activation(std::move(output), 0.059f, 4)};
    spec.operators = {{0, 2, {0, 1}, {2}, 11, {{0, 1, fused}}, ""}};
    spec.inputs = {0, 1};
    spec.outputs = {2};
    return spec;
}

int added(int first, int second) {
    double twice = 2.0 * static_cast<double>(0.047f);
    Multiplier by_first = quantize_multiplier(static_cast<double>(0.031f) / twice);
    Multiplier by_second = quantize_multiplier(static_cast<double>(0.047f) / twice);
    Multiplier by_output = quantize_multiplier(twice / ((1 << 20) * static_cast<double>(0.059f)));
    std::int32_t sum = rescale_twice((first + 7) * (1 << 20), by_first) +
                       rescale_twice((second - 11) * (1 << 20), by_second);
    return clamp_int8(rescale_twice(sum, by_output) + 4);
}

TEST(AddTest, EveryPairOfValues) {
    std::vector<int> first;
    std::vector<int> second;
    std::vector<int> expected;
    for (int a = -128; a <= 127; a += 3) {
        for (int b = -128; b <= 127; ++b) {
            first.push_back(a);
            second.push_back(b);
            expected.push_back(added(a, b));
        }
    }
    auto count = static_cast<std::int32_t>(first.size());
    EXPECT_EQ(as_int8(run(add_model({1, count}, {1, count}, {1, count}),
                          {int8_data(first), int8_data(second)})),
              expected);
}

TEST(AddTest, BroadcastsAxesOfLengthOneAndMissingAxes) {
    Bytes first = int8_data({1, 2, 3, 4, 5, 6});
    EXPECT_EQ(as_int8(run(add_model({2, 3}, {1}, {2, 3}), {first, int8_data({9})})),
              (std::vector<int>{added(1, 9), added(2, 9), added(3, 9), added(4, 9), added(5, 9),
                                added(6, 9)}));
    EXPECT_EQ(as_int8(run(add_model({2, 3}, {2, 1}, {2, 3}), {first, int8_data({9, 8})})),
              (std::vector<int>{added(1, 9), added(2, 9), added(3, 9), added(4, 8), added(5, 8),
                                added(6, 8)}));
    EXPECT_EQ(
        as_int8(run(add_model({3}, {2, 1}, {2, 3}), {int8_data({1, 2, 3}), int8_data({9, 8})})),
        (std::vector<int>{added(1, 9), added(2, 9), added(3, 9), added(1, 8), added(2, 8),
                          added(3, 8)}));
}

TEST(AddTest, FusedReluClampsAtTheZeroPoint) {
    EXPECT_EQ(as_int8(run(add_model({1}, {1}, {1}, 1), {int8_data({-128}), int8_data({-128})})),
              std::vector<int>{4});
}

TEST(ReshapeTest, SharesTheMemoryOfItsInput) {
    ModelSpec spec;
    spec.tensors = {activation({1, 4, 4, 1}, 1, 0), activation({1, 16}, 1, 0)};
    spec.operators = {{22, 1, {0}, {1}, 17, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {1};
    std::vector<int> values = Noise(1).values(16, -128, 127);
    EXPECT_EQ(as_int8(run(spec, {int8_data(values)})), values);
    Bytes bytes = write_model(spec);
    Runner runner(bytes);
    EXPECT_EQ(runner.plan.activation_size_bytes, 16u);
}

TEST(ReshapeTest, CopiesAConstant) {
    ModelSpec spec;
    spec.tensors = {activation({1}, 1, 0), weights({4}, {1, 2, 3, 4}, {1.0f}),
                    activation({2, 2}, 1, 0)};
    spec.operators = {{22, 1, {1}, {2}, 17, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {2};
    EXPECT_EQ(as_int8(run(spec, {int8_data({0})})), (std::vector<int>{1, 2, 3, 4}));
}

ModelSpec conversion_model(int code, TensorSpec input, TensorSpec output) {
    ModelSpec spec;
    spec.tensors = {std::move(input), std::move(output)};
    spec.operators = {{code, 2, {0}, {1}, 0, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {1};
    return spec;
}

TensorSpec floats(std::int32_t count) {
    return {{count}, kFloat32, {}, {}, 0, {}, ""};
}

Bytes float_data(const std::vector<float>& values) {
    Bytes bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

TEST(QuantizeTest, FloatsRoundHalfAwayFromZeroAndClamp) {
    std::vector<float> values = {0.0f,
                                 0.25f,
                                 -0.25f,
                                 0.75f,
                                 1e9f,
                                 -1e9f,
                                 63.9f,
                                 1e-30f,
                                 std::numeric_limits<float>::infinity(),
                                 -std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::quiet_NaN()};
    auto count = static_cast<std::int32_t>(values.size());
    Bytes output = run(conversion_model(114, floats(count), activation({count}, 0.5f, -3)),
                       {float_data(values)});
    EXPECT_EQ(as_int8(output),
              (std::vector<int>{-3, -2, -4, -1, 127, -128, 125, -3, 127, -128, -3}));
}

TEST(QuantizeTest, ManyFloatsEqualFloatDivision) {
    Noise noise(5);
    std::vector<float> values;
    std::vector<int> expected;
    for (int i = 0; i < 5000; ++i) {
        float value = static_cast<float>(static_cast<std::int32_t>(noise.next())) * 1e-8f;
        values.push_back(value);
        volatile float quotient = value / 0.171f;
        expected.push_back(clamp_int8(static_cast<int>(std::round(quotient)) + 9));
    }
    EXPECT_EQ(as_int8(run(conversion_model(114, floats(5000), activation({5000}, 0.171f, 9)),
                          {float_data(values)})),
              expected);
}

TEST(QuantizeTest, BytesChangeSignednessExactly) {
    std::vector<int> expected;
    Bytes input;
    for (int value = 0; value < 256; ++value) {
        input.push_back(static_cast<std::uint8_t>(value));
        expected.push_back(value - 128);
    }
    EXPECT_EQ(as_int8(run(conversion_model(114, activation({256}, 0.017f, 128, kUint8),
                                           activation({256}, 0.017f, 0)),
                          {input})),
              expected);
}

TEST(QuantizeTest, OtherScalesRescaleWithTwoRoundings) {
    std::vector<int> input = Noise(6).values(500, -128, 127);
    Multiplier by = quantize_multiplier(static_cast<double>(0.021f) / static_cast<double>(0.013f));
    std::vector<int> expected;
    for (int value : input) {
        expected.push_back(clamp_int8(rescale_twice(value + 5, by) + 2));
    }
    EXPECT_EQ(as_int8(run(conversion_model(114, activation({500}, 0.021f, -5),
                                           activation({500}, 0.013f, 2)),
                          {int8_data(input)})),
              expected);
}

TEST(DequantizeTest, EveryInt8ValueEqualsTheFloatProduct) {
    std::vector<int> input;
    for (int value = -128; value <= 127; ++value) {
        input.push_back(value);
    }
    Bytes output =
        run(conversion_model(6, activation({256}, 0.0173f, -21), floats(256)), {int8_data(input)});
    for (std::size_t i = 0; i < input.size(); ++i) {
        auto expected = static_cast<float>(static_cast<double>(0.0173f) * (input[i] + 21));
        float actual = 0;
        std::memcpy(&actual, output.data() + 4 * i, sizeof actual);
        EXPECT_EQ(actual, expected) << input[i];
    }
}

}  // namespace
}  // namespace frugal::test
