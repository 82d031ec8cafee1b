// SPDX-License-Identifier: Apache-2.0
#include "runtime/layer.h"

fr_status_t fr_layer_read(const fr_call_t* call, fr_layer_t* layer) {
    layer->bias.constant = NULL;
    fr_status_t status = fr_call_input(call, 0, &layer->input);
    if (status == FR_OK) {
        status = fr_call_input(call, 1, &layer->weights);
    }
    if (status == FR_OK && fr_call_has_input(call, 2)) {
        status = fr_call_input(call, 2, &layer->bias);
        if (status == FR_OK && layer->bias.constant == NULL) {
            status = fr_call_refuse(call, FR_MODEL_TENSOR_DATA, &layer->bias, 0);
        }
    }
    if (status == FR_OK) {
        status = fr_call_output(call, &layer->output);
    }
    layer->input_offset = -layer->input.zero_point;
    layer->output_offset = layer->output.zero_point;
    return status;
}

fr_status_t fr_layer_check(const fr_call_t* call, const fr_layer_t* layer, uint32_t channels,
                           uint32_t channel_dimension) {
    fr_status_t status = fr_require_int8(call, &layer->input);
    if (status == FR_OK) {
        status = fr_require_int8(call, &layer->output);
    }
    if (status == FR_OK) {
        status = fr_require_weights(call, &layer->weights, channels, channel_dimension);
    }
    if (status == FR_OK && layer->bias.constant != NULL) {
        status = fr_require_bias(call, &layer->bias, channels);
    }
    return status;
}

void fr_layer_block(const fr_layer_t* layer, uint32_t first, fr_channel_block_t* block) {
    uint32_t left = layer->window.output_channels - first;
    block->first = first;
    block->count = left < FR_CHANNEL_BLOCK ? left : FR_CHANNEL_BLOCK;
    for (uint32_t i = 0; i < block->count; i++) {
        uint32_t channel = first + i;
        block->bias[i] =
            layer->bias.constant == NULL ? 0 : fr_load_i32(layer->bias.constant + 4u * channel);
        if (i > 0 && layer->weights.scale_count == 1) {
            block->multiplier[i] = block->multiplier[0];
        } else {
            // fr_layer_check() proved that every multiplier can be formed.
            (void)fr_multiplier_by_channel(&layer->input, &layer->weights, &layer->output, channel,
                                           &block->multiplier[i]);
        }
    }
}

static void run_block(const fr_layer_t* layer, const fr_channel_block_t* block, const int8_t* input,
                      int8_t* output, fr_layer_position_t position) {
    const fr_window_t* window = &layer->window;
    uint32_t image_size = layer->input.element_count / window->batches;
    for (uint32_t batch = 0; batch < window->batches; batch++) {
        const int8_t* image = input + batch * image_size;
        for (int32_t y = 0; y < window->vertical.output; y++) {
            fr_taps_t rows = fr_axis_taps(&window->vertical, y);
            for (int32_t x = 0; x < window->horizontal.output; x++) {
                fr_taps_t columns = fr_axis_taps(&window->horizontal, x);
                position(layer, block, image, rows, columns, output);
                output += window->output_channels;
            }
        }
    }
}

fr_status_t fr_layer_run(const fr_call_t* call, const fr_layer_t* layer,
                         fr_layer_position_t position) {
    const int8_t* input = (const int8_t*)fr_call_data(call, &layer->input);
    int8_t* output = (int8_t*)fr_call_room(call, &layer->output);
    if (input == NULL || output == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t first = 0; first < layer->window.output_channels; first += FR_CHANNEL_BLOCK) {
        fr_channel_block_t block;
        fr_layer_block(layer, first, &block);
        run_block(layer, &block, input, output, position);
    }
    return FR_OK;
}
