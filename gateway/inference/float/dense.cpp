// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED in float32, sums in double.
#include <algorithm>

#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

namespace frugal::inference {

namespace {

constexpr std::uint32_t kActivation = 0;
constexpr std::uint32_t kWeightsFormat = 1;
constexpr std::uint32_t kAsymmetric = 3;

struct Dense {
    fr_layer_t layer{};
    Clamp clamp{};
    std::uint32_t units = 0;
    std::uint32_t depth = 0;
    std::uint32_t rows = 0;
};

fr_status_t check_options(const fr_call_t& call, Dense& dense) {
    if (fr_call_option_u8(&call, kWeightsFormat, 0) != 0) {
        return fr_call_refuse_option(&call, kWeightsFormat);
    }
    if (dense.layer.weights.type == FR_TENSOR_INT8 &&
        fr_call_option_u8(&call, kAsymmetric, 0) != 0) {
        return fr_call_refuse_option(&call, kAsymmetric);
    }
    if (!read_clamp(call, kActivation, dense.clamp)) {
        return fr_call_refuse_option(&call, kActivation);
    }
    return FR_OK;
}

fr_status_t prepare(const fr_call_t& call, Dense& dense) {
    fr_layer_t& layer = dense.layer;
    fr_status_t status = fr_layer_read(&call, &layer);
    if (status != FR_OK) {
        return status;
    }
    if (layer.weights.rank != 2) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &layer.weights, layer.weights.rank);
    }
    dense.units = layer.weights.shape[0];
    dense.depth = layer.weights.shape[1];
    dense.rows = layer.input.element_count / dense.depth;
    if (dense.rows * dense.depth != layer.input.element_count) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &layer.input, dense.depth);
    }
    const fr_tensor_t& output = layer.output;
    if (output.rank == 0 || output.shape[output.rank - 1U] != dense.units ||
        output.element_count / dense.units != dense.rows) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &output, dense.units);
    }
    status = check_options(call, dense);
    return status == FR_OK ? require_layer(call, layer, dense.units) : status;
}

}  // namespace

fr_status_t check_float_dense(const fr_call_t* call, std::uint64_t* work) {
    Dense dense;
    fr_status_t status = prepare(*call, dense);
    *work = std::uint64_t{dense.rows} * dense.units * dense.depth;
    return status;
}

fr_status_t run_float_dense(const fr_call_t* call) {
    Dense dense;
    fr_status_t status = prepare(*call, dense);
    if (status != FR_OK) {
        return status;
    }
    Operands operands = read_operands(*call, dense.layer, dense.rows, dense.units);
    if (operands.input.empty() || operands.weights.empty()) {
        return FR_ERROR_STORAGE;
    }
    std::vector<float> output;
    output.reserve(dense.layer.output.element_count);
    for (std::uint32_t row = 0; row < dense.rows; ++row) {
        const float* input = operands.input.data() + std::size_t{row} * dense.depth;
        for (std::uint32_t unit = 0; unit < dense.units; ++unit) {
            const float* weights = operands.weights.data() + std::size_t{unit} * dense.depth;
            double sum = 0;
            for (std::uint32_t i = 0; i < dense.depth; ++i) {
                sum += static_cast<double>(input[i]) * weights[i];
            }
            sum = sum * operands.scale[row] + operands.bias[unit];
            output.push_back(
                std::clamp(static_cast<float>(sum), dense.clamp.low, dense.clamp.high));
        }
    }
    return write_floats(*call, dense.layer.output, output) ? FR_OK : FR_ERROR_STORAGE;
}

}  // namespace frugal::inference
