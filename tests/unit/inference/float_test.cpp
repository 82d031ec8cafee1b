// SPDX-License-Identifier: Apache-2.0
// The gateway's float32 kernels. Values are small whole numbers, so that every sum is exact and the
// plain integer loops of the device's tests are the reference.
#include <cmath>

#include "inference/float/operators.hpp"
#include "inference/run_model.hpp"
#include "model/tflite/summary.hpp"
#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::inference {
namespace {

using test::Bytes;
using test::ModelSpec;
using test::TensorSpec;

Bytes float_bytes(const std::vector<float>& values) {
    Bytes bytes(4 * values.size());
    if (!bytes.empty()) {
        std::memcpy(bytes.data(), values.data(), bytes.size());
    }
    return bytes;
}

std::vector<float> as_floats(const std::vector<int>& values) {
    return {values.begin(), values.end()};
}

TensorSpec floats(std::vector<std::int32_t> shape, const std::vector<float>& values = {}) {
    return TensorSpec{std::move(shape), test::kFloat32, {}, {}, 0, float_bytes(values), ""};
}

/// Runs a model whose only output is float32.
std::vector<float> run_floats(const ModelSpec& spec, const std::vector<float>& input) {
    auto result = run_model(test::write_model(spec), float_bytes(input));
    EXPECT_TRUE(result) << result.error().describe();
    if (!result) {
        return {};
    }
    const std::vector<double>& data = result->steps[0][0].data;
    return {data.begin(), data.end()};
}

/// A model of one operator on tensor 0; the last tensor is the output.
ModelSpec one_operator(std::vector<TensorSpec> tensors, test::OperatorSpec one) {
    ModelSpec spec;
    spec.tensors = std::move(tensors);
    spec.inputs = {0};
    spec.outputs = {static_cast<std::int32_t>(spec.tensors.size()) - 1};
    one.outputs = spec.outputs;
    spec.operators = {std::move(one)};
    return spec;
}

ModelSpec layer_model(const test::ConvolutionCase& c, const test::LayerData& data) {
    std::vector<std::int32_t> shape = {c.outputs, c.filter_height, c.filter_width, c.channels};
    if (c.is_depthwise) {
        shape = {1, c.filter_height, c.filter_width, c.outputs};
    }
    auto value = [](int number) { return static_cast<std::uint32_t>(number); };
    std::vector<test::OptionSpec> options = {
        {0, 1, c.is_same ? 0u : 1u}, {1, 4, value(c.stride_width)}, {2, 4, value(c.stride_height)}};
    std::uint16_t next = c.is_depthwise ? 4 : 3;
    options.push_back({next, 1, value(c.activation)});
    options.push_back({++next, 4, value(c.dilation_width)});
    options.push_back({++next, 4, value(c.dilation_height)});
    std::vector<float> bias(data.bias.begin(), data.bias.end());
    return one_operator(
        {floats({c.batch, c.height, c.width, c.channels}),
         floats(std::move(shape), as_floats(data.weights)), floats({c.outputs}, bias),
         floats({c.batch, c.output_height(), c.output_width(), c.outputs})},
        test::plain_operator(c.is_depthwise ? 4 : 3, 1, {0, 1, 2}, {},
                             static_cast<std::uint8_t>(c.is_depthwise ? 2 : 1), options));
}

class FloatLayerTest : public testing::TestWithParam<test::ConvolutionCase> {};

TEST_P(FloatLayerTest, SumsTheRightProducts) {
    const test::ConvolutionCase& c = GetParam();
    test::Noise noise(11);
    test::LayerData data;
    auto count = [](int a, int b, int d, int e) { return static_cast<std::size_t>(a * b * d * e); };
    data.input = noise.values(count(c.batch, c.height, c.width, c.channels), -9, 9);
    int depth = c.is_depthwise ? 1 : c.channels;
    data.weights = noise.values(count(c.outputs, c.filter_height, c.filter_width, depth), -5, 5);
    data.bias = noise.values(static_cast<std::size_t>(c.outputs), -20, 20);
    std::vector<float> expected;
    for (int b = 0; b < c.batch; ++b) {
        for (int y = 0; y < c.output_height(); ++y) {
            for (int x = 0; x < c.output_width(); ++x) {
                for (int o = 0; o < c.outputs; ++o) {
                    int sum = test::accumulate(c, data, b, y, x, o);
                    expected.push_back(static_cast<float>(c.activation == 3 ? std::clamp(sum, 0, 6)
                                                          : c.activation == 1 ? std::max(sum, 0)
                                                                              : sum));
                }
            }
        }
    }
    EXPECT_EQ(run_floats(layer_model(c, data), as_floats(data.input)), expected);
}

const test::ConvolutionCase kLayers[] = {
    {"plain", 1, 5, 6, 3, 4, 3, 3, 1, 1, 1, 1, true, false, false, true, 0},
    {"strided", 2, 9, 8, 2, 3, 3, 2, 2, 3, 1, 1, false, false, false, true, 1},
    {"dilated", 1, 9, 9, 1, 2, 3, 3, 1, 1, 2, 3, true, false, false, true, 3},
    {"depthwise", 1, 6, 5, 4, 4, 3, 3, 1, 2, 1, 1, true, true, false, true, 1},
    {"depthwise_multiplier", 2, 5, 5, 2, 6, 2, 3, 1, 1, 2, 1, false, true, false, true, 0},
};

INSTANTIATE_TEST_SUITE_P(Geometries, FloatLayerTest, testing::ValuesIn(kLayers),
                         [](const auto& one) { return one.param.name; });

TEST(FloatTest, FullyConnected) {
    ModelSpec spec = one_operator({floats({2, 3}), floats({2, 3}, {1, 2, 3, -1, 0, 4}),
                                   floats({2}, {10, -20}), floats({2, 2})},
                                  test::plain_operator(9, 1, {0, 1, 2}, {}, 8, {{0, 1, 0}}));
    EXPECT_EQ(run_floats(spec, {1, 1, 1, 2, 0, -1}), (std::vector<float>{16, -17, 9, -26}));
}

TEST(FloatTest, HybridWeightsQuantizeEachRowOfTheInput) {
    ModelSpec spec =
        one_operator({floats({2, 2}), test::weights({1, 2}, {100, -50}, {0.01f}), floats({2, 1})},
                     test::plain_operator(9, 3, {0, 1, -1}, {}, 8, {{0, 1, 0}}));
    // Row 0: step 4/127, so 4 is 127 and 1 is 32; row 1 is all zeros.
    std::vector<float> output = run_floats(spec, {4, 1, 0, 0});
    ASSERT_EQ(output.size(), 2u);
    EXPECT_FLOAT_EQ(output[0], (127.0f * 100 - 32 * 50) * 4 / 127 * 0.01f);
    EXPECT_EQ(output[1], 0);
}

TEST(FloatTest, Pools) {
    std::vector<test::OptionSpec> options = {{0, 1, 0}, {1, 4, 2}, {2, 4, 2},
                                             {3, 4, 2}, {4, 4, 2}, {5, 1, 0}};
    auto pool = [&](std::int32_t code) {
        return one_operator({floats({1, 3, 3, 1}), floats({1, 2, 2, 1})},
                            test::plain_operator(code, 1, {0}, {}, 5, options));
    };
    const std::vector<float> input = {1, 2, 3, 4, 5, 6, 7, 8, -9};
    EXPECT_EQ(run_floats(pool(17), input), (std::vector<float>{5, 6, 8, -9}));
    EXPECT_EQ(run_floats(pool(1), input), (std::vector<float>{3, 4.5, 7.5, -9}));
}

TEST(FloatTest, AddAndMultiplyBroadcast) {
    auto binary = [](std::int32_t code, std::uint32_t fused) {
        return one_operator(
            {floats({2, 3}), floats({3}, {10, -20, 30}), floats({2, 3})},
            test::plain_operator(code, 1, {0, 1}, {},
                                 static_cast<std::uint8_t>(code == 0 ? 11 : 21), {{0, 1, fused}}));
    };
    const std::vector<float> input = {1, 2, 3, 4, 5, -6};
    EXPECT_EQ(run_floats(binary(0, 0), input), (std::vector<float>{11, -18, 33, 14, -15, 24}));
    EXPECT_EQ(run_floats(binary(18, 1), input), (std::vector<float>{10, 0, 90, 40, 0, 0}));
}

TEST(FloatTest, ElementwiseFunctions) {
    auto unary = [](std::int32_t code) {
        return one_operator({floats({1, 4}), floats({1, 4})},
                            test::plain_operator(code, 1, {0}, {}));
    };
    const std::vector<float> input = {-1.5f, 0, 2.5f, 9};
    EXPECT_EQ(run_floats(unary(19), input), (std::vector<float>{0, 0, 2.5f, 9}));
    EXPECT_EQ(run_floats(unary(21), input), (std::vector<float>{0, 0, 2.5f, 6}));
    std::vector<float> logistic = run_floats(unary(14), input);
    std::vector<float> tanh = run_floats(unary(28), input);
    for (std::size_t i = 0; i < input.size(); ++i) {
        EXPECT_NEAR(logistic[i], 1 / (1 + std::exp(-input[i])), 1e-7);
        EXPECT_NEAR(tanh[i], std::tanh(input[i]), 1e-7);
    }
}

TEST(FloatTest, SoftmaxOfEachRow) {
    ModelSpec spec =
        one_operator({floats({2, 2}), floats({2, 2})},
                     test::plain_operator(25, 1, {0}, {}, 9, {{0, 4, test::float_bits(2.0f)}}));
    std::vector<float> output = run_floats(spec, {1000, 1000, 0, 1});
    EXPECT_FLOAT_EQ(output[0], 0.5f);
    EXPECT_FLOAT_EQ(output[3], 1 / (1 + std::exp(-2.0f)));
    EXPECT_FLOAT_EQ(output[2] + output[3], 1);
}

TEST(FloatTest, MeanOverAxes) {
    ModelSpec spec = one_operator({floats({1, 2, 3}), test::numbers({1}, {-1}), floats({1, 2})},
                                  test::plain_operator(40, 1, {0, 1}, {}, 27, {{0, 1, 0}}));
    EXPECT_EQ(run_floats(spec, {1, 2, 3, -6, 0, 3}), (std::vector<float>{2, -1}));
}

TEST(FloatTest, TheDeviceRefusesWhatOnlyTheGatewayRuns) {
    ModelSpec spec =
        one_operator({floats({1, 4}), floats({1, 4})}, test::plain_operator(19, 1, {0}, {}));
    auto summary = model::read_model(test::write_model(spec));
    ASSERT_TRUE(summary);
    EXPECT_FALSE(summary->is_runnable);
    EXPECT_TRUE(run_model(test::write_model(spec), Bytes(16)));
}

TEST(FloatTest, AQuantizedModelRunsOnTheDevicesOwnKernels) {
    for (const test::NamedModel& one : test::computing_models()) {
        Bytes bytes = test::write_model(one.spec);
        test::Runner device(bytes);
        ASSERT_EQ(device.status, FR_OK);
        std::size_t size = 0;
        std::uint8_t* data = nullptr;
        ASSERT_EQ(fr_interpreter_input(&device.interpreter, 0, &data, &size), FR_OK);
        Bytes input = test::int8_data(test::Noise(3).values(size, -128, 127));
        device.set_input(0, input);
        ASSERT_EQ(fr_interpreter_invoke(&device.interpreter), FR_OK);
        auto result = run_model(bytes, input);
        ASSERT_TRUE(result) << one.name;
        EXPECT_EQ(result->steps[0][0].bytes, device.output()) << one.name;
    }
}

struct RefusalCase {
    const char* name;
    std::function<void(ModelSpec&)> spoil;
    const char* says;
};

class FloatRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(FloatRefusalTest, SaysWhy) {
    ModelSpec spec = one_operator(
        {floats({1, 2}), floats({2, 2}, {1, 2, 3, 4}), floats({2}, {0, 0}), floats({1, 2})},
        test::plain_operator(9, 1, {0, 1, 2}, {}, 8, {{0, 1, 0}}));
    GetParam().spoil(spec);
    auto result = run_model(test::write_model(spec), Bytes(8));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().describe(), testing::HasSubstr(GetParam().says));
}

const RefusalCase kRefusals[] = {
    {"bias_type", [](ModelSpec& m) { m.tensors[2].type = test::kInt32; }, "on INT32"},
    {"bias_size", [](ModelSpec& m) { m.tensors[2] = floats({1}, {0}); }, "shape"},
    {"weights_rank", [](ModelSpec& m) { m.tensors[1].shape = {4}; }, "shape"},
    {"output_type", [](ModelSpec& m) { m.tensors[3].type = test::kInt32; }, "on INT32"},
    {"activation", [](ModelSpec& m) { m.operators[0].options[0].value = 4; }, "option"},
    {"asymmetric_hybrid",
     [](ModelSpec& m) {
         m.tensors[1] = test::weights({2, 2}, {1, 2, 3, 4}, {0.1f});
         m.operators[0].options.push_back({3, 1, 1});
     },
     "option"},
};

INSTANTIATE_TEST_SUITE_P(Dense, FloatRefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace frugal::inference
