// SPDX-License-Identifier: Apache-2.0
// What fr_model_open() refuses, and what it says about it: a table of models with one thing wrong.
#include <functional>

#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

/// conv 3x3 -> reshape -> dense -> softmax, all in order.
ModelSpec good_model() {
    Noise noise(7);
    ModelSpec spec;
    spec.tensors = {activation({1, 4, 4, 2}, 0.1f, -3),                                      // 0
                    weights({3, 3, 3, 2}, noise.values(54, -127, 127), {0.1f, 0.2f, 0.3f}),  // 1
                    bias({1, 2, 3}, 0.01f),                                                  // 2
                    activation({1, 4, 4, 3}, 0.2f, 5),                                       // 3
                    activation({1, 48}, 0.2f, 5),                                            // 4
                    weights({2, 48}, noise.values(96, -127, 127), {0.05f}),                  // 5
                    activation({1, 2}, 0.3f, 0),                                             // 6
                    activation({1, 2}, 1.0f / 256, -128)};                                   // 7
    spec.operators = {{3, 3, {0, 1, 2}, {3}, 1, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 1, 0}}, ""},
                      {22, 1, {3}, {4}, 17, {}, ""},
                      {9, 4, {4, 5, -1}, {6}, 8, {{0, 1, 0}}, ""},
                      {25, 2, {6}, {7}, 9, {{0, 4, float_bits(1.0f)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {7};
    return spec;
}

struct RefusalCase {
    const char* name;
    std::function<void(ModelSpec&)> spoil;
    fr_status_t status;
    fr_model_reason_t reason;
    int operator_index = -1;
    int tensor_index = -1;
};

class RefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(RefusalTest, SaysWhatIsWrong) {
    ModelSpec spec = good_model();
    GetParam().spoil(spec);
    Bytes bytes = write_model(spec);
    fr_model_t model;
    fr_model_problem_t problem;
    EXPECT_EQ(fr_model_open(&model, bytes.data(), bytes.size(), &problem), GetParam().status);
    EXPECT_EQ(problem.reason, GetParam().reason) << fr_model_reason_text(problem.reason);
    EXPECT_EQ(problem.operator_index, GetParam().operator_index);
    EXPECT_EQ(problem.tensor_index, GetParam().tensor_index);
    EXPECT_EQ(fr_model_open(&model, bytes.data(), bytes.size(), nullptr), GetParam().status);
}

constexpr auto kMalformed = FR_ERROR_MALFORMED;
constexpr auto kUnsupported = FR_ERROR_UNSUPPORTED;

const RefusalCase kRefusals[] = {
    {"schema", [](ModelSpec& m) { m.version = 2; }, kUnsupported, FR_MODEL_NOT_TFLITE},
    {"operator_missing", [](ModelSpec& m) { m.operators[2].code = 27; }, kUnsupported,
     FR_MODEL_OPERATOR_MISSING, 2},
    {"operator_beyond_127", [](ModelSpec& m) { m.operators[1].code = 150; }, kUnsupported,
     FR_MODEL_OPERATOR_MISSING, 1},
    {"custom", [](ModelSpec& m) { m.operators[1].code = 32; }, kUnsupported,
     FR_MODEL_OPERATOR_MISSING, 1},
    {"version", [](ModelSpec& m) { m.operators[0].version = 99; }, kUnsupported,
     FR_MODEL_OPERATOR_VERSION, 0},
    {"version_zero", [](ModelSpec& m) { m.operators[0].version = 0; }, kUnsupported,
     FR_MODEL_OPERATOR_VERSION, 0},
    {"activation_tanh", [](ModelSpec& m) { m.operators[0].options[3].value = 4; }, kUnsupported,
     FR_MODEL_OPERATOR_OPTION, 0},
    {"padding_unknown", [](ModelSpec& m) { m.operators[0].options[0].value = 2; }, kUnsupported,
     FR_MODEL_OPERATOR_OPTION, 0},
    {"stride_zero", [](ModelSpec& m) { m.operators[0].options[1].value = 0; }, kMalformed,
     FR_MODEL_TENSOR_SHAPE, 0, 3},
    {"stride_negative", [](ModelSpec& m) { m.operators[0].options[2].value = 0x80000000u; },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 3},
    {"shuffled_weights",
     [](ModelSpec& m) {
         m.operators[2].options.push_back({1, 1, 1});
     },
     kUnsupported, FR_MODEL_OPERATOR_OPTION, 2},
    {"no_options", [](ModelSpec& m) { m.operators[0].options_type = 0; }, kMalformed,
     FR_MODEL_BAD_STRUCTURE, 0},
    {"other_options", [](ModelSpec& m) { m.operators[0].options_type = 2; }, kMalformed,
     FR_MODEL_BAD_STRUCTURE, 0},
    {"too_few_inputs", [](ModelSpec& m) { m.operators[0].inputs = {0}; }, kMalformed,
     FR_MODEL_OPERATOR_PORTS, 0},
    {"too_many_inputs",
     [](ModelSpec& m) {
         m.operators[0].inputs = {0, 1, 2, 2};
     },
     kMalformed, FR_MODEL_OPERATOR_PORTS, 0},
    {"two_outputs",
     [](ModelSpec& m) {
         m.operators[0].outputs = {3, 4};
     },
     kMalformed, FR_MODEL_OPERATOR_PORTS, 0},
    {"input_left_out",
     [](ModelSpec& m) {
         m.operators[0].inputs = {-1, 1, 2};
     },
     kMalformed, FR_MODEL_TENSOR_INDEX, 0, -1},
    {"input_index",
     [](ModelSpec& m) {
         m.operators[0].inputs = {0, 8, 2};
     },
     kMalformed, FR_MODEL_TENSOR_INDEX, 0, 8},
    {"output_index", [](ModelSpec& m) { m.operators[0].outputs = {1000}; }, kMalformed,
     FR_MODEL_TENSOR_INDEX, 0, 1000},
    {"model_input_index", [](ModelSpec& m) { m.inputs = {8}; }, kMalformed, FR_MODEL_TENSOR_INDEX,
     -1, 8},
    {"model_output_index", [](ModelSpec& m) { m.outputs = {-5}; }, kMalformed,
     FR_MODEL_TENSOR_ORDER, -1, -5},
    {"float_input",
     [](ModelSpec& m) {
         m.tensors[0].type = kFloat32;
         m.tensors[0].zero_points = {0};
     },
     kUnsupported, FR_MODEL_TENSOR_TYPE, 0, 0},
    {"int64_input",
     [](ModelSpec& m) {
         m.tensors[0].type = 4;
         m.tensors[0].zero_points = {0};
     },
     kUnsupported, FR_MODEL_TENSOR_TYPE, -1, 0},
    {"uint8_weights", [](ModelSpec& m) { m.tensors[5].type = kUint8; }, kUnsupported,
     FR_MODEL_TENSOR_TYPE, 2, 5},
    {"rank_six", [](ModelSpec& m) { m.tensors[4].shape = {1, 1, 1, 1, 1, 48}; }, kMalformed,
     FR_MODEL_TENSOR_SHAPE, 1, 4},
    {"dimension_zero",
     [](ModelSpec& m) {
         m.tensors[3].shape = {1, 0, 4, 3};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 3},
    {"dimension_negative",
     [](ModelSpec& m) {
         m.tensors[3].shape = {1, -4, 4, 3};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 3},
    {"product_overflow",
     [](ModelSpec& m) {
         m.tensors[0].shape = {65536, 65536, 65536, 65536};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, -1, 0},
    {"channels",
     [](ModelSpec& m) {
         m.tensors[0].shape = {1, 4, 4, 1};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 1},
    {"output_size",
     [](ModelSpec& m) {
         m.tensors[3].shape = {1, 4, 5, 3};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 3},
    {"reshape_size",
     [](ModelSpec& m) {
         m.tensors[4].shape = {1, 47};
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 1, 4},
    {"no_scale",
     [](ModelSpec& m) {
         m.tensors[3].scales.clear();
         m.tensors[3].zero_points.clear();
     },
     kUnsupported, FR_MODEL_TENSOR_QUANTIZATION, 0, 3},
    {"scale_zero", [](ModelSpec& m) { m.tensors[3].scales = {0.0f}; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 3},
    {"scale_negative", [](ModelSpec& m) { m.tensors[0].scales = {-1.0f}; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 0},
    {"scale_infinite", [](ModelSpec& m) { m.tensors[1].scales[2] = 1.0f / 0.0f; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"scale_extreme", [](ModelSpec& m) { m.tensors[1].scales[1] = 1e30f; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"scale_count",
     [](ModelSpec& m) {
         m.tensors[1].scales = {1, 1};
         m.tensors[1].zero_points = {0, 0};
     },
     kUnsupported, FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"scale_axis", [](ModelSpec& m) { m.tensors[1].quantized_dimension = 3; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"zero_point_count",
     [](ModelSpec& m) {
         m.tensors[1].zero_points = {0, 0};
     },
     kUnsupported, FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"zero_point_range", [](ModelSpec& m) { m.tensors[0].zero_points = {128}; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, -1, 0},
    {"zero_point_wide", [](ModelSpec& m) { m.tensors[0].zero_points = {1ll << 40}; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, -1, 0},
    {"weight_zero_point", [](ModelSpec& m) { m.tensors[1].zero_points[1] = 1; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 0, 1},
    {"weights_missing", [](ModelSpec& m) { m.tensors[1].data.clear(); }, kMalformed,
     FR_MODEL_TENSOR_ORDER, 0, 1},
    {"weights_short", [](ModelSpec& m) { m.tensors[1].data.pop_back(); }, kMalformed,
     FR_MODEL_TENSOR_DATA, 0, 1},
    {"bias_long",
     [](ModelSpec& m) {
         m.tensors[2] = bias({1, 2, 3, 4}, 1);
     },
     kMalformed, FR_MODEL_TENSOR_SHAPE, 0, 2},
    {"softmax_scale", [](ModelSpec& m) { m.tensors[7].scales = {0.1f}; }, kUnsupported,
     FR_MODEL_TENSOR_QUANTIZATION, 3, 7},
    {"softmax_beta", [](ModelSpec& m) { m.operators[3].options[0].value = 0; }, kUnsupported,
     FR_MODEL_OPERATOR_OPTION, 3},
    {"read_too_early", [](ModelSpec& m) { std::swap(m.operators[1], m.operators[2]); }, kMalformed,
     FR_MODEL_TENSOR_ORDER, 1, 4},
    {"written_twice",
     [](ModelSpec& m) {
         m.operators[3].outputs = {6};
         m.tensors[6] = m.tensors[7];
     },
     kMalformed, FR_MODEL_TENSOR_ORDER, 3, 6},
    {"writes_model_input", [](ModelSpec& m) { m.operators[3].outputs = {0}; }, kMalformed,
     FR_MODEL_TENSOR_ORDER, 3, 0},
    {"writes_constant", [](ModelSpec& m) { m.operators[3].outputs = {5}; }, kMalformed,
     FR_MODEL_TENSOR_ORDER, 3, 5},
    {"output_unwritten", [](ModelSpec& m) { m.operators.pop_back(); }, kMalformed,
     FR_MODEL_TENSOR_ORDER, -1, 7},
    {"constant_input", [](ModelSpec& m) { m.inputs = {1}; }, kMalformed, FR_MODEL_TENSOR_ORDER, -1,
     1},
    {"no_inputs", [](ModelSpec& m) { m.inputs.clear(); }, kMalformed, FR_MODEL_BAD_STRUCTURE},
    {"nine_inputs", [](ModelSpec& m) { m.inputs.assign(9, 0); }, FR_ERROR_LIMIT, FR_MODEL_LIMIT},
    {"too_many_tensors",
     [](ModelSpec& m) { m.tensors.resize(FR_MODEL_TENSORS_MAX + 1, activation({1}, 1, 0)); },
     FR_ERROR_LIMIT, FR_MODEL_LIMIT},
    {"too_many_operators",
     [](ModelSpec& m) { m.operators.resize(FR_MODEL_OPERATORS_MAX + 1, m.operators[3]); },
     FR_ERROR_LIMIT, FR_MODEL_LIMIT},
    {"accumulator_depth",
     [](ModelSpec& m) {
         m.tensors[4].shape = {1, 32769};
         m.tensors[3].shape = {1, 1, 1, 32769};
         m.tensors[5] = weights({1, 32769}, std::vector<int>(32769, 1), {0.05f});
         m.tensors[6].shape = {1, 1};
         m.operators.erase(m.operators.begin());
         m.inputs = {3};
     },
     FR_ERROR_LIMIT, FR_MODEL_LIMIT, 1},
    {"too_much_work",
     [](ModelSpec& m) {
         m.tensors[0].shape = {1, 2048, 2048, 2};
         m.tensors[3].shape = {1, 2048, 2048, 3};
         m.tensors[1] = weights({3, 11, 11, 2}, std::vector<int>(726, 1), {0.1f, 0.2f, 0.3f});
     },
     FR_ERROR_LIMIT, FR_MODEL_LIMIT, 0},
};

INSTANTIATE_TEST_SUITE_P(Models, RefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& one) { return one.param.name; });

TEST(OpenTest, TheGoodModelOpens) {
    Bytes bytes = write_model(good_model());
    Runner runner(bytes);
    EXPECT_EQ(runner.status, FR_OK) << fr_model_reason_text(runner.problem.reason);
    EXPECT_EQ(runner.problem.reason, FR_MODEL_FINE);
}

TEST(OpenTest, EveryReasonHasAText) {
    for (int reason = FR_MODEL_FINE; reason <= FR_MODEL_LIMIT; ++reason) {
        std::string text = fr_model_reason_text(static_cast<fr_model_reason_t>(reason));
        EXPECT_NE(text, "unknown reason") << reason;
    }
}

TEST(OpenTest, VersionsOfBuiltInOperatorsAreKnown) {
    EXPECT_EQ(fr_operator_version_max(3), 8);
    EXPECT_EQ(fr_operator_version_max(27), 0);
    EXPECT_EQ(fr_operator_version_max(-1), 0);
}

TEST(OpenTest, EveryTruncationIsRefused) {
    Bytes whole = write_model(good_model());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        fr_model_t model;
        fr_model_problem_t problem;
        fr_status_t status = fr_model_open(&model, bytes.data(), bytes.size(), &problem);
        // FlatBuffers builds from the back: the last bytes may be padding nothing points to.
        if (status == FR_OK) {
            EXPECT_GT(size + 16, whole.size());
        }
    }
}

}  // namespace
}  // namespace frugal::test
