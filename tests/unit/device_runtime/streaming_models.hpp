// SPDX-License-Identifier: Apache-2.0
// Small models of one operator of the streaming set each, in the variants that matter. In every one
// the input first goes through a variable, which is how such operators occur, and which keeps the
// oracle's delegate away. Test code only.
#pragma once

#include <utility>

#include "unit/device_runtime/model_builder.hpp"

namespace frugal::test {

struct NamedModel {
    std::string name;
    ModelSpec spec;
};

enum StreamingCode : std::int32_t {
    kConcatenation = 2,
    kLogistic = 14,
    kMul = 18,
    kReshape = 22,
    kPad = 34,
    kMean = 40,
    kStridedSlice = 45,
    kShape = 77,
    kPack = 83,
    kSplitV = 102,
    kCallOnce = 129,
    kVarHandle = 142,
    kReadVariable = 143,
    kAssignVariable = 144
};

inline TensorSpec numbers(std::vector<std::int32_t> shape,
                          const std::vector<std::int32_t>& values) {
    return TensorSpec{std::move(shape), kInt32, {}, {}, 0, int32_data(values), ""};
}

inline TensorSpec handle() {
    return TensorSpec{{}, kResource, {}, {}, 0, {}, ""};
}

inline OperatorSpec plain_operator(std::int32_t code, std::int32_t version,
                                   std::vector<std::int32_t> inputs,
                                   std::vector<std::int32_t> outputs, std::uint8_t options_type = 0,
                                   std::vector<OptionSpec> options = {}) {
    return OperatorSpec{
        code, version, std::move(inputs), std::move(outputs), options_type, std::move(options),
        "",   ""};
}

inline OperatorSpec variable_handle(std::int32_t output, std::string name) {
    OperatorSpec spec = plain_operator(kVarHandle, 1, {}, {output}, 111);
    spec.text = std::move(name);
    return spec;
}

/// Input 0 goes into a variable (handle: tensor 1) and comes out of it as tensor 2, from which a
/// test's own operators go on with tensors 3 and further.
inline ModelSpec through_variable(const TensorSpec& input) {
    ModelSpec spec;
    spec.tensors = {input, handle(), input};
    spec.operators = {variable_handle(1, "x"), plain_operator(kAssignVariable, 1, {1, 0}, {}),
                      plain_operator(kReadVariable, 1, {1}, {2})};
    spec.inputs = {0};
    return spec;
}

inline ModelSpec with_operator(ModelSpec spec, std::vector<TensorSpec> tensors, OperatorSpec one) {
    spec.outputs = one.outputs;
    for (TensorSpec& tensor : tensors) {
        spec.tensors.push_back(std::move(tensor));
    }
    spec.operators.push_back(std::move(one));
    return spec;
}

inline ModelSpec logistic_model(float scale, std::int64_t zero_point) {
    return with_operator(through_variable(activation({1, 256}, scale, zero_point)),
                         {activation({1, 256}, 1.0f / 256, -128)},
                         plain_operator(kLogistic, 2, {2}, {3}));
}

inline ModelSpec mul_model(const TensorSpec& second, float output_scale, std::uint32_t fused) {
    return with_operator(through_variable(activation({1, 3, 4, 8}, 0.05f, 7)),
                         {second, activation({1, 3, 4, 8}, output_scale, -11)},
                         plain_operator(kMul, 2, {2, 3}, {4}, 21, {{0, 1, fused}}));
}

/// The input times itself.
inline ModelSpec square_model() {
    return with_operator(through_variable(activation({1, 3, 4, 8}, 0.05f, 7)),
                         {activation({1, 3, 4, 8}, 0.02f, -90)},
                         plain_operator(kMul, 2, {2, 0}, {3}, 21, {{0, 1, 0}}));
}

inline ModelSpec mean_model(std::vector<std::int32_t> axes, std::vector<std::int32_t> shape,
                            bool keeps, float output_scale, std::int64_t output_zero) {
    auto count = static_cast<std::int32_t>(axes.size());
    return with_operator(
        through_variable(activation({1, 5, 6, 9}, 0.1f, -3)),
        {numbers({count}, axes), activation(std::move(shape), output_scale, output_zero)},
        plain_operator(kMean, 2, {2, 3}, {4}, 27, {{0, 1, keeps ? 1u : 0u}}));
}

struct SliceMasks {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t shrink = 0;
};

inline ModelSpec slice_model(const std::vector<std::int32_t>& begin,
                             const std::vector<std::int32_t>& end,
                             const std::vector<std::int32_t>& strides, SliceMasks masks,
                             std::vector<std::int32_t> shape) {
    auto count = static_cast<std::int32_t>(begin.size());
    return with_operator(
        through_variable(activation({2, 7, 3, 4}, 0.1f, 5)),
        {numbers({count}, begin), numbers({count}, end), numbers({count}, strides),
         activation(std::move(shape), 0.1f, 5)},
        plain_operator(kStridedSlice, 2, {2, 3, 4, 5}, {6}, 32,
                       {{0, 4, masks.begin}, {1, 4, masks.end}, {4, 4, masks.shrink}}));
}

/// SHAPE, STRIDED_SLICE, PACK and RESHAPE, the way converters flatten a tensor.
inline ModelSpec flatten_model() {
    ModelSpec spec = through_variable(activation({1, 3, 2, 4}, 0.1f, 0));
    spec.tensors.push_back({{4}, kInt32, {}, {}, 0, {}, ""});  // 3: the shape
    spec.tensors.push_back(numbers({1}, {0}));                 // 4
    spec.tensors.push_back(numbers({1}, {1}));                 // 5
    spec.tensors.push_back({{}, kInt32, {}, {}, 0, {}, ""});   // 6: its first length
    spec.tensors.push_back(numbers({}, {24}));                 // 7
    spec.tensors.push_back({{2}, kInt32, {}, {}, 0, {}, ""});  // 8: the new shape
    spec.tensors.push_back(activation({1, 24}, 0.1f, 0));      // 9
    spec.operators.push_back(plain_operator(kShape, 1, {2}, {3}, 55, {{0, 1, 2}}));
    spec.operators.push_back(plain_operator(kStridedSlice, 1, {3, 4, 5, 5}, {6}, 32, {{4, 4, 1}}));
    spec.operators.push_back(plain_operator(kPack, 1, {6, 7}, {8}, 59, {{0, 4, 2}, {1, 4, 0}}));
    spec.operators.push_back(plain_operator(kReshape, 1, {2, 8}, {9}));
    spec.outputs = {9};
    return spec;
}

/// Two variables, one set by CALL_ONCE: the output is what was put in before, and before that.
inline ModelSpec delay_model() {
    TensorSpec value = activation({1, 4}, 0.1f, 9);
    ModelSpec spec;
    spec.tensors = {value, handle(), handle(), value, value, activation({1, 8}, 0.1f, 9)};
    spec.operators = {plain_operator(kCallOnce, 1, {}, {}, 103, {{0, 4, 1}}),
                      variable_handle(1, "newer"),
                      variable_handle(2, "older"),
                      plain_operator(kReadVariable, 1, {1}, {3}),
                      plain_operator(kReadVariable, 1, {2}, {4}),
                      plain_operator(kAssignVariable, 1, {2, 3}, {}),
                      plain_operator(kAssignVariable, 1, {1, 0}, {}),
                      plain_operator(kConcatenation, 2, {3, 4}, {5}, 10, {{0, 4, 1}, {1, 1, 0}})};
    spec.inputs = {0};
    spec.outputs = {5};
    TensorSpec newer = value;
    TensorSpec older = value;
    newer.data = int8_data({1, 2, 3, 4});
    older.data = int8_data({-5, -6, -7, -8});
    spec.once.tensors = {handle(), newer, handle(), older};
    spec.once.operators = {
        variable_handle(0, "newer"), plain_operator(kAssignVariable, 1, {0, 1}, {}),
        variable_handle(2, "older"), plain_operator(kAssignVariable, 1, {2, 3}, {})};
    return spec;
}

inline std::vector<NamedModel> moving_models() {
    TensorSpec left = activation({2, 3, 4}, 0.2f, 1);
    std::vector<OptionSpec> last_axis = {{0, 4, 0xffffffffu}, {1, 1, 0}};
    std::vector<OptionSpec> middle_axis = {{0, 4, 1}, {1, 1, 0}};
    std::vector<int> constant(16, 33);
    TensorSpec fixed = weights({2, 2, 4}, constant, {0.2f});
    fixed.zero_points = {1};
    return {
        {"op_concatenation_last",
         with_operator(through_variable(left), {activation({2, 3, 8}, 0.2f, 1)},
                       plain_operator(kConcatenation, 2, {2, 2}, {3}, 10, last_axis))},
        {"op_concatenation_middle",
         with_operator(through_variable(left), {fixed, activation({2, 8, 4}, 0.2f, 1)},
                       plain_operator(kConcatenation, 2, {2, 3, 2}, {4}, 10, middle_axis))},
        {"op_split",
         with_operator(through_variable(activation({2, 9, 2}, 0.1f, 0)),
                       {numbers({3}, {2, -1, 3}), numbers({}, {-2}), activation({2, 2, 2}, 0.1f, 0),
                        activation({2, 4, 2}, 0.1f, 0), activation({2, 3, 2}, 0.1f, 0)},
                       plain_operator(kSplitV, 2, {2, 3, 4}, {5, 6, 7}, 79, {{0, 4, 3}}))},
        {"op_slice_tail",
         slice_model({0, -3, 0, 0}, {0, 0, 0, 4}, {1, 1, 1, 1}, {13, 15, 0}, {2, 3, 3, 4})},
        {"op_slice_strided",
         slice_model({0, 1, 0, 0}, {2, 7, 3, 4}, {1, 2, 1, 3}, {}, {2, 3, 3, 2})},
        {"op_slice_backwards",
         slice_model({1, -1, 2, 3}, {-3, 0, -9, 0}, {-1, -2, -1, -1}, {}, {2, 3, 3, 3})},
        {"op_slice_shrunk",
         slice_model({1, 2, 0, 0}, {2, 5, 1, 4}, {1, 1, 1, 1}, {0, 0, 5}, {3, 4})},
        {"op_pad", with_operator(through_variable(activation({1, 3, 2, 5}, 0.1f, -9)),
                                 {numbers({4, 2}, {0, 0, 1, 2, 0, 3, 2, 1}),
                                  activation({1, 6, 5, 8}, 0.1f, -9)},
                                 plain_operator(kPad, 2, {2, 3}, {4}, 22))},
        {"op_pack",
         with_operator(through_variable(activation({2, 5}, 0.1f, 3)),
                       {activation({2, 3, 5}, 0.1f, 3)},
                       plain_operator(kPack, 2, {2, 2, 2}, {3}, 59, {{0, 4, 3}, {1, 4, 1}}))},
        {"op_flatten", flatten_model()},
        {"op_delay", delay_model()}};
}

inline std::vector<NamedModel> computing_models() {
    return {{"op_logistic_fine", logistic_model(0.0251f, 11)},
            {"op_logistic_usual", logistic_model(0.152942f, 46)},
            {"op_logistic_coarse", logistic_model(1.7f, -100)},
            {"op_logistic_tiny", logistic_model(1.0e-5f, 0)},
            {"op_mul_square", square_model()},
            {"op_mul_channels",
             mul_model(weights({8}, {1, -2, 3, 127, -128, 0, 50, 9}, {0.01f}), 0.003f, 1)},
            {"op_mul_scalar", mul_model(weights({1, 1, 1, 1}, {-77}, {0.011f}), 0.06f, 3)},
            {"op_mean_pool", mean_model({1, 2}, {1, 1, 1, 9}, true, 0.07f, 20)},
            {"op_mean_pool_same", mean_model({2, 1}, {1, 1, 1, 9}, true, 0.1f, -3)},
            {"op_mean_dropped", mean_model({1, 2}, {1, 9}, false, 0.07f, 20)},
            {"op_mean_dropped_same", mean_model({1, 2}, {1, 9}, false, 0.1f, -3)},
            {"op_mean_one_axis", mean_model({-1}, {1, 5, 6, 1}, true, 0.031f, -128)}};
}

inline std::vector<NamedModel> streaming_models() {
    std::vector<NamedModel> all = moving_models();
    for (NamedModel& one : computing_models()) {
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace frugal::test
