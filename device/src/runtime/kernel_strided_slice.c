// SPDX-License-Identifier: Apache-2.0
// STRIDED_SLICE: int8 or int32 with constant bounds, any stride, begin, end and shrink masks.
// Ellipsis and new-axis masks are not built in.
#include <string.h>

#include "runtime/move.h"

enum { OPTION_BEGIN = 0, OPTION_END = 1, OPTION_ELLIPSIS = 2, OPTION_NEW_AXIS = 3 };
enum { OPTION_SHRINK = 4, OPTION_OFFSET = 5 };
enum { PORT_VALUE = 0, PORT_BEGIN = 1, PORT_END = 2, PORT_STRIDES = 3 };

/// One axis: `length` elements from `first`, `stride` apart.
typedef struct {
    int32_t first;
    int32_t stride;
    uint32_t length;
} fr_slice_axis_t;

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_tensor_t bounds[3];  ///< begin, end, strides
    fr_slice_axis_t axes[FR_TENSOR_RANK_MAX];
} fr_slice_t;

static bool is_marked(const fr_call_t* call, uint32_t option, uint32_t axis) {
    return (fr_call_option_u32(call, option, 0) >> axis & 1u) != 0;
}

/// A bound counted from the front and limited to where a stride of this sign may begin or end.
static int32_t limit_bound(int32_t bound, int32_t length, int32_t stride) {
    int32_t low = stride > 0 ? 0 : -1;
    int32_t high = stride > 0 ? length : length - 1;
    int32_t from_front = bound < 0 ? bound + length : bound;
    return from_front < low ? low : from_front > high ? high : from_front;
}

/// False if nothing is left of the axis or the stride is no stride.
static bool fit_axis(const fr_call_t* call, fr_slice_t* slice, uint32_t axis) {
    fr_slice_axis_t* result = &slice->axes[axis];
    int32_t length = (int32_t)slice->input.shape[axis];
    int32_t stride = fr_move_element(&slice->bounds[2], axis);
    if (stride == 0 || stride < -length || stride > length) {
        // Longer strides take one element like a stride of the whole length does.
        stride = stride < 0 ? -length : stride > 0 ? length : 0;
    }
    if (stride == 0) {
        return false;
    }
    int32_t begin = stride > 0 ? 0 : length - 1;
    int32_t end = stride > 0 ? length : -1;
    if (!is_marked(call, OPTION_BEGIN, axis)) {
        begin = limit_bound(fr_move_element(&slice->bounds[0], axis), length, stride);
    }
    if (is_marked(call, OPTION_SHRINK, axis)) {
        stride = 1;
        end = begin + 1;
    } else if (!is_marked(call, OPTION_END, axis)) {
        end = limit_bound(fr_move_element(&slice->bounds[1], axis), length, stride);
    }
    int32_t reach = stride > 0 ? end - begin + stride - 1 : end - begin + stride + 1;
    result->first = begin;
    result->stride = stride;
    result->length = reach / stride > 0 ? (uint32_t)(reach / stride) : 0;
    return result->length > 0 && begin >= 0 && begin < length;
}

/// Fits all axes and compares what is left with the output's shape.
static fr_status_t fit(const fr_call_t* call, fr_slice_t* slice) {
    uint32_t given = slice->bounds[0].element_count;
    uint32_t rank = 0;
    for (uint32_t axis = 0; axis < slice->input.rank; axis++) {
        fr_slice_axis_t whole = {0, 1, slice->input.shape[axis]};
        slice->axes[axis] = whole;
        if (axis < given && !fit_axis(call, slice, axis)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &slice->input, axis);
        }
        if (axis < given && is_marked(call, OPTION_SHRINK, axis)) {
            continue;
        }
        if (rank >= slice->output.rank || slice->output.shape[rank] != slice->axes[axis].length) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &slice->output, rank);
        }
        rank++;
    }
    if (rank != slice->output.rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &slice->output, rank);
    }
    return fr_move_check(call, &slice->input, &slice->output);
}

static fr_status_t prepare(const fr_call_t* call, fr_slice_t* slice) {
    fr_status_t status = fr_call_input(call, PORT_VALUE, &slice->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &slice->output);
    }
    for (uint32_t i = 0; i < 3 && status == FR_OK; i++) {
        status = fr_move_constant(call, PORT_BEGIN + i, &slice->bounds[i]);
        if (status == FR_OK && (slice->bounds[i].element_count > slice->input.rank ||
                                slice->bounds[i].element_count != slice->bounds[0].element_count)) {
            status = fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &slice->bounds[i],
                                    slice->bounds[i].element_count);
        }
    }
    if (status != FR_OK) {
        return status;
    }
    if (fr_call_option_u32(call, OPTION_ELLIPSIS, 0) != 0) {
        return fr_call_refuse_option(call, OPTION_ELLIPSIS);
    }
    if (fr_call_option_u32(call, OPTION_NEW_AXIS, 0) != 0) {
        return fr_call_refuse_option(call, OPTION_NEW_AXIS);
    }
    if (fr_call_option_u8(call, OPTION_OFFSET, 0) != 0) {
        return fr_call_refuse_option(call, OPTION_OFFSET);
    }
    return fit(call, slice);
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_slice_t slice;
    fr_status_t status = prepare(call, &slice);
    *work = status == FR_OK ? slice.output.element_count : 0;
    return status;
}

/// Copies the last axis from element `from` of the input on.
static uint8_t* copy_row(const fr_slice_axis_t* last, const uint8_t* source, uint32_t size,
                         uint8_t* target) {
    if (last->stride == 1) {
        memcpy(target, source, last->length * size);
        return target + last->length * size;
    }
    for (uint32_t i = 0; i < last->length; i++) {
        memcpy(target, source, size);
        source += last->stride * (int32_t)size;
        target += size;
    }
    return target;
}

static void copy_rows(const fr_slice_t* slice, const uint8_t* source, uint8_t* target) {
    uint32_t rank = slice->input.rank;
    uint32_t size = fr_move_size(&slice->input);
    const fr_slice_axis_t* last = &slice->axes[rank - 1u];
    uint32_t rows = slice->output.element_count / last->length;
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t left = row;
        uint32_t position = (uint32_t)last->first;
        uint32_t pitch = slice->input.shape[rank - 1u];
        for (uint32_t axis = rank - 1u; axis-- > 0;) {
            const fr_slice_axis_t* one = &slice->axes[axis];
            int32_t index = one->first + (int32_t)(left % one->length) * one->stride;
            position += (uint32_t)index * pitch;
            left /= one->length;
            pitch *= slice->input.shape[axis];
        }
        target = copy_row(last, source + position * size, size, target);
    }
}

static fr_status_t run(const fr_call_t* call) {
    fr_slice_t slice;
    fr_status_t status = prepare(call, &slice);
    if (status != FR_OK) {
        return status;
    }
    const uint8_t* source = fr_call_data(call, &slice.input);
    uint8_t* target = fr_call_room(call, &slice.output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    if (slice.input.rank == 0) {
        memcpy(target, source, slice.output.size_bytes);
        return FR_OK;
    }
    copy_rows(&slice, source, target);
    return FR_OK;
}

const fr_kernel_t fr_kernel_strided_slice = {.code = FR_OPERATOR_STRIDED_SLICE,
                                             .version_max = 4,
                                             .options_type = 32,
                                             .inputs_min = 4,
                                             .inputs_max = 4,
                                             .outputs_min = 1,
                                             .outputs_max = 1,
                                             .check = check,
                                             .run = run};
