// SPDX-License-Identifier: Apache-2.0
#include "inference/float/operands.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace frugal::inference {

bool is_float(const fr_call_t& call) {
    fr_tensor_t input;
    return fr_call_input(&call, 0, &input) == FR_OK && input.type == FR_TENSOR_FLOAT32;
}

bool read_clamp(const fr_call_t& call, std::uint32_t option, Clamp& clamp) {
    constexpr float kMost = std::numeric_limits<float>::max();
    switch (fr_call_option_u8(&call, option, 0)) {
        case 0:
            clamp = {-kMost, kMost};
            return true;
        case 1:
            clamp = {0, kMost};
            return true;
        case 2:
            clamp = {-1, 1};
            return true;
        case 3:
            clamp = {0, 6};
            return true;
        default:
            return false;
    }
}

fr_status_t require_float(const fr_call_t& call, const fr_tensor_t& tensor) {
    return tensor.type == FR_TENSOR_FLOAT32
               ? FR_OK
               : fr_call_refuse(&call, FR_MODEL_TENSOR_TYPE, &tensor, tensor.type);
}

namespace {

fr_status_t require_weights(const fr_call_t& call, const fr_tensor_t& weights) {
    if (weights.constant == nullptr) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_DATA, &weights, 0);
    }
    if (weights.type == FR_TENSOR_INT8) {
        bool is_symmetric = fr_is_quantized(&weights, FR_TENSOR_INT8) && weights.zero_point == 0;
        return is_symmetric ? FR_OK
                            : fr_call_refuse(&call, FR_MODEL_TENSOR_QUANTIZATION, &weights,
                                             weights.scale_count);
    }
    return require_float(call, weights);
}

/// TFLite's symmetric quantization of one row; returns its scale.
float quantize_row(float* row, std::size_t count) {
    float range = 0;
    for (std::size_t i = 0; i < count; ++i) {
        range = std::max(range, std::abs(row[i]));
    }
    if (range == 0) {
        return 1;
    }
    const float inverse = 127.0F / range;
    for (std::size_t i = 0; i < count; ++i) {
        row[i] = std::clamp(std::round(row[i] * inverse), -127.0F, 127.0F);
    }
    return range / 127.0F;
}

}  // namespace

fr_status_t require_layer(const fr_call_t& call, const fr_layer_t& layer, std::uint32_t channels) {
    fr_status_t status = require_float(call, layer.input);
    if (status == FR_OK) {
        status = require_float(call, layer.output);
    }
    if (status == FR_OK) {
        status = require_weights(call, layer.weights);
    }
    if (status == FR_OK && layer.bias.constant != nullptr) {
        status = require_float(call, layer.bias);
        if (status == FR_OK && layer.bias.element_count != channels) {
            status =
                fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &layer.bias, layer.bias.element_count);
        }
    }
    return status;
}

std::vector<float> read_floats(const fr_call_t& call, const fr_tensor_t& tensor) {
    const std::uint8_t* data = fr_call_data(&call, &tensor);
    std::vector<float> values(data == nullptr ? 0 : tensor.element_count);
    if (!values.empty()) {
        std::memcpy(values.data(), data, values.size() * sizeof(float));
    }
    return values;
}

bool write_floats(const fr_call_t& call, const fr_tensor_t& tensor,
                  const std::vector<float>& values) {
    std::uint8_t* room = fr_call_room(&call, &tensor);
    if (room == nullptr || values.size() != tensor.element_count) {
        return false;
    }
    std::memcpy(room, values.data(), values.size() * sizeof(float));
    return true;
}

Operands read_operands(const fr_call_t& call, const fr_layer_t& layer, std::uint32_t rows,
                       std::uint32_t channels) {
    Operands operands;
    operands.input = read_floats(call, layer.input);
    operands.scale.assign(rows, 1.0F);
    operands.bias.assign(channels, 0.0F);
    if (layer.bias.constant != nullptr) {
        operands.bias = read_floats(call, layer.bias);
    }
    if (layer.weights.type != FR_TENSOR_INT8) {
        operands.weights = read_floats(call, layer.weights);
        return operands;
    }
    const auto* steps = reinterpret_cast<const std::int8_t*>(layer.weights.constant);
    operands.weights.assign(steps, steps + layer.weights.element_count);
    const std::size_t length = operands.input.size() / rows;
    for (std::uint32_t row = 0; row < rows; ++row) {
        operands.scale[row] = quantize_row(operands.input.data() + row * length, length) *
                              std::bit_cast<float>(layer.weights.scale_bits);
    }
    return operands;
}

}  // namespace frugal::inference
