// SPDX-License-Identifier: Apache-2.0
// QUANTIZE and DEQUANTIZE, the edges of a model: float32 to and from int8 or uint8, and one
// quantization of 8 bits to another. Floats are handled as bits: no floating-point unit is needed.
#include "runtime/fixed.h"
#include "runtime/quantization.h"

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_multiplier_t by;
} fr_conversion_t;

static bool is_byte_tensor(const fr_tensor_t* tensor) {
    return fr_is_quantized(tensor, FR_TENSOR_INT8) || fr_is_quantized(tensor, FR_TENSOR_UINT8);
}

/// Value of element `index` of an int8 or uint8 tensor.
static int32_t byte_value(const fr_tensor_t* tensor, const uint8_t* data, uint32_t index) {
    return tensor->type == FR_TENSOR_INT8 ? ((const int8_t*)data)[index] : data[index];
}

/// Stores a value, clamped to the tensor's type.
static void store_byte(const fr_tensor_t* tensor, uint8_t* data, uint32_t index, int32_t value) {
    bool is_signed = tensor->type == FR_TENSOR_INT8;
    data[index] = (uint8_t)fr_clamp(value, is_signed ? -128 : 0, is_signed ? 127 : 255);
}

static fr_status_t read_tensors(const fr_call_t* call, fr_conversion_t* conversion) {
    fr_status_t status = fr_call_input(call, 0, &conversion->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &conversion->output);
    }
    if (status == FR_OK && conversion->input.element_count != conversion->output.element_count) {
        status = fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &conversion->output,
                                conversion->output.element_count);
    }
    return status;
}

static fr_status_t prepare_quantize(const fr_call_t* call, fr_conversion_t* conversion) {
    fr_status_t status = read_tensors(call, conversion);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* input = &conversion->input;
    const fr_tensor_t* output = &conversion->output;
    if (!is_byte_tensor(output)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, output, output->type);
    }
    if (input->type == FR_TENSOR_FLOAT32) {
        return FR_OK;
    }
    if (!is_byte_tensor(input)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, input, input->type);
    }
    fr_real_t factor = fr_real_divide(fr_scale(input, 0), fr_scale(output, 0), FR_REAL_DOUBLE_BITS);
    if (!fr_real_to_multiplier(factor, &conversion->by)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, output, 0);
    }
    return FR_OK;
}

static fr_status_t prepare_dequantize(const fr_call_t* call, fr_conversion_t* conversion) {
    fr_status_t status = read_tensors(call, conversion);
    if (status != FR_OK) {
        return status;
    }
    if (!is_byte_tensor(&conversion->input)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, &conversion->input,
                              conversion->input.type);
    }
    if (conversion->output.type != FR_TENSOR_FLOAT32) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, &conversion->output,
                              conversion->output.type);
    }
    return FR_OK;
}

static fr_status_t quantize_check(const fr_call_t* call, uint64_t* work) {
    fr_conversion_t conversion;
    fr_status_t status = prepare_quantize(call, &conversion);
    *work = status == FR_OK ? 16ull * conversion.output.element_count : 0;
    return status;
}

static fr_status_t dequantize_check(const fr_call_t* call, uint64_t* work) {
    fr_conversion_t conversion;
    fr_status_t status = prepare_dequantize(call, &conversion);
    *work = status == FR_OK ? 16ull * conversion.output.element_count : 0;
    return status;
}

/// round(float / scale) as a float division rounds it; what is no number counts as zero.
static int32_t quantize_float(uint32_t bits, fr_real_t scale) {
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude == 0 || magnitude > 0x7f800000u) {
        return 0;
    }
    const uint32_t limit = 1u << 20;  // far beyond any 8-bit range
    uint32_t steps = limit;
    if (magnitude < 0x7f800000u) {
        fr_real_t value = fr_real_from_float(magnitude);
        steps = fr_real_to_integer(fr_real_divide(value, scale, FR_REAL_FLOAT_BITS), limit);
    }
    return bits >> 31 != 0 ? -(int32_t)steps : (int32_t)steps;
}

static fr_status_t quantize_run(const fr_call_t* call) {
    fr_conversion_t conversion;
    fr_status_t status = prepare_quantize(call, &conversion);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* output = &conversion.output;
    const uint8_t* source = fr_call_data(call, &conversion.input);
    uint8_t* target = fr_call_room(call, output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    bool is_float = conversion.input.type == FR_TENSOR_FLOAT32;
    fr_real_t scale = fr_scale(output, 0);
    for (uint32_t i = 0; i < output->element_count; i++) {
        int32_t value = is_float ? quantize_float(fr_load_u32(source + 4u * i), scale)
                                 : fr_rescale_twice(byte_value(&conversion.input, source, i) -
                                                        conversion.input.zero_point,
                                                    conversion.by);
        store_byte(output, target, i, fr_wrap_add(value, output->zero_point));
    }
    return FR_OK;
}

/// scale * steps rounded to a float, as its bits.
static uint32_t dequantize_value(fr_real_t scale, int32_t steps) {
    uint32_t magnitude = (uint32_t)(steps < 0 ? -steps : steps);
    uint32_t bits = fr_real_to_float(fr_real_multiply(scale, fr_real_from_integer(magnitude, 0)));
    return steps < 0 ? bits | 0x80000000u : bits;
}

static fr_status_t dequantize_run(const fr_call_t* call) {
    fr_conversion_t conversion;
    fr_status_t status = prepare_dequantize(call, &conversion);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* input = &conversion.input;
    const uint8_t* source = fr_call_data(call, input);
    uint8_t* target = fr_call_room(call, &conversion.output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    fr_real_t scale = fr_scale(input, 0);
    for (uint32_t i = 0; i < input->element_count; i++) {
        int32_t steps = byte_value(input, source, i) - input->zero_point;
        fr_store_u32(target + 4u * i, dequantize_value(scale, steps));
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_quantize = {.code = FR_OPERATOR_QUANTIZE,
                                        .version_max = 3,
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs_max = 1,
                                        .check = quantize_check,
                                        .run = quantize_run};

const fr_kernel_t fr_kernel_dequantize = {.code = FR_OPERATOR_DEQUANTIZE,
                                          .version_max = 5,
                                          .inputs_min = 1,
                                          .inputs_max = 1,
                                          .outputs_min = 1,
                                          .outputs_max = 1,
                                          .check = dequantize_check,
                                          .run = dequantize_run};
