// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/codec_model.h"

#define RECENT_MASK (FR_WEIGHT_RECENT - 1u)
#define BLOCK_MASK (FR_WEIGHT_BLOCK - 1u)

void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start,
                            const fr_weight_shape_t* shape, uint32_t profile) {
    memset(tensor, 0, sizeof(*tensor));
    tensor->shape = *shape;
    tensor->start = start;
    tensor->row_mask = profile == 1u ? 3u : FR_WEIGHT_ROWS_REMEMBERED - 1u;
}

static uint32_t magnitude(int32_t value) {
    return (uint32_t)(value < 0 ? -value : value);
}

static uint32_t held_rows(const fr_weight_tensor_t* tensor) {
    const uint32_t kept = tensor->row_mask + 1u;
    return tensor->remembered_count < kept ? tensor->remembered_count : kept;
}

// The rows before and the old tensor, a block of columns at a time.
static void fetch_block(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context) {
    const uint32_t left = tensor->shape.columns - tensor->column;
    const uint32_t width = left < FR_WEIGHT_BLOCK ? left : FR_WEIGHT_BLOCK;
    const uint32_t held = held_rows(tensor);
    // The ring holds the rows in no order; the one written last is the row above.
    const uint32_t last = (tensor->remembered_count - 1u) & tensor->row_mask;
    int8_t block[FR_WEIGHT_BLOCK];
    memset(tensor->column_sum, 0, sizeof(tensor->column_sum));
    for (uint32_t i = 0; i < held; ++i) {
        const uint32_t row = tensor->remembered[i];
        int8_t* into = i == last ? tensor->above : block;
        read(context, tensor->start + row * tensor->shape.columns + tensor->column, (uint8_t*)into,
             width);
        for (uint32_t at = 0; at < width; ++at) {
            tensor->column_sum[at] = (uint16_t)(tensor->column_sum[at] + magnitude(into[at]));
        }
    }
    if (tensor->shape.old_distance != 0) {
        const uint32_t at = tensor->start + tensor->row * tensor->shape.columns + tensor->column;
        read(context, at - tensor->shape.old_distance, (uint8_t*)tensor->old, width);
    }
}

static int8_t tap_at(const fr_weight_tensor_t* tensor, uint32_t distance, fr_weight_read_t read,
                     void* context) {
    if (distance == 0 || tensor->column < distance) {
        return 0;
    }
    if (distance <= FR_WEIGHT_RECENT) {
        return tensor->recent[(tensor->column - distance) & RECENT_MASK];
    }
    uint8_t byte = 0;
    read(context, tensor->start + tensor->row * tensor->shape.columns + tensor->column - distance,
         &byte, 1);
    return (int8_t)byte;
}

void fr_weight_tensor_look(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context,
                           fr_weight_surroundings_t* around) {
    const uint32_t in_block = tensor->column & BLOCK_MASK;
    if (in_block == 0) {
        fetch_block(tensor, read, context);
    }
    const uint32_t held = held_rows(tensor);
    const uint32_t beside = tensor->shape.near_distance == 1u ? 2u : 1u;
    around->taps[0] = tap_at(tensor, tensor->shape.near_distance, read, context);
    around->taps[1] = tap_at(tensor, tensor->shape.far_distance, read, context);
    around->taps[2] = held != 0 ? tensor->above[in_block] : 0;
    around->taps[3] = tap_at(tensor, beside, read, context);
    around->taps[4] = tensor->old[in_block];
    around->column_sum = tensor->column_sum[in_block];
    around->column_count = (uint16_t)held;
    around->has_old = tensor->shape.old_distance != 0;
    if (around->has_old) {
        around->special_state = tensor->special_history & 15u;
    } else {
        around->special_state =
            (uint8_t)((around->taps[2] == 0 ? 1u : 0u) | (around->taps[0] == 0 ? 2u : 0u) |
                      (around->taps[3] == 0 ? 4u : 0u) |
                      (2u * around->column_sum < around->column_count ? 8u : 0u));
    }
}

void fr_weight_tensor_step(fr_weight_tensor_t* tensor, int8_t value) {
    const bool is_old = value == tensor->old[tensor->column & BLOCK_MASK];
    tensor->special_history = (uint8_t)(tensor->special_history * 2u + (is_old ? 1u : 0u));
    tensor->recent[tensor->column & RECENT_MASK] = value;
    if (++tensor->column < tensor->shape.columns) {
        return;
    }
    tensor->remembered[tensor->remembered_count & tensor->row_mask] = (uint16_t)tensor->row;
    ++tensor->remembered_count;
    ++tensor->row;
    tensor->column = 0;
}

void fr_weight_tensor_skip_row(fr_weight_tensor_t* tensor) {
    ++tensor->row;
    tensor->column = 0;
}

bool fr_weight_tensor_is_done(const fr_weight_tensor_t* tensor) {
    return tensor->row >= tensor->shape.rows;
}
