// SPDX-License-Identifier: Apache-2.0
// Operators on single elements in float32: ADD and MUL with broadcasting, RELU, RELU6, LOGISTIC,
// TANH; and SOFTMAX over the last axis.
#include <algorithm>
#include <bit>
#include <cmath>

#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

extern "C" {
#include "runtime/broadcast.h"
}

namespace frugal::inference {

namespace {

constexpr std::uint32_t kActivation = 0;
constexpr std::uint32_t kBeta = 0;

struct Binary {
    fr_tensor_t input[2]{};
    fr_tensor_t output{};
    Clamp clamp{};
};

fr_status_t prepare(const fr_call_t& call, Binary& binary) {
    fr_status_t status = fr_call_output(&call, &binary.output);
    if (status == FR_OK) {
        status = require_float(call, binary.output);
    }
    for (std::uint32_t port = 0; port < 2 && status == FR_OK; ++port) {
        status = fr_call_input(&call, port, &binary.input[port]);
        if (status == FR_OK) {
            status = require_float(call, binary.input[port]);
        }
    }
    if (status == FR_OK) {
        status = fr_broadcast_check(&call, binary.input, &binary.output);
    }
    if (status == FR_OK && !read_clamp(call, kActivation, binary.clamp)) {
        status = fr_call_refuse_option(&call, kActivation);
    }
    return status;
}

struct Unary {
    fr_tensor_t input{};
    fr_tensor_t output{};
};

fr_status_t prepare(const fr_call_t& call, Unary& unary) {
    fr_status_t status = fr_call_input(&call, 0, &unary.input);
    if (status == FR_OK) {
        status = fr_call_output(&call, &unary.output);
    }
    if (status == FR_OK) {
        status = require_float(call, unary.input);
    }
    if (status == FR_OK) {
        status = require_float(call, unary.output);
    }
    if (status == FR_OK && unary.input.element_count != unary.output.element_count) {
        status =
            fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &unary.output, unary.output.element_count);
    }
    return status;
}

float apply(std::int32_t code, float value) {
    switch (code) {
        case kRelu6:
            return std::clamp(value, 0.0F, 6.0F);
        case FR_OPERATOR_LOGISTIC:
            return 1.0F / (1.0F + std::exp(-value));
        case kTanh:
            return std::tanh(value);
        default:
            return std::max(value, 0.0F);  // RELU
    }
}

void softmax(float* row, std::size_t depth, float beta) {
    const float most = *std::max_element(row, row + depth);
    double sum = 0;
    for (std::size_t i = 0; i < depth; ++i) {
        row[i] = std::exp((row[i] - most) * beta);
        sum += row[i];
    }
    for (std::size_t i = 0; i < depth; ++i) {
        row[i] = static_cast<float>(row[i] / sum);
    }
}

}  // namespace

fr_status_t check_float_binary(const fr_call_t* call, std::uint64_t* work) {
    Binary binary;
    fr_status_t status = prepare(*call, binary);
    *work = binary.output.element_count;
    return status;
}

fr_status_t run_float_binary(const fr_call_t* call) {
    Binary binary;
    fr_status_t status = prepare(*call, binary);
    if (status != FR_OK) {
        return status;
    }
    std::vector<float> first = read_floats(*call, binary.input[0]);
    std::vector<float> second = read_floats(*call, binary.input[1]);
    if (first.empty() || second.empty()) {
        return FR_ERROR_STORAGE;
    }
    std::vector<float> output(binary.output.element_count);
    for (std::uint32_t i = 0; i < output.size(); ++i) {
        float left = first[fr_broadcast_source(&binary.input[0], &binary.output, i)];
        float right = second[fr_broadcast_source(&binary.input[1], &binary.output, i)];
        float value = call->operation.code == FR_OPERATOR_ADD ? left + right : left * right;
        output[i] = std::clamp(value, binary.clamp.low, binary.clamp.high);
    }
    return write_floats(*call, binary.output, output) ? FR_OK : FR_ERROR_STORAGE;
}

fr_status_t check_float_unary(const fr_call_t* call, std::uint64_t* work) {
    Unary unary;
    fr_status_t status = prepare(*call, unary);
    *work = std::uint64_t{unary.output.element_count} * 16;
    return status;
}

fr_status_t run_float_unary(const fr_call_t* call) {
    Unary unary;
    fr_status_t status = prepare(*call, unary);
    if (status != FR_OK) {
        return status;
    }
    std::vector<float> values = read_floats(*call, unary.input);
    for (float& value : values) {
        value = apply(call->operation.code, value);
    }
    return write_floats(*call, unary.output, values) ? FR_OK : FR_ERROR_STORAGE;
}

fr_status_t check_float_softmax(const fr_call_t* call, std::uint64_t* work) {
    Unary unary;
    fr_status_t status = prepare(*call, unary);
    *work = std::uint64_t{unary.output.element_count} * 32;
    if (status == FR_OK && unary.input.rank == 0) {
        status = fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &unary.input, 0);
    }
    if (status == FR_OK && !fr_float_is_positive(fr_call_option_u32(call, kBeta, 0))) {
        status = fr_call_refuse_option(call, kBeta);
    }
    return status;
}

fr_status_t run_float_softmax(const fr_call_t* call) {
    Unary unary;
    std::uint64_t work = 0;
    fr_status_t status = check_float_softmax(call, &work);
    if (status == FR_OK) {
        status = prepare(*call, unary);
    }
    if (status != FR_OK) {
        return status;
    }
    std::vector<float> values = read_floats(*call, unary.input);
    const std::size_t depth = unary.input.shape[unary.input.rank - 1U];
    const float beta = std::bit_cast<float>(fr_call_option_u32(call, kBeta, 0));
    for (std::size_t i = 0; i + depth <= values.size(); i += depth) {
        softmax(values.data() + i, depth, beta);
    }
    return write_floats(*call, unary.output, values) ? FR_OK : FR_ERROR_STORAGE;
}

}  // namespace frugal::inference
