// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED against plain loops, with one scale, one for each unit, and weights with a zero
// point.
#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

struct DenseCase {
    const char* name;
    int rows, depth, units;
    int weight_zero;
    bool is_per_channel, has_bias;
    int activation;
};

struct Dense {
    LayerData data;
    ModelSpec spec;
};

Dense make_dense(const DenseCase& c, std::uint32_t seed) {
    Noise noise(seed);
    Dense dense;
    LayerData& data = dense.data;
    data.input = noise.values(static_cast<std::size_t>(c.rows * c.depth), -128, 127);
    data.weights = noise.values(static_cast<std::size_t>(c.units * c.depth), -128, 127);
    for (int unit = 0; unit < c.units; ++unit) {
        data.bias.push_back(noise.between(-9000, 9000));
    }
    for (int unit = 0; unit < (c.is_per_channel ? c.units : 1); ++unit) {
        data.weight_scales.push_back(0.0003f + 0.00007f * static_cast<float>(unit));
    }
    data.input_scale = 0.0391f;
    data.output_scale = 0.0617f;
    data.input_zero = noise.between(-128, 127);
    data.output_zero = noise.between(-20, 20);
    TensorSpec weight_tensor = weights({c.units, c.depth}, data.weights, data.weight_scales);
    weight_tensor.zero_points.assign(data.weight_scales.size(), c.weight_zero);
    dense.spec.tensors = {activation({c.rows, c.depth}, data.input_scale, data.input_zero),
                          weight_tensor, bias(data.bias, 1.0f),
                          activation({c.rows, c.units}, data.output_scale, data.output_zero)};
    OperatorSpec one;
    one.code = 9;
    one.version = 4;
    one.inputs = {0, 1, c.has_bias ? 2 : -1};
    one.outputs = {3};
    one.options_type = 8;
    one.options = {{0, 1, static_cast<std::uint32_t>(c.activation)}};
    dense.spec.operators = {one};
    dense.spec.inputs = {0};
    dense.spec.outputs = {3};
    return dense;
}

std::vector<int> expected_output(const DenseCase& c, const LayerData& data) {
    std::vector<int> output;
    auto [low, high] = activation_range(c.activation, data.output_scale, data.output_zero);
    for (int row = 0; row < c.rows; ++row) {
        for (int unit = 0; unit < c.units; ++unit) {
            std::int32_t sum = c.has_bias ? data.bias[static_cast<std::size_t>(unit)] : 0;
            for (int i = 0; i < c.depth; ++i) {
                sum +=
                    (data.weights[static_cast<std::size_t>(unit * c.depth + i)] - c.weight_zero) *
                    (data.input[static_cast<std::size_t>(row * c.depth + i)] - data.input_zero);
            }
            // One scale: the product is a float. Several: it is a double.
            volatile float float_product = data.input_scale * data.weight_scales[0];
            double product =
                c.is_per_channel
                    ? static_cast<double>(data.input_scale) *
                          static_cast<double>(data.weight_scales[static_cast<std::size_t>(unit)])
                    : static_cast<double>(float_product);
            Multiplier by = quantize_multiplier(product / static_cast<double>(data.output_scale));
            output.push_back(std::clamp(rescale_once(sum, by) + data.output_zero, low, high));
        }
    }
    return output;
}

const DenseCase kCases[] = {
    {"small", 1, 3, 2, 0, false, true, 0},        {"wide", 1, 784, 10, 0, false, true, 1},
    {"many_units", 1, 16, 67, 0, false, true, 3}, {"rows", 5, 33, 17, 0, false, false, 0},
    {"per_unit", 2, 40, 20, 0, true, true, 0},    {"weight_zero", 1, 50, 9, 7, false, true, 2},
    {"one_by_one", 1, 1, 1, 0, false, true, 0},
};

class DenseTest : public testing::TestWithParam<DenseCase> {};

TEST_P(DenseTest, EqualsPlainLoops) {
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        Dense dense = make_dense(GetParam(), seed);
        Bytes output = run(dense.spec, {int8_data(dense.data.input)});
        ASSERT_EQ(as_int8(output), expected_output(GetParam(), dense.data)) << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, DenseTest, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.name; });

TEST(DenseByHandTest, FlattensAnImage) {
    Dense dense = make_dense({"hand", 1, 4, 2, 0, false, true, 0}, 1);
    dense.spec.tensors[0].shape = {1, 2, 2, 1};
    EXPECT_EQ(as_int8(run(dense.spec, {int8_data(dense.data.input)})),
              expected_output({"hand", 1, 4, 2, 0, false, true, 0}, dense.data));
}

TEST(DenseByHandTest, HugeBiasWrapsInsteadOfBreaking) {
    Dense dense = make_dense({"hand", 1, 4, 1, 0, false, true, 0}, 1);
    dense.spec.tensors[2] = bias({INT32_MAX}, 1.0f);
    EXPECT_EQ(run(dense.spec, {int8_data({127, 127, 127, 127})}).size(), 1u);
}

}  // namespace
}  // namespace frugal::test
