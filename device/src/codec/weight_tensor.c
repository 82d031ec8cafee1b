// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/codec_model.h"

#define BLOCK_MASK (FR_WEIGHT_BLOCK - 1u)

enum { NEAR = 0, FAR = 1, ABOVE = 2, BESIDE = 3, OLD = 4 };

void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start,
                            const fr_weight_shape_t* shape, uint32_t rows_kept) {
    memset(tensor, 0, sizeof(*tensor));
    tensor->shape = *shape;
    tensor->start = start;
    tensor->rows_kept = (uint8_t)rows_kept;
}

void fr_weight_tensor_begin_row(fr_weight_tensor_t* tensor) {
    memset(tensor->recent, 0, sizeof(tensor->recent));
}

int32_t fr_palette_rank(const fr_palette_t* palette, int8_t value) {
    if (palette->count == 0) {
        return value;
    }
    int32_t rank = 0;
    int32_t above = palette->count - 1;  // what is above all values has the rank of the last
    while (rank < above) {
        const int32_t middle = (rank + above) / 2;
        if (palette->values[middle] < value) {
            rank = middle + 1;
        } else {
            above = middle;
        }
    }
    return rank - palette->zero;
}

int8_t fr_palette_value(const fr_palette_t* palette, int32_t coded) {
    return palette->count == 0 ? (int8_t)coded : palette->values[coded + palette->zero];
}

static void fetch(const fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context,
                  uint32_t address, int8_t* out, uint32_t width) {
    read(context, address, (uint8_t*)out, width);
    if (tensor->palette.count != 0) {
        for (uint32_t i = 0; i < width; ++i) {
            out[i] = (int8_t)fr_palette_rank(&tensor->palette, out[i]);
        }
    }
}

// What lies `distance` columns before, where it is too far back to be among the recent ones.
static void fetch_before(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context,
                         uint32_t distance, int8_t* out) {
    memset(out, 0, FR_WEIGHT_BLOCK);
    const uint32_t column = tensor->column;
    const uint32_t skipped = distance > column ? distance - column : 0;
    if (distance <= FR_WEIGHT_BLOCK || skipped >= FR_WEIGHT_BLOCK) {
        return;
    }
    uint32_t width = FR_WEIGHT_BLOCK;
    if (tensor->shape.columns - column < width) {
        width = tensor->shape.columns - column;
    }
    if (skipped < width) {
        fetch(tensor, read, context,
              tensor->start + tensor->row * tensor->shape.columns + column + skipped - distance,
              out + skipped, width - skipped);
    }
}

// The rows before, the old tensor and what lies before in the row, a block of columns at a time.
static void fetch_block(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context) {
    const uint32_t columns = tensor->shape.columns;
    const uint32_t left = columns - tensor->column;
    const uint32_t width = left < FR_WEIGHT_BLOCK ? left : FR_WEIGHT_BLOCK;
    // The ring holds the rows in no order; the one written last is the row above.
    const uint32_t last = (tensor->remembered_count - 1u) & (tensor->rows_kept - 1u);
    int8_t block[FR_WEIGHT_BLOCK];
    memset(tensor->column_sum, 0, sizeof(tensor->column_sum));
    for (uint32_t i = 0; i < tensor->around.column_count; ++i) {
        int8_t* into = i == last ? tensor->blocks[ABOVE] : block;
        fetch(tensor, read, context,
              tensor->start + tensor->remembered[i] * columns + tensor->column, into, width);
        for (uint32_t at = 0; at < width; ++at) {
            const int32_t value = into[at];
            tensor->column_sum[at] =
                (uint16_t)(tensor->column_sum[at] + (value < 0 ? -value : value));
        }
    }
    if (tensor->shape.old_distance != 0) {
        const uint32_t at = tensor->start + tensor->row * columns + tensor->column;
        fetch(tensor, read, context, at - tensor->shape.old_distance, tensor->old, width);
    }
    fetch_before(tensor, read, context, tensor->shape.near_distance, tensor->blocks[NEAR]);
    fetch_before(tensor, read, context, tensor->shape.far_distance, tensor->blocks[FAR]);
}

static inline int8_t tap_at(const fr_weight_tensor_t* tensor, uint32_t distance, uint32_t which) {
    return distance - 1u < FR_WEIGHT_BLOCK
               ? tensor->recent[(tensor->column - distance) & BLOCK_MASK]
               : tensor->blocks[which][tensor->column & BLOCK_MASK];
}

void fr_weight_tensor_look(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context) {
    fr_weight_surroundings_t* around = &tensor->around;
    const uint32_t in_block = tensor->column & BLOCK_MASK;
    if (in_block == 0) {
        const uint32_t kept = tensor->rows_kept;
        around->column_count =
            (uint16_t)(tensor->remembered_count < kept ? tensor->remembered_count : kept);
        fetch_block(tensor, read, context);
    }
    const uint32_t near = tensor->shape.near_distance;
    around->taps[NEAR] = tap_at(tensor, near, NEAR);
    around->taps[FAR] = tap_at(tensor, tensor->shape.far_distance, FAR);
    around->taps[ABOVE] = tensor->blocks[ABOVE][in_block];
    around->taps[BESIDE] = tensor->recent[(tensor->column - (near == 1u ? 2u : 1u)) & BLOCK_MASK];
    around->taps[OLD] = tensor->old[in_block];
    around->column_sum = tensor->column_sum[in_block];
    if (tensor->shape.old_distance != 0) {
        around->special_state = tensor->special_history & 15u;
    } else {
        around->special_state =
            (uint8_t)((around->taps[ABOVE] == 0 ? 1u : 0u) | (around->taps[NEAR] == 0 ? 2u : 0u) |
                      (around->taps[BESIDE] == 0 ? 4u : 0u) |
                      (2u * around->column_sum < around->column_count ? 8u : 0u));
    }
}

void fr_weight_tensor_step(fr_weight_tensor_t* tensor, int32_t coded) {
    const bool is_old = coded == tensor->around.taps[OLD];
    tensor->special_history = (uint8_t)(tensor->special_history * 2u + (is_old ? 1u : 0u));
    tensor->recent[tensor->column & BLOCK_MASK] = (int8_t)coded;
    if (++tensor->column < tensor->shape.columns) {
        return;
    }
    tensor->remembered[tensor->remembered_count & (tensor->rows_kept - 1u)] = (uint16_t)tensor->row;
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
