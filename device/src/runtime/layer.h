// SPDX-License-Identifier: Apache-2.0
// What convolution and depthwise convolution share: their tensors, and the constants of a block of
// output channels. Blocks keep the constants on the stack: no arena, no table per channel.
#ifndef FRUGAL_RUNTIME_LAYER_H
#define FRUGAL_RUNTIME_LAYER_H

#include "runtime/quantization.h"
#include "runtime/window.h"

#define FR_CHANNEL_BLOCK 16u

typedef struct {
    fr_tensor_t input;
    fr_tensor_t weights;
    fr_tensor_t bias;  ///< constant is NULL if there is none
    fr_tensor_t output;
    fr_window_t window;
    fr_range_t range;
    int32_t input_offset;
    int32_t output_offset;
} fr_layer_t;

/// Constants of up to FR_CHANNEL_BLOCK output channels from `first` on.
typedef struct {
    uint32_t first;
    uint32_t count;
    int32_t bias[FR_CHANNEL_BLOCK];
    fr_multiplier_t multiplier[FR_CHANNEL_BLOCK];
} fr_channel_block_t;

/// Reads input, weights, optional bias and output of the call.
fr_status_t fr_layer_read(const fr_call_t* call, fr_layer_t* layer);

/// Checks types and quantization once the number of output channels is known.
fr_status_t fr_layer_check(const fr_call_t* call, const fr_layer_t* layer, uint32_t channels,
                           uint32_t channel_dimension);

void fr_layer_block(const fr_layer_t* layer, uint32_t first, fr_channel_block_t* block);

/// Computes a block of output channels at one position of the window: `image` is one of the batch,
/// `output` the first channel there.
typedef void (*fr_layer_position_t)(const fr_layer_t* layer, const fr_channel_block_t* block,
                                    const int8_t* image, fr_taps_t rows, fr_taps_t columns,
                                    int8_t* output);

/// Runs a layer that fr_layer_check() has passed: every block of channels, at every position.
fr_status_t fr_layer_run(const fr_call_t* call, const fr_layer_t* layer,
                         fr_layer_position_t position);

#endif
