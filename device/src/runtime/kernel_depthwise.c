// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D: int8, weights per tensor or per channel in 1,H,W,O order.
#include "runtime/fixed.h"
#include "runtime/layer.h"

enum { OPTION_PADDING = 0, OPTION_STRIDE_W = 1, OPTION_STRIDE_H = 2, OPTION_ACTIVATION = 4 };
enum { OPTION_DILATION_W = 5, OPTION_DILATION_H = 6 };

static fr_status_t prepare(const fr_call_t* call, fr_layer_t* layer) {
    fr_status_t status = fr_layer_read(call, layer);
    if (status != FR_OK) {
        return status;
    }
    const fr_tensor_t* weights = &layer->weights;
    if (weights->rank != 4 || weights->shape[0] != 1) {
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
    // The depth multiplier follows from the channel counts; TFLite ignores the option as well.
    if (weights->shape[3] != window->output_channels ||
        window->output_channels % window->input_channels != 0) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, weights, weights->shape[3]);
    }
    uint32_t depth = weights->shape[1] * weights->shape[2];
    if (depth > FR_ACCUMULATE_MAX) {
        return fr_call_refuse_limit(call, depth, FR_ACCUMULATE_MAX);
    }
    status = fr_layer_check(call, layer, window->output_channels, 3);
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (status == FR_OK && !fr_activation_range(&layer->output, activation, &layer->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return status;
}

static fr_status_t depthwise_check(const fr_call_t* call, uint64_t* work) {
    fr_layer_t layer;
    fr_status_t status = prepare(call, &layer);
    if (status != FR_OK) {
        return status;
    }
    *work = (uint64_t)layer.output.element_count * layer.weights.shape[1] * layer.weights.shape[2];
    return fr_require_multipliers(call, &layer.input, &layer.weights, &layer.output);
}

/// One tap for a block of channels that each have their own input channel: contiguous, and of a
/// length the compiler knows for a full block, so that it can do several at once.
static void add_tap(int32_t* sums, const int8_t* weights, const int8_t* values, uint32_t count,
                    int32_t offset) {
    int16_t shift = (int16_t)offset;
    if (count == FR_CHANNEL_BLOCK) {
        for (uint32_t i = 0; i < FR_CHANNEL_BLOCK; i++) {
            sums[i] += weights[i] * (int16_t)(values[i] + shift);
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        sums[i] += weights[i] * (int16_t)(values[i] + shift);
    }
}

/// One tap when `multiplier` output channels share an input channel.
static void add_shared_tap(int32_t* sums, const int8_t* weights, const int8_t* pixel,
                           const fr_channel_block_t* block, uint32_t multiplier, int32_t offset) {
    uint32_t source = block->first / multiplier;
    uint32_t until = multiplier - block->first % multiplier;  // the next input channel begins
    for (uint32_t i = 0; i < block->count; until += multiplier) {
        int16_t value = (int16_t)(pixel[source] + offset);
        uint32_t end = until < block->count ? until : block->count;
        for (; i < end; i++) {
            sums[i] += weights[i] * value;
        }
        source++;
    }
}

static void run_position(const fr_layer_t* layer, const fr_channel_block_t* block,
                         const int8_t* image, fr_taps_t rows, fr_taps_t columns, int8_t* output) {
    const fr_window_t* window = &layer->window;
    const int8_t* weights = (const int8_t*)layer->weights.constant + block->first;
    int32_t channels = (int32_t)window->input_channels;
    uint32_t multiplier = window->output_channels / window->input_channels;
    int32_t sums[FR_CHANNEL_BLOCK] = {0};
    for (int32_t row = rows.first; row < rows.end; row++) {
        int32_t y = rows.origin + row * window->vertical.dilation;
        for (int32_t column = columns.first; column < columns.end; column++) {
            int32_t x = columns.origin + column * window->horizontal.dilation;
            const int8_t* pixel = image + (y * window->horizontal.input + x) * channels;
            const int8_t* taps = weights + (uint32_t)(row * window->horizontal.filter + column) *
                                               window->output_channels;
            if (multiplier == 1) {
                add_tap(sums, taps, pixel + block->first, block->count, layer->input_offset);
            } else {
                add_shared_tap(sums, taps, pixel, block, multiplier, layer->input_offset);
            }
        }
    }
    for (uint32_t i = 0; i < block->count; i++) {
        int32_t scaled =
            fr_rescale_twice(fr_wrap_add(sums[i], block->bias[i]), block->multiplier[i]);
        output[block->first + i] = (int8_t)fr_clamp(fr_wrap_add(scaled, layer->output_offset),
                                                    layer->range.low, layer->range.high);
    }
}

static fr_status_t depthwise_run(const fr_call_t* call) {
    fr_layer_t layer;
    fr_status_t status = prepare(call, &layer);
    return status == FR_OK ? fr_layer_run(call, &layer, run_position) : status;
}

const fr_kernel_t fr_kernel_depthwise = {.code = FR_OPERATOR_DEPTHWISE_CONV_2D,
                                         .version_max = 7,
                                         .options_type = 2,
                                         .inputs_min = 2,
                                         .inputs_max = 3,
                                         .outputs_min = 1,
                                         .outputs_max = 1,
                                         .check = depthwise_check,
                                         .run = depthwise_run};
