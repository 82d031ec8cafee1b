// SPDX-License-Identifier: Apache-2.0
// ADD: int8 with int8; either side may be broadcast along axes of length 1.
#include "runtime/broadcast.h"
#include "runtime/fixed.h"
#include "runtime/quantization.h"

enum { OPTION_ACTIVATION = 0 };
enum { ADD_LEFT_SHIFT = 20 };  // TFLite's headroom for the two scaled inputs

typedef struct {
    fr_tensor_t input[2];
    fr_tensor_t output;
    fr_range_t range;
    fr_multiplier_t by[2];
    fr_multiplier_t output_by;
} fr_add_t;

static fr_status_t read_tensors(const fr_call_t* call, fr_add_t* add) {
    fr_status_t status = fr_call_output(call, &add->output);
    if (status == FR_OK) {
        status = fr_require_int8(call, &add->output);
    }
    for (uint32_t port = 0; port < 2 && status == FR_OK; port++) {
        status = fr_call_input(call, port, &add->input[port]);
        if (status == FR_OK) {
            status = fr_require_int8(call, &add->input[port]);
        }
    }
    return status;
}

static bool form_multipliers(fr_add_t* add) {
    fr_real_t first = fr_scale(&add->input[0], 0);
    fr_real_t second = fr_scale(&add->input[1], 0);
    fr_real_t twice = fr_real_is_greater(first, second) ? first : second;
    twice.exponent++;
    fr_real_t output = fr_scale(&add->output, 0);
    output.exponent += ADD_LEFT_SHIFT;
    fr_real_t total = fr_real_divide(twice, output, FR_REAL_DOUBLE_BITS);
    fr_real_t one = {1, 0};
    return fr_real_to_multiplier(fr_real_divide(first, twice, FR_REAL_DOUBLE_BITS), &add->by[0]) &&
           fr_real_to_multiplier(fr_real_divide(second, twice, FR_REAL_DOUBLE_BITS), &add->by[1]) &&
           fr_real_is_greater(one, total) && fr_real_to_multiplier(total, &add->output_by);
}

static fr_status_t prepare(const fr_call_t* call, fr_add_t* add) {
    fr_status_t status = read_tensors(call, add);
    if (status == FR_OK) {
        status = fr_broadcast_check(call, add->input, &add->output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (!form_multipliers(add)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &add->output, 0);
    }
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (!fr_activation_range(&add->output, activation, &add->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return FR_OK;
}

static fr_status_t add_check(const fr_call_t* call, uint64_t* work) {
    fr_add_t add;
    fr_status_t status = prepare(call, &add);
    *work = status == FR_OK ? add.output.element_count : 0;
    return status;
}

static int8_t add_values(const fr_add_t* add, int8_t first, int8_t second) {
    int32_t left = (first - add->input[0].zero_point) * (1 << ADD_LEFT_SHIFT);
    int32_t right = (second - add->input[1].zero_point) * (1 << ADD_LEFT_SHIFT);
    int32_t sum = fr_rescale_twice(left, add->by[0]) + fr_rescale_twice(right, add->by[1]);
    int32_t value = fr_rescale_twice(sum, add->output_by) + add->output.zero_point;
    return (int8_t)fr_clamp(value, add->range.low, add->range.high);
}

static void run_broadcast(const fr_add_t* add, const int8_t* first, const int8_t* second,
                          int8_t* output) {
    for (uint32_t i = 0; i < add->output.element_count; i++) {
        output[i] = add_values(add, first[fr_broadcast_source(&add->input[0], &add->output, i)],
                               second[fr_broadcast_source(&add->input[1], &add->output, i)]);
    }
}

static fr_status_t add_run(const fr_call_t* call) {
    fr_add_t add;
    fr_status_t status = prepare(call, &add);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* first = (const int8_t*)fr_call_data(call, &add.input[0]);
    const int8_t* second = (const int8_t*)fr_call_data(call, &add.input[1]);
    int8_t* output = (int8_t*)fr_call_room(call, &add.output);
    if (first == NULL || second == NULL || output == NULL) {
        return FR_ERROR_STORAGE;
    }
    uint32_t count = add.output.element_count;
    if (add.input[0].element_count != count || add.input[1].element_count != count) {
        run_broadcast(&add, first, second, output);
        return FR_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        output[i] = add_values(&add, first[i], second[i]);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_add = {.code = FR_OPERATOR_ADD,
                                   .version_max = 5,
                                   .options_type = 11,
                                   .inputs_min = 2,
                                   .inputs_max = 2,
                                   .outputs_min = 1,
                                   .outputs_max = 1,
                                   .check = add_check,
                                   .run = add_run};
