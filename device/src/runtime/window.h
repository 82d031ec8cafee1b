// SPDX-License-Identifier: Apache-2.0
// The geometry convolutions and pools share: a window sliding over height and width of an NHWC
// tensor, with TFLite's padding rules. A value on the kernel's stack.
#ifndef FRUGAL_RUNTIME_WINDOW_H
#define FRUGAL_RUNTIME_WINDOW_H

#include "runtime/model.h"

typedef struct {
    int32_t input;   ///< length of the input along this axis
    int32_t output;  ///< of the output
    int32_t filter;
    int32_t stride;
    int32_t dilation;
    int32_t padding;  ///< before the first element
} fr_axis_t;

typedef struct {
    uint32_t batches;
    uint32_t input_channels;
    uint32_t output_channels;
    fr_axis_t vertical;
    fr_axis_t horizontal;
} fr_window_t;

/// The taps [first, end) of a window that lie inside the input, and the input position of tap 0.
typedef struct {
    int32_t first;
    int32_t end;
    int32_t origin;
} fr_taps_t;

/// Fills in input, output and padding from the tensors and checks that the output's shape is the
/// one the options give. Filter, stride and dilation must be set.
fr_status_t fr_window_fit(const fr_call_t* call, const fr_tensor_t* input,
                          const fr_tensor_t* output, uint32_t padding_mode, fr_window_t* window);

static inline fr_taps_t fr_axis_taps(const fr_axis_t* axis, int32_t position) {
    fr_taps_t taps;
    taps.origin = position * axis->stride - axis->padding;
    taps.first = taps.origin >= 0 ? 0 : (axis->dilation - 1 - taps.origin) / axis->dilation;
    int32_t inside = axis->input - taps.origin;  // input positions from the origin on
    int32_t reach = inside <= 0 ? 0 : (inside + axis->dilation - 1) / axis->dilation;
    taps.end = reach < axis->filter ? reach : axis->filter;
    if (taps.first > taps.end) {
        taps.first = taps.end;
    }
    return taps;
}

#endif
