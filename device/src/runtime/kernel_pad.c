// SPDX-License-Identifier: Apache-2.0
// PAD: int8 surrounded by its zero point, with constant widths.
#include <string.h>

#include "runtime/move.h"
#include "runtime/quantization.h"

enum { PORT_VALUE = 0, PORT_WIDTHS = 1 };

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_tensor_t widths;  ///< before and after, for each axis
} fr_pad_t;

static fr_status_t check_shapes(const fr_call_t* call, const fr_pad_t* pad) {
    uint32_t rank = pad->input.rank;
    if (rank == 0 || pad->output.rank != rank || pad->widths.element_count != 2u * rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &pad->widths, pad->widths.element_count);
    }
    for (uint32_t axis = 0; axis < rank; axis++) {
        int64_t before = fr_move_element(&pad->widths, 2u * axis);
        int64_t after = fr_move_element(&pad->widths, 2u * axis + 1u);
        if (before < 0 || after < 0 ||
            before + after + pad->input.shape[axis] != pad->output.shape[axis]) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &pad->output, axis);
        }
    }
    return FR_OK;
}

static fr_status_t prepare(const fr_call_t* call, fr_pad_t* pad) {
    fr_status_t status = fr_call_input(call, PORT_VALUE, &pad->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &pad->output);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &pad->input);
    }
    if (status == FR_OK) {
        status = fr_move_check(call, &pad->input, &pad->output);
    }
    if (status == FR_OK) {
        status = fr_move_constant(call, PORT_WIDTHS, &pad->widths);
    }
    return status == FR_OK ? check_shapes(call, pad) : status;
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_pad_t pad;
    fr_status_t status = prepare(call, &pad);
    *work = status == FR_OK ? pad.output.element_count : 0;
    return status;
}

/// Where row `row` of the input (all but its last axis) begins in the output.
static uint32_t place_of_row(const fr_pad_t* pad, uint32_t row) {
    uint32_t last = pad->input.rank - 1u;
    uint32_t place = (uint32_t)fr_move_element(&pad->widths, 2u * last);
    uint32_t pitch = pad->output.shape[last];
    for (uint32_t axis = last; axis-- > 0;) {
        uint32_t index = row % pad->input.shape[axis];
        place += (index + (uint32_t)fr_move_element(&pad->widths, 2u * axis)) * pitch;
        row /= pad->input.shape[axis];
        pitch *= pad->output.shape[axis];
    }
    return place;
}

static fr_status_t run(const fr_call_t* call) {
    fr_pad_t pad;
    fr_status_t status = prepare(call, &pad);
    if (status != FR_OK) {
        return status;
    }
    const uint8_t* source = fr_call_data(call, &pad.input);
    uint8_t* target = fr_call_room(call, &pad.output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    uint32_t length = pad.input.shape[pad.input.rank - 1u];
    memset(target, pad.output.zero_point, pad.output.size_bytes);
    for (uint32_t row = 0; row < pad.input.element_count / length; row++) {
        memcpy(target + place_of_row(&pad, row), source + row * length, length);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_pad = {.code = FR_OPERATOR_PAD,
                                   .version_max = 2,
                                   .inputs_min = 2,
                                   .inputs_max = 2,
                                   .outputs_min = 1,
                                   .outputs_max = 1,
                                   .check = check,
                                   .run = run};
