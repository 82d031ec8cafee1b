// SPDX-License-Identifier: Apache-2.0
// CONV_2D: int8, weights per tensor or per channel in O,H,W,I order.
#include <string.h>

#include "runtime/dot.h"
#include "runtime/fixed.h"
#include "runtime/layer.h"

enum { OPTION_PADDING = 0, OPTION_STRIDE_W = 1, OPTION_STRIDE_H = 2, OPTION_ACTIVATION = 3 };
enum { OPTION_DILATION_W = 4, OPTION_DILATION_H = 5, OPTION_BIAS_TYPE = 6 };

static fr_status_t prepare(const fr_call_t* call, fr_layer_t* layer) {
    fr_status_t status = fr_layer_read(call, layer);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* weights = &layer->weights;
    if (weights->rank != 4) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, weights, weights->rank);
    }
    fr_window_t* window = &layer->window;
    window->vertical.filter = (int32_t)weights->shape[1];
    window->vertical.stride = (int32_t)fr_call_option_u32(call, OPTION_STRIDE_H, 0);
    window->vertical.dilation = (int32_t)fr_call_option_u32(call, OPTION_DILATION_H, 1);
    window->horizontal.filter = (int32_t)weights->shape[2];
    window->horizontal.stride = (int32_t)fr_call_option_u32(call, OPTION_STRIDE_W, 0);
    window->horizontal.dilation = (int32_t)fr_call_option_u32(call, OPTION_DILATION_W, 1);
    status = fr_window_fit(call, &layer->input, &layer->output,
                           fr_call_option_u8(call, OPTION_PADDING, 0), window);
    if (status != FR_OK) {
        return status;
    }
    if (weights->shape[0] != window->output_channels ||
        weights->shape[3] != window->input_channels) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, weights, weights->shape[3]);
    }
    uint32_t depth = weights->element_count / weights->shape[0];
    if (depth > FR_ACCUMULATE_MAX) {
        return fr_call_refuse_limit(call, depth, FR_ACCUMULATE_MAX);
    }
    status = fr_layer_check(call, layer, window->output_channels, 0);
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (status == FR_OK && !fr_activation_range(&layer->output, activation, &layer->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return status;
}

static fr_status_t convolution_check(const fr_call_t* call, uint64_t* work) {
    fr_layer_t layer;
    fr_status_t status = prepare(call, &layer);
    if (status != FR_OK) {
        return status;
    }
    uint32_t bias_type = fr_call_option_u8(call, OPTION_BIAS_TYPE, FR_TENSOR_FLOAT32);
    if (bias_type != FR_TENSOR_FLOAT32 && bias_type != FR_TENSOR_INT32) {
        return fr_call_refuse_option(call, OPTION_BIAS_TYPE);
    }
    uint32_t depth = layer.weights.element_count / layer.window.output_channels;
    *work = (uint64_t)layer.output.element_count * depth;
    return fr_require_multipliers(call, &layer.input, &layer.weights, &layer.output);
}

/// Widens the patch elements [first, first + count) of the window at rows and columns, in the order
/// of the weights; padding stands for zero. Without dilation the taps of a row are contiguous.
static void gather(const fr_layer_t* layer, const int8_t* image, fr_taps_t rows, fr_taps_t columns,
                   uint32_t first, uint32_t count, int16_t* patch) {
    const fr_axis_t* vertical = &layer->window.vertical;
    const fr_axis_t* horizontal = &layer->window.horizontal;
    int32_t channels = (int32_t)layer->window.input_channels;
    int32_t left = (int32_t)count;
    int32_t skip = (int32_t)first % channels;
    int32_t column = (int32_t)first / channels % horizontal->filter;
    int32_t row = (int32_t)first / channels / horizontal->filter;
    while (left > 0) {
        bool is_inside =
            row >= rows.first && row < rows.end && column >= columns.first && column < columns.end;
        int32_t taps = is_inside && horizontal->dilation == 1 ? columns.end - column : 1;
        int32_t run = taps * channels - skip;
        run = run < left ? run : left;
        if (is_inside) {
            int32_t y = rows.origin + row * vertical->dilation;
            int32_t x = columns.origin + column * horizontal->dilation;
            const int8_t* values = image + (y * horizontal->input + x) * channels + skip;
            fr_patch_fill(patch, values, (uint32_t)run, layer->input_offset);
        } else {
            memset(patch, 0, sizeof patch[0] * (uint32_t)run);
        }
        patch += run;
        left -= run;
        skip = 0;
        column += taps;  // beyond a run cut short the loop ends anyway
        if (column >= horizontal->filter) {
            column = 0;
            row++;
        }
    }
}

static void run_position(const fr_layer_t* layer, const fr_channel_block_t* block,
                         const int8_t* image, fr_taps_t rows, fr_taps_t columns, int8_t* output) {
    uint32_t depth = layer->weights.element_count / layer->window.output_channels;
    const int8_t* weights = (const int8_t*)layer->weights.constant + block->first * depth;
    int32_t sums[FR_CHANNEL_BLOCK] = {0};
    int16_t patch[FR_PATCH_SIZE];
    for (uint32_t first = 0; first < depth; first += FR_PATCH_SIZE) {
        uint32_t count = depth - first < FR_PATCH_SIZE ? depth - first : FR_PATCH_SIZE;
        gather(layer, image, rows, columns, first, count, patch);
        fr_dot_rows(sums, block->count, weights + first, depth, patch, count);
    }
    for (uint32_t i = 0; i < block->count; i++) {
        int32_t scaled =
            fr_rescale_once(fr_wrap_add(sums[i], block->bias[i]), block->multiplier[i]);
        output[block->first + i] = (int8_t)fr_clamp(fr_wrap_add(scaled, layer->output_offset),
                                                    layer->range.low, layer->range.high);
    }
}

static fr_status_t convolution_run(const fr_call_t* call) {
    fr_layer_t layer;
    fr_status_t status = prepare(call, &layer);
    return status == FR_OK ? fr_layer_run(call, &layer, run_position) : status;
}

const fr_kernel_t fr_kernel_convolution = {.code = FR_OPERATOR_CONV_2D,
                                           .version_max = 8,
                                           .options_type = 1,
                                           .inputs_min = 2,
                                           .inputs_max = 3,
                                           .outputs_min = 1,
                                           .outputs_max = 1,
                                           .check = convolution_check,
                                           .run = convolution_run};
