// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED: int8, weights per tensor (which may have a zero point) or per output unit.
#include "runtime/dot.h"
#include "runtime/fixed.h"
#include "runtime/layer.h"

enum { OPTION_ACTIVATION = 0, OPTION_WEIGHTS_FORMAT = 1 };

static fr_status_t check_shapes(const fr_call_t* call, const fr_layer_t* layer) {
    const fr_tensor_t* weights = &layer->weights;
    if (weights->rank != 2) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, weights, weights->rank);
    }
    uint32_t units = weights->shape[0];
    uint32_t depth = weights->shape[1];
    if (layer->input.element_count % depth != 0) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &layer->input, depth);
    }
    const fr_tensor_t* output = &layer->output;
    bool ends_in_units = output->rank > 0 && output->shape[output->rank - 1u] == units;
    if (!ends_in_units || output->element_count / units != layer->input.element_count / depth) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, units);
    }
    if (depth > FR_ACCUMULATE_MAX) {
        return fr_call_refuse_limit(call, depth, FR_ACCUMULATE_MAX);
    }
    return FR_OK;
}

/// A single scale may come with a zero point here; hide it from the symmetric check.
static fr_status_t check_tensors(const fr_call_t* call, const fr_layer_t* layer) {
    fr_layer_t symmetric = *layer;
    if (layer->weights.scale_count == 1) {
        symmetric.weights.zero_points = NULL;
    }
    return fr_layer_check(call, &symmetric, layer->weights.shape[0], 0);
}

static fr_status_t prepare(const fr_call_t* call, fr_layer_t* layer) {
    fr_status_t status = fr_layer_read(call, layer);
    if (status == FR_OK) {
        status = check_shapes(call, layer);
    }
    if (status == FR_OK) {
        status = check_tensors(call, layer);
    }
    if (status != FR_OK) {
        return status;
    }
    if (fr_call_option_u8(call, OPTION_WEIGHTS_FORMAT, 0) != 0) {
        return fr_call_refuse_option(call, OPTION_WEIGHTS_FORMAT);
    }
    layer->window.output_channels = layer->weights.shape[0];
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (!fr_activation_range(&layer->output, activation, &layer->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return FR_OK;
}

/// For one scale TFLite multiplies input and weight scale in float before the division in double.
static bool multiplier_by_tensor(const fr_layer_t* layer, fr_multiplier_t* multiplier) {
    fr_real_t product =
        fr_real_round(fr_real_multiply(fr_scale(&layer->input, 0), fr_scale(&layer->weights, 0)),
                      FR_REAL_FLOAT_BITS);
    return fr_real_to_multiplier(
        fr_real_divide(product, fr_scale(&layer->output, 0), FR_REAL_DOUBLE_BITS), multiplier);
}

static fr_status_t fully_connected_check(const fr_call_t* call, uint64_t* work) {
    fr_layer_t layer;
    fr_multiplier_t multiplier;
    fr_status_t status = prepare(call, &layer);
    if (status != FR_OK) {
        return status;
    }
    *work = (uint64_t)layer.output.element_count * layer.weights.shape[1];
    if (layer.weights.scale_count == 1 && !multiplier_by_tensor(&layer, &multiplier)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &layer.weights, 0);
    }
    return fr_require_multipliers(call, &layer.input, &layer.weights, &layer.output);
}

/// What a zero point of the weights takes off every sum: the zero point times the sum of the
/// values.
static int32_t sum_patch(const int16_t* patch, uint32_t count) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += patch[i];
    }
    return sum;
}

static void run_row(const fr_layer_t* layer, const fr_channel_block_t* block, const int8_t* input,
                    int8_t* output) {
    uint32_t depth = layer->weights.shape[1];
    const int8_t* weights = (const int8_t*)layer->weights.constant + block->first * depth;
    int32_t weight_zero = layer->weights.scale_count == 1 ? layer->weights.zero_point : 0;
    int32_t sums[FR_CHANNEL_BLOCK] = {0};
    int32_t shared = 0;
    int16_t patch[FR_PATCH_SIZE];
    for (uint32_t first = 0; first < depth; first += FR_PATCH_SIZE) {
        uint32_t count = depth - first < FR_PATCH_SIZE ? depth - first : FR_PATCH_SIZE;
        fr_patch_fill(patch, input + first, count, layer->input_offset);
        fr_dot_rows(sums, block->count, weights + first, depth, patch, count);
        shared -= weight_zero == 0 ? 0 : weight_zero * sum_patch(patch, count);
    }
    for (uint32_t i = 0; i < block->count; i++) {
        int32_t scaled =
            fr_rescale_once(fr_wrap_add(sums[i] + shared, block->bias[i]), block->multiplier[i]);
        output[block->first + i] = (int8_t)fr_clamp(fr_wrap_add(scaled, layer->output_offset),
                                                    layer->range.low, layer->range.high);
    }
}

static void run_block(const fr_layer_t* layer, uint32_t first, const int8_t* input,
                      int8_t* output) {
    fr_channel_block_t block;
    fr_layer_block(layer, first, &block);
    if (layer->weights.scale_count == 1) {
        (void)multiplier_by_tensor(layer, &block.multiplier[0]);
        for (uint32_t i = 1; i < block.count; i++) {
            block.multiplier[i] = block.multiplier[0];
        }
    }
    uint32_t rows = layer->input.element_count / layer->weights.shape[1];
    for (uint32_t row = 0; row < rows; row++) {
        run_row(layer, &block, input + row * layer->weights.shape[1],
                output + row * layer->weights.shape[0]);
    }
}

static fr_status_t fully_connected_run(const fr_call_t* call) {
    fr_layer_t layer;
    fr_status_t status = prepare(call, &layer);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* input = (const int8_t*)fr_call_data(call, &layer.input);
    int8_t* output = (int8_t*)fr_call_room(call, &layer.output);
    if (input == NULL || output == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t first = 0; first < layer.window.output_channels; first += FR_CHANNEL_BLOCK) {
        run_block(&layer, first, input, output);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_fully_connected = {.code = FR_OPERATOR_FULLY_CONNECTED,
                                               .version_max = 12,
                                               .options_type = 8,
                                               .inputs_min = 2,
                                               .inputs_max = 3,
                                               .outputs_min = 1,
                                               .outputs_max = 1,
                                               .check = fully_connected_check,
                                               .run = fully_connected_run};
