// SPDX-License-Identifier: Apache-2.0
// LOGISTIC, MUL and MEAN against the float arithmetic TFLite's kernels go through.
#include <bit>
#include <cmath>

#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::test {
namespace {

/// Every int8 value once.
Bytes all_values() {
    Bytes bytes(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i);
    }
    return bytes;
}

TEST(LogisticTest, EveryInputOfManyScalesIsAsInFloat) {
    Noise noise(7);
    int differences = 0;
    for (int round = 0; round < 400; ++round) {
        float scale = std::exp(static_cast<float>(noise.between(-9000, 3000)) / 1000.0f);
        int zero = noise.between(-128, 127);
        std::vector<int> ours = as_int8(run(logistic_model(scale, zero), {all_values()}));
        for (int i = 0; i < 256; ++i) {
            int value = static_cast<std::int8_t>(i);
            float x = scale * static_cast<float>(value - zero);
            float probability = 1.0f / (1.0f + std::exp(-x));
            int expected = clamp_int8(static_cast<int>(std::round(probability * 256.0f)) - 128);
            differences += ours[static_cast<std::size_t>(i)] != expected ? 1 : 0;
        }
    }
    EXPECT_EQ(differences, 0) << "of " << 400 * 256;
}

TEST(LogisticTest, AHugeScaleIsAStep) {
    std::vector<int> ours = as_int8(run(logistic_model(1.0e30f, 11), {all_values()}));
    for (int i = 0; i < 256; ++i) {
        int value = static_cast<std::int8_t>(i);
        int expected = value < 11 ? -128 : value == 11 ? 0 : 127;
        EXPECT_EQ(ours[static_cast<std::size_t>(i)], expected) << value;
    }
}

TEST(LogisticTest, OutputsOfAnotherScaleAreRefused) {
    ModelSpec spec = logistic_model(0.1f, 0);
    spec.tensors[3].scales = {0.01f};
    Bytes bytes = write_model(spec);
    EXPECT_EQ(Runner(bytes).problem.reason, FR_MODEL_TENSOR_QUANTIZATION);
}

Bytes noisy(std::size_t count, std::uint32_t seed) {
    Noise noise(seed);
    return int8_data(noise.values(count, -128, 127));
}

/// Multiplies with an input of `period` elements repeated; period 1, 8 or all.
std::vector<int> multiply(const std::vector<int>& first, const std::vector<int>& second,
                          float second_scale, int second_zero, float output_scale, int output_zero,
                          std::uint32_t fused) {
    // The scales are multiplied and divided in float.
    float factor = 0.05f * second_scale / output_scale;
    Multiplier by = quantize_multiplier(static_cast<double>(factor));
    auto [low, high] = activation_range(static_cast<int>(fused), output_scale, output_zero);
    std::vector<int> result;
    for (std::size_t i = 0; i < first.size(); ++i) {
        int product = (first[i] - 7) * (second[i % second.size()] - second_zero);
        result.push_back(std::clamp(rescale_twice(product, by) + output_zero, low, high));
    }
    return result;
}

TEST(MulTest, ByItself) {
    Bytes input = noisy(96, 3);
    std::vector<int> values = as_int8(input);
    EXPECT_EQ(as_int8(run(square_model(), {input})),
              multiply(values, values, 0.05f, 7, 0.02f, -90, 0));
}

TEST(MulTest, ByAChannelVectorAndByOneNumber) {
    const std::vector<int> channels = {1, -2, 3, 127, -128, 0, 50, 9};
    Bytes input = noisy(96, 4);
    for (std::uint32_t fused : {0u, 1u, 2u, 3u}) {
        EXPECT_EQ(as_int8(run(mul_model(weights({8}, channels, {0.01f}), 0.003f, fused), {input})),
                  multiply(as_int8(input), channels, 0.01f, 0, 0.003f, -11, fused));
        EXPECT_EQ(
            as_int8(run(mul_model(weights({1, 1, 1, 1}, {-77}, {0.011f}), 0.06f, fused), {input})),
            multiply(as_int8(input), {-77}, 0.011f, 0, 0.06f, -11, fused));
    }
}

TEST(MulTest, ShapesThatDoNotBroadcastAreRefused) {
    Bytes bytes = write_model(mul_model(weights({7}, {1, 2, 3, 4, 5, 6, 7}, {0.01f}), 0.1f, 0));
    EXPECT_EQ(Runner(bytes).problem.reason, FR_MODEL_TENSOR_SHAPE);
}

/// Sums of [5, 6, 9] over the first two axes.
std::vector<int> channel_sums(const std::vector<int>& values) {
    std::vector<int> sums(9, 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
        sums[i % 9] += values[i];
    }
    return sums;
}

TEST(MeanTest, OverHeightAndWidthRescalesTheSum) {
    Bytes input = noisy(270, 5);
    std::vector<int> expected;
    float factor = 0.1f / (30.0f * 0.07f);
    int bias = 20 - static_cast<int>(-3 * 0.1f / 0.07f - 0.5f);
    for (int sum : channel_sums(as_int8(input))) {
        Multiplier by = quantize_multiplier(static_cast<double>(factor));
        expected.push_back(clamp_int8(rescale_twice(sum, by) + bias));
    }
    EXPECT_EQ(as_int8(run(mean_model({1, 2}, {1, 1, 1, 9}, true, 0.07f, 20), {input})), expected);
}

TEST(MeanTest, UnderEqualQuantizationIsAnIntegerDivision) {
    Bytes input = noisy(270, 6);
    std::vector<int> expected;
    for (int sum : channel_sums(as_int8(input))) {
        expected.push_back(sum / 30);
    }
    EXPECT_EQ(as_int8(run(mean_model({1, 2}, {1, 9}, false, 0.1f, -3), {input})), expected);
}

TEST(MeanTest, OtherwiseIsAsInFloat) {
    Bytes input = noisy(270, 8);
    Noise noise(9);
    for (int round = 0; round < 200; ++round) {
        float output_scale = static_cast<float>(noise.between(1, 400)) / 777.0f;
        int zero = noise.between(-128, 127);
        float scale = 0.1f / output_scale;
        float bias = 3.0f * scale;
        std::vector<int> expected;
        for (int sum : channel_sums(as_int8(input))) {
            float product = static_cast<float>(sum) / 30.0f * scale;
            float shifted = product + bias;
            expected.push_back(clamp_int8(static_cast<int>(std::round(shifted)) + zero));
        }
        EXPECT_EQ(as_int8(run(mean_model({1, 2}, {1, 9}, false, output_scale, zero), {input})),
                  expected)
            << output_scale << " " << zero;
    }
}

TEST(MeanTest, AxesMustBeThereOnce) {
    Bytes twice = write_model(mean_model({1, 1}, {1, 6, 9}, false, 0.1f, 0));
    EXPECT_EQ(Runner(twice).problem.reason, FR_MODEL_TENSOR_SHAPE);
    Bytes absent = write_model(mean_model({4}, {1, 5, 6, 9}, false, 0.1f, 0));
    EXPECT_EQ(Runner(absent).problem.reason, FR_MODEL_TENSOR_SHAPE);
}

}  // namespace
}  // namespace frugal::test
