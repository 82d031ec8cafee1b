// SPDX-License-Identifier: Apache-2.0
// CONV_2D, DEPTHWISE_CONV_2D and the pools: hand-computed cases, then a table of geometries against
// plain loops.
#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

std::vector<OptionSpec> window_options(const ConvolutionCase& c) {
    auto as_u32 = [](int value) { return static_cast<std::uint32_t>(value); };
    std::uint16_t shift = c.is_depthwise ? 1 : 0;  // depth_multiplier stands in between
    std::vector<OptionSpec> options = {{0, 1, c.is_same ? 0u : 1u},
                                       {1, 4, as_u32(c.stride_width)},
                                       {2, 4, as_u32(c.stride_height)}};
    options.push_back({static_cast<std::uint16_t>(3 + shift), 1, as_u32(c.activation)});
    options.push_back({static_cast<std::uint16_t>(4 + shift), 4, as_u32(c.dilation_width)});
    options.push_back({static_cast<std::uint16_t>(5 + shift), 4, as_u32(c.dilation_height)});
    return options;
}

LayerData some_data(const ConvolutionCase& c, std::uint32_t seed) {
    Noise noise(seed);
    LayerData data;
    data.input = noise.values(static_cast<std::size_t>(c.batch * c.height * c.width * c.channels),
                              -128, 127);
    int weight_count =
        c.filter_height * c.filter_width * c.outputs * (c.is_depthwise ? 1 : c.channels);
    data.weights = noise.values(static_cast<std::size_t>(weight_count), -127, 127);
    for (int o = 0; o < c.outputs; ++o) {
        data.bias.push_back(noise.between(-4000, 4000));
    }
    for (int o = 0; o < (c.is_per_channel ? c.outputs : 1); ++o) {
        data.weight_scales.push_back(0.001f + 0.0001f * static_cast<float>(noise.between(0, 99)));
    }
    data.input_scale = 0.0471f;
    data.output_scale = 0.0839f;
    data.input_zero = noise.between(-128, 127);
    data.output_zero = noise.between(-60, 60);
    return data;
}

ModelSpec convolution_model(const ConvolutionCase& c, const LayerData& data) {
    std::vector<std::int32_t> weight_shape = {c.outputs, c.filter_height, c.filter_width,
                                              c.channels};
    if (c.is_depthwise) {
        weight_shape = {1, c.filter_height, c.filter_width, c.outputs};
    }
    ModelSpec spec;
    spec.tensors = {
        activation({c.batch, c.height, c.width, c.channels}, data.input_scale, data.input_zero),
        weights(weight_shape, data.weights, data.weight_scales, c.is_depthwise ? 3 : 0),
        bias(data.bias, 1.0f),
        activation({c.batch, c.output_height(), c.output_width(), c.outputs}, data.output_scale,
                   data.output_zero)};
    OperatorSpec one;
    one.code = c.is_depthwise ? 4 : 3;
    one.version = 3;
    one.inputs = {0, 1, c.has_bias ? 2 : -1};
    one.outputs = {3};
    one.options_type = c.is_depthwise ? 2 : 1;
    one.options = window_options(c);
    spec.operators = {one};
    spec.inputs = {0};
    spec.outputs = {3};
    return spec;
}

// clang-format off
const ConvolutionCase kCases[] = {
    // name            b  h   w   c   o  fh fw sh sw dh dw same   depth  perch  bias act
    {"pointwise",      1, 5,  7,  64, 33, 1, 1, 1, 1, 1, 1, true,  false, true,  true,  0},
    {"same_odd",       1, 9,  8,  3,  17, 3, 3, 2, 2, 1, 1, true,  false, true,  true,  3},
    {"valid",          2, 10, 11, 5,  4,  3, 5, 1, 2, 1, 1, false, false, false, true,  1},
    {"even_filter",    1, 49, 10, 1,  64, 10, 4, 2, 2, 1, 1, true, false, true,  true,  1},
    {"dilated",        1, 12, 13, 3,  6,  3, 2, 1, 1, 2, 3, true,  false, true,  false, 2},
    {"dilated_valid",  1, 12, 13, 3,  6,  3, 2, 2, 1, 2, 3, false, false, true,  true,  0},
    {"all_padding",    1, 2,  2,  2,  3,  3, 3, 1, 1, 4, 4, true,  false, false, true,  0},
    {"stride_beyond",  1, 7,  7,  2,  2,  1, 1, 3, 3, 1, 1, true,  false, false, false, 0},
    {"depth_plain",    1, 8,  9,  40, 40, 3, 3, 1, 1, 1, 1, true,  true,  true,  true,  3},
    {"depth_stride",   2, 9,  7,  16, 16, 3, 3, 2, 2, 1, 1, true,  true,  true,  true,  1},
    {"depth_multiple", 1, 49, 40, 1,  8,  10, 8, 2, 2, 1, 1, true, true,  true,  true,  1},
    {"depth_shared",   1, 6,  5,  7,  21, 3, 3, 1, 1, 1, 1, false, true,  false, false, 0},
    {"depth_shared17", 1, 3,  3,  3,  51, 3, 1, 1, 1, 1, 1, true,  true,  true,  true,  0},
    {"depth_dilated",  1, 9,  9,  5,  5,  3, 3, 1, 1, 2, 2, true,  true,  true,  true,  0},
    {"depth_tall",     1, 30, 1,  32, 32, 5, 1, 1, 1, 1, 1, false, true,  true,  true,  0},
};
// clang-format on

class ConvolutionTest : public testing::TestWithParam<ConvolutionCase> {};

TEST_P(ConvolutionTest, EqualsPlainLoops) {
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        LayerData data = some_data(GetParam(), seed);
        Bytes output = run(convolution_model(GetParam(), data), {int8_data(data.input)});
        ASSERT_EQ(as_int8(output), convolve(GetParam(), data)) << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Geometries, ConvolutionTest, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.name; });

TEST(ConvolutionByHandTest, TwoByTwoOverThreeByThree) {
    // Scales of one: the output is the plain sum, zero points moved.
    LayerData data;
    data.input = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    data.weights = {1, -1, 2, 3};
    data.bias = {10};
    data.weight_scales = {1.0f};
    data.output_zero = 5;
    ConvolutionCase c{"hand", 1, 3, 3, 1, 1, 2, 2, 1, 1, 1, 1, false, false, false, true, 0};
    // 1*1 - 1*2 + 2*4 + 3*5 + 10 + 5 = 37, and 5 more for each step to the right, 15 downwards.
    EXPECT_EQ(as_int8(run(convolution_model(c, data), {int8_data(data.input)})),
              (std::vector<int>{37, 42, 52, 57}));
}

TEST(ConvolutionByHandTest, PaddingCountsAsTheZeroPoint) {
    LayerData data;
    data.input = {10};
    data.weights = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    data.bias = {0};
    data.weight_scales = {1.0f};
    data.input_zero = 10;  // so the input stands for zero and padding adds nothing
    ConvolutionCase c{"hand", 1, 1, 1, 1, 1, 3, 3, 1, 1, 1, 1, true, false, false, true, 0};
    EXPECT_EQ(as_int8(run(convolution_model(c, data), {int8_data(data.input)})),
              std::vector<int>{0});
}

TEST(ConvolutionByHandTest, OneRoundingHalfUpTwoRoundingsHalfAway) {
    // A quarter of 2 and -2: half up gives 1 and 0, half away from zero 1 and -1.
    LayerData data;
    data.input = {2, -2};
    data.weights = {1};
    data.bias = {0};
    data.weight_scales = {0.25f};
    ConvolutionCase c{"hand", 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, false, false, false, true, 0};
    EXPECT_EQ(as_int8(run(convolution_model(c, data), {int8_data(data.input)})),
              (std::vector<int>{1, 0}));
    c.is_depthwise = true;
    EXPECT_EQ(as_int8(run(convolution_model(c, data), {int8_data(data.input)})),
              (std::vector<int>{1, -1}));
}

ModelSpec pool_model(int code, std::vector<std::int32_t> input, std::vector<std::int32_t> output,
                     std::uint32_t filter, std::uint32_t stride, bool is_same,
                     std::uint32_t fused = 0) {
    ModelSpec spec;
    spec.tensors = {activation(std::move(input), 0.1f, 3), activation(std::move(output), 0.1f, 3)};
    OperatorSpec one;
    one.code = code;
    one.version = 2;
    one.inputs = {0};
    one.outputs = {1};
    one.options_type = 5;
    one.options = {{0, 1, is_same ? 0u : 1u},
                   {1, 4, stride},
                   {2, 4, stride},
                   {3, 4, filter},
                   {4, 4, filter},
                   {5, 1, fused}};
    spec.operators = {one};
    spec.inputs = {0};
    spec.outputs = {1};
    return spec;
}

TEST(PoolTest, AverageRoundsAwayFromZeroAndCountsOnlyRealElements) {
    // Windows of SAME 2x2 over 3x3: four, two, two and one element.
    Bytes input = int8_data({1, 2, -1, 4, 5, -2, 7, -9, -7});
    Bytes output = run(pool_model(1, {1, 3, 3, 1}, {1, 2, 2, 1}, 2, 2, true), {input});
    EXPECT_EQ(as_int8(output), (std::vector<int>{3, -2, -1, -7}));  // 12/4, -3/2, -2/2, -7
}

TEST(PoolTest, AverageOfHalvesGoesAwayFromZero) {
    EXPECT_EQ(as_int8(run(pool_model(1, {1, 2, 2, 1}, {1, 1, 1, 1}, 2, 2, false),
                          {int8_data({1, 1, 0, 0})})),
              std::vector<int>{1});
    EXPECT_EQ(as_int8(run(pool_model(1, {1, 2, 2, 1}, {1, 1, 1, 1}, 2, 2, false),
                          {int8_data({-1, -1, 0, 0})})),
              std::vector<int>{-1});
}

TEST(PoolTest, MaximumTakesTheMostAndKeepsChannelsApart) {
    Bytes input = int8_data({1, -8, 2, -7, 3, -6, 4, -5});
    Bytes output = run(pool_model(17, {1, 2, 2, 2}, {1, 1, 1, 2}, 2, 2, false), {input});
    EXPECT_EQ(as_int8(output), (std::vector<int>{4, -5}));
}

TEST(PoolTest, FusedReluClampsAtTheZeroPoint) {
    Bytes output =
        run(pool_model(17, {1, 1, 1, 2}, {1, 1, 1, 2}, 1, 1, false, 1), {int8_data({-50, 50})});
    EXPECT_EQ(as_int8(output), (std::vector<int>{3, 50}));
}

}  // namespace
}  // namespace frugal::test
