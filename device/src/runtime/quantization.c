// SPDX-License-Identifier: Apache-2.0
#include "runtime/quantization.h"

enum {
    ACTIVATION_NONE = 0,
    ACTIVATION_RELU = 1,
    ACTIVATION_RELU_N1_TO_1 = 2,
    ACTIVATION_RELU6 = 3
};

bool fr_is_quantized(const fr_tensor_t* tensor, uint32_t type) {
    return tensor->type == type && tensor->scale_count == 1 &&
           fr_float_is_positive(tensor->scale_bits);
}

fr_status_t fr_require_int8(const fr_call_t* call, const fr_tensor_t* tensor) {
    if (tensor->type != FR_TENSOR_INT8) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, tensor, tensor->type);
    }
    if (!fr_is_quantized(tensor, FR_TENSOR_INT8)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, tensor, tensor->scale_count);
    }
    return FR_OK;
}

fr_status_t fr_require_weights(const fr_call_t* call, const fr_tensor_t* weights, uint32_t channels,
                               uint32_t channel_dimension) {
    if (weights->type != FR_TENSOR_INT8) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, weights, weights->type);
    }
    if (weights->constant == NULL) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_DATA, weights, 0);
    }
    bool is_per_channel = weights->scale_count > 1;
    bool is_counted = weights->scale_count == 1 || weights->scale_count == channels;
    if (!is_counted || (is_per_channel && weights->quantized_dimension != channel_dimension)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, weights, weights->scale_count);
    }
    for (uint32_t channel = 0; channel < weights->scale_count; channel++) {
        bool has_scale = fr_float_is_positive(fr_load_u32(weights->scales + 4u * channel));
        bool has_zero = weights->zero_points != NULL &&
                        (fr_load_u32(weights->zero_points + 8u * channel) |
                         fr_load_u32(weights->zero_points + 8u * channel + 4u)) != 0;
        if (!has_scale || has_zero) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, weights, channel);
        }
    }
    return FR_OK;
}

fr_status_t fr_require_bias(const fr_call_t* call, const fr_tensor_t* bias, uint32_t channels) {
    if (bias->type != FR_TENSOR_INT32) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, bias, bias->type);
    }
    if (bias->constant == NULL) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_DATA, bias, 0);
    }
    if (bias->element_count != channels) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, bias, bias->element_count);
    }
    return FR_OK;
}

fr_real_t fr_scale(const fr_tensor_t* tensor, uint32_t channel) {
    uint32_t bits =
        tensor->scale_count > 1 ? fr_load_u32(tensor->scales + 4u * channel) : tensor->scale_bits;
    return fr_real_from_float(bits);
}

bool fr_multiplier_by_channel(const fr_tensor_t* input, const fr_tensor_t* weights,
                              const fr_tensor_t* output, uint32_t channel,
                              fr_multiplier_t* multiplier) {
    // The product of two floats is exact in a double; only the quotient rounds.
    fr_real_t product = fr_real_multiply(fr_scale(input, 0), fr_scale(weights, channel));
    return fr_real_to_multiplier(fr_real_divide(product, fr_scale(output, 0), FR_REAL_DOUBLE_BITS),
                                 multiplier);
}

fr_status_t fr_require_multipliers(const fr_call_t* call, const fr_tensor_t* input,
                                   const fr_tensor_t* weights, const fr_tensor_t* output) {
    for (uint32_t channel = 0; channel < weights->scale_count; channel++) {
        fr_multiplier_t multiplier;
        if (!fr_multiplier_by_channel(input, weights, output, channel, &multiplier)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, weights, channel);
        }
    }
    return FR_OK;
}

/// zero point + round(value / scale), the division in float.
static int32_t quantize_constant(const fr_tensor_t* output, uint32_t value) {
    fr_real_t quotient =
        fr_real_divide(fr_real_from_integer(value, 0), fr_scale(output, 0), FR_REAL_FLOAT_BITS);
    return (int32_t)fr_real_to_integer(quotient, 1u << 20);
}

bool fr_activation_range(const fr_tensor_t* output, uint32_t activation, fr_range_t* range) {
    int32_t zero = output->zero_point;
    int32_t low = -128;
    int32_t high = 127;
    switch (activation) {
        case ACTIVATION_NONE:
            break;
        case ACTIVATION_RELU:
            low = zero;
            break;
        case ACTIVATION_RELU_N1_TO_1:
            low = zero - quantize_constant(output, 1);
            high = zero + quantize_constant(output, 1);
            break;
        case ACTIVATION_RELU6:
            low = zero;
            high = zero + quantize_constant(output, 6);
            break;
        default:
            return false;
    }
    range->low = low < -128 ? -128 : low;
    range->high = high > 127 ? 127 : high;
    return true;
}
