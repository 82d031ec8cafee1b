// SPDX-License-Identifier: Apache-2.0
// MUL: int8 with int8; either side may be broadcast along axes of length 1.
#include "runtime/broadcast.h"
#include "runtime/fixed.h"
#include "runtime/quantization.h"

enum { OPTION_ACTIVATION = 0 };

typedef struct {
    fr_tensor_t input[2];
    fr_tensor_t output;
    fr_range_t range;
    fr_multiplier_t by;
} fr_multiply_t;

static fr_status_t read_tensors(const fr_call_t* call, fr_multiply_t* multiply) {
    fr_status_t status = fr_call_output(call, &multiply->output);
    if (status == FR_OK) {
        status = fr_require_int8(call, &multiply->output);
    }
    for (uint32_t port = 0; port < 2 && status == FR_OK; port++) {
        status = fr_call_input(call, port, &multiply->input[port]);
        if (status == FR_OK) {
            status = fr_require_int8(call, &multiply->input[port]);
        }
    }
    return status;
}

/// TFLite multiplies and divides the three scales in float.
static bool form_multiplier(fr_multiply_t* multiply) {
    fr_real_t product = fr_real_round(
        fr_real_multiply(fr_scale(&multiply->input[0], 0), fr_scale(&multiply->input[1], 0)),
        FR_REAL_FLOAT_BITS);
    return fr_real_to_multiplier(
        fr_real_divide(product, fr_scale(&multiply->output, 0), FR_REAL_FLOAT_BITS), &multiply->by);
}

static fr_status_t prepare(const fr_call_t* call, fr_multiply_t* multiply) {
    fr_status_t status = read_tensors(call, multiply);
    if (status == FR_OK) {
        status = fr_broadcast_check(call, multiply->input, &multiply->output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (!form_multiplier(multiply)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &multiply->output, 0);
    }
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (!fr_activation_range(&multiply->output, activation, &multiply->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return FR_OK;
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_multiply_t multiply;
    fr_status_t status = prepare(call, &multiply);
    *work = status == FR_OK ? multiply.output.element_count : 0;
    return status;
}

static fr_status_t run(const fr_call_t* call) {
    fr_multiply_t multiply;
    fr_status_t status = prepare(call, &multiply);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* input = multiply.input;
    const fr_tensor_t* output = &multiply.output;
    const int8_t* first = (const int8_t*)fr_call_data(call, &input[0]);
    const int8_t* second = (const int8_t*)fr_call_data(call, &input[1]);
    int8_t* target = (int8_t*)fr_call_room(call, output);
    if (first == NULL || second == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t i = 0; i < output->element_count; i++) {
        int32_t left = first[fr_broadcast_source(&input[0], output, i)] - input[0].zero_point;
        int32_t right = second[fr_broadcast_source(&input[1], output, i)] - input[1].zero_point;
        int32_t scaled = fr_rescale_twice(left * right, multiply.by);
        target[i] = (int8_t)fr_clamp(fr_wrap_add(scaled, output->zero_point), multiply.range.low,
                                     multiply.range.high);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_multiply = {.code = FR_OPERATOR_MUL,
                                        .version_max = 4,
                                        .options_type = 21,
                                        .inputs_min = 2,
                                        .inputs_max = 2,
                                        .outputs_min = 1,
                                        .outputs_max = 1,
                                        .check = check,
                                        .run = run};
