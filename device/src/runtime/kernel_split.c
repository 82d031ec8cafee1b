// SPDX-License-Identifier: Apache-2.0
// SPLIT_V: int8 or int32, cut along a constant axis into the lengths a constant gives, one of which
// may be -1 for what is left. The lengths must be those of the outputs.
#include <string.h>

#include "runtime/move.h"

enum { PORT_VALUE = 0, PORT_LENGTHS = 1, PORT_AXIS = 2 };

typedef struct {
    fr_tensor_t input;
    fr_tensor_t lengths;
    uint32_t axis;
} fr_split_t;

static fr_status_t prepare(const fr_call_t* call, fr_split_t* split) {
    fr_tensor_t axis;
    fr_status_t status = fr_call_input(call, PORT_VALUE, &split->input);
    if (status == FR_OK) {
        status = fr_move_constant(call, PORT_LENGTHS, &split->lengths);
    }
    if (status == FR_OK) {
        status = fr_move_constant(call, PORT_AXIS, &axis);
    }
    if (status != FR_OK) {
        return status;
    }
    if (split->lengths.element_count != call->operation.output_count) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &split->lengths,
                              split->lengths.element_count);
    }
    split->axis = fr_move_axis(fr_move_element(&axis, 0), split->input.rank);
    return split->axis == UINT32_MAX ? fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &axis, 0)
                                     : FR_OK;
}

/// Checks one piece; adds its length to `taken`.
static fr_status_t check_piece(const fr_call_t* call, const fr_split_t* split,
                               const fr_tensor_t* piece, int32_t length, uint32_t* taken) {
    const fr_tensor_t* input = &split->input;
    if (piece->rank != input->rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, piece, piece->rank);
    }
    for (uint32_t i = 0; i < input->rank; i++) {
        bool fits = i == split->axis ? piece->shape[i] <= input->shape[i] - *taken &&
                                           (length == -1 || piece->shape[i] == (uint32_t)length)
                                     : piece->shape[i] == input->shape[i];
        if (!fits) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, piece, piece->shape[i]);
        }
    }
    *taken += piece->shape[split->axis];
    return fr_move_check(call, input, piece);
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_split_t split;
    fr_tensor_t piece;
    fr_status_t status = prepare(call, &split);
    if (status != FR_OK) {
        return status;
    }
    *work = split.input.element_count;
    uint32_t taken = 0;
    for (uint32_t port = 0; port < call->operation.output_count && status == FR_OK; port++) {
        status = fr_call_output_at(call, port, &piece);
        if (status == FR_OK) {
            status =
                check_piece(call, &split, &piece, fr_move_element(&split.lengths, port), &taken);
        }
    }
    if (status == FR_OK && taken != split.input.shape[split.axis]) {
        status = fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &split.input, taken);
    }
    return status;
}

static fr_status_t run(const fr_call_t* call) {
    fr_split_t split;
    fr_tensor_t piece;
    uint64_t work = 0;
    fr_status_t status = check(call, &work);
    if (status == FR_OK) {
        status = prepare(call, &split);
    }
    if (status != FR_OK) {
        return status;
    }
    const uint8_t* source = fr_call_data(call, &split.input);
    uint32_t unit = fr_move_after(&split.input, split.axis) * fr_move_size(&split.input);
    uint32_t row = split.input.shape[split.axis] * unit;
    uint32_t rows = fr_move_before(&split.input, split.axis);
    uint32_t column = 0;
    for (uint32_t port = 0; port < call->operation.output_count; port++) {
        status = fr_call_output_at(call, port, &piece);
        uint8_t* target = status == FR_OK ? fr_call_room(call, &piece) : NULL;
        if (source == NULL || target == NULL) {
            return FR_ERROR_STORAGE;
        }
        uint32_t width = piece.shape[split.axis] * unit;
        for (uint32_t i = 0; i < rows; i++) {
            memcpy(target + i * width, source + i * row + column, width);
        }
        column += width;
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_split = {.code = FR_OPERATOR_SPLIT_V,
                                     .version_max = 2,
                                     .options_type = 79,
                                     .inputs_min = 3,
                                     .inputs_max = 3,
                                     .outputs_min = 1,
                                     .outputs_max = FR_MODEL_PORTS_MAX,
                                     .check = check,
                                     .run = run};
