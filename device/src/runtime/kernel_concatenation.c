// SPDX-License-Identifier: Apache-2.0
// CONCATENATION: int8 or int32 along one axis; all inputs have the output's quantization.
#include <string.h>

#include "runtime/move.h"

enum { OPTION_AXIS = 0, OPTION_ACTIVATION = 1 };

/// Checks that an input has the output's shape but for the axis; adds its length there to `filled`.
static fr_status_t check_input(const fr_call_t* call, const fr_tensor_t* input,
                               const fr_tensor_t* output, uint32_t axis, uint32_t* filled) {
    if (input->rank != output->rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, input, input->rank);
    }
    for (uint32_t i = 0; i < input->rank; i++) {
        bool fits = i == axis ? input->shape[i] <= output->shape[i] - *filled
                              : input->shape[i] == output->shape[i];
        if (!fits) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, input, input->shape[i]);
        }
    }
    *filled += input->shape[axis];
    return fr_move_check(call, input, output);
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = fr_call_output(call, &output);
    if (status != FR_OK) {
        return status;
    }
    *work = output.element_count;
    uint32_t axis = fr_move_axis((int32_t)fr_call_option_u32(call, OPTION_AXIS, 0), output.rank);
    if (axis == UINT32_MAX) {
        return fr_call_refuse_option(call, OPTION_AXIS);
    }
    if (fr_call_option_u8(call, OPTION_ACTIVATION, 0) != 0) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    uint32_t filled = 0;
    for (uint32_t port = 0; port < call->operation.input_count && status == FR_OK; port++) {
        status = fr_call_input(call, port, &input);
        if (status == FR_OK) {
            status = check_input(call, &input, &output, axis, &filled);
        }
    }
    if (status == FR_OK && filled != output.shape[axis]) {
        status = fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &output, filled);
    }
    return status;
}

static fr_status_t run(const fr_call_t* call) {
    fr_tensor_t input;
    fr_tensor_t output;
    uint64_t work = 0;
    fr_status_t status = check(call, &work);
    if (status == FR_OK) {
        status = fr_call_output(call, &output);
    }
    if (status != FR_OK) {
        return status;
    }
    uint8_t* target = fr_call_room(call, &output);
    uint32_t axis = fr_move_axis((int32_t)fr_call_option_u32(call, OPTION_AXIS, 0), output.rank);
    if (target == NULL) {
        return FR_ERROR_STORAGE;
    }
    uint32_t unit = fr_move_after(&output, axis) * fr_move_size(&output);
    uint32_t row = output.shape[axis] * unit;
    uint32_t rows = fr_move_before(&output, axis);
    uint32_t column = 0;
    for (uint32_t port = 0; port < call->operation.input_count; port++) {
        status = fr_call_input(call, port, &input);
        const uint8_t* source = status == FR_OK ? fr_call_data(call, &input) : NULL;
        if (source == NULL) {
            return FR_ERROR_STORAGE;
        }
        uint32_t piece = input.shape[axis] * unit;
        for (uint32_t i = 0; i < rows; i++) {
            memcpy(target + i * row + column, source + i * piece, piece);
        }
        column += piece;
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_concatenation = {.code = FR_OPERATOR_CONCATENATION,
                                             .version_max = 2,
                                             .options_type = 10,
                                             .inputs_min = 1,
                                             .inputs_max = FR_MODEL_PORTS_MAX,
                                             .outputs_min = 1,
                                             .outputs_max = 1,
                                             .check = check,
                                             .run = run};
