// SPDX-License-Identifier: Apache-2.0
#include "runtime/window.h"

enum { PADDING_SAME = 0, PADDING_VALID = 1 };
enum { AXIS_STEP_MAX = 4096 };  // filter, stride, dilation: keeps every product inside 32 bits

static bool is_step(int32_t value) {
    return value >= 1 && value <= AXIS_STEP_MAX;
}

/// Output length and padding of one axis; false if the window does not fit at all.
static bool fit_axis(fr_axis_t* axis, uint32_t padding_mode) {
    int32_t extent = (axis->filter - 1) * axis->dilation + 1;
    int32_t expected = 0;
    if (padding_mode == PADDING_SAME) {
        expected = (axis->input + axis->stride - 1) / axis->stride;
    } else if (axis->input >= extent) {
        expected = (axis->input - extent) / axis->stride + 1;
    }
    int32_t total = (expected - 1) * axis->stride + extent - axis->input;
    axis->padding = total > 0 ? total / 2 : 0;
    return expected > 0 && expected == axis->output;
}

fr_status_t fr_window_fit(const fr_call_t* call, const fr_tensor_t* input,
                          const fr_tensor_t* output, uint32_t padding_mode, fr_window_t* window) {
    fr_axis_t* vertical = &window->vertical;
    fr_axis_t* horizontal = &window->horizontal;
    if (padding_mode > PADDING_VALID) {
        return fr_call_refuse_option(call, 0);
    }
    if (!is_step(vertical->filter) || !is_step(horizontal->filter) || !is_step(vertical->stride) ||
        !is_step(horizontal->stride) || !is_step(vertical->dilation) ||
        !is_step(horizontal->dilation)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, 0);
    }
    if (input->rank != 4 || output->rank != 4 || input->shape[0] != output->shape[0]) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->rank);
    }
    window->batches = input->shape[0];
    window->input_channels = input->shape[3];
    window->output_channels = output->shape[3];
    vertical->input = (int32_t)input->shape[1];
    vertical->output = (int32_t)output->shape[1];
    horizontal->input = (int32_t)input->shape[2];
    horizontal->output = (int32_t)output->shape[2];
    if (!fit_axis(vertical, padding_mode)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->shape[1]);
    }
    if (!fit_axis(horizontal, padding_mode)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->shape[2]);
    }
    return FR_OK;
}
