// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/restored.h"

#define BLOCK_MASK (FR_WEIGHT_BLOCK - 1u)

enum { NEAR = 0, FAR = 1, ABOVE = 2, BESIDE = 3, OLD = 4 };
enum { LINE_NEAR = 0, LINE_FAR = 1, LINE_ABOVE = 2, LINE_OLD = 3, LINE_RECENT = 4 };

// What lies in the last columns is still at hand; what is farther back is fetched into a line of
// its own, which stays zero where there is no tap.
static fr_weight_place_t place_of(uint32_t distance, uint8_t line) {
    fr_weight_place_t place = {line, 0};
    if (distance - 1u < FR_WEIGHT_BLOCK) {
        place.line = LINE_RECENT;
        place.back = (uint8_t)distance;
    }
    return place;
}

void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start,
                            const fr_weight_shape_t* shape, uint32_t rows_kept) {
    memset(tensor, 0, sizeof(*tensor));
    tensor->shape = *shape;
    tensor->start = start;
    tensor->rows_kept = (uint8_t)rows_kept;
    tensor->near = place_of(shape->near_distance, LINE_NEAR);
    tensor->far = place_of(shape->far_distance, LINE_FAR);
    tensor->beside_back = shape->near_distance == 1u ? 2 : 1;
    tensor->around.tap_count = shape->old_distance != 0 ? OLD + 1 : OLD;
}

void fr_weight_tensor_begin_row(fr_weight_tensor_t* tensor) {
    memset(tensor->lines[LINE_RECENT], 0, FR_WEIGHT_BLOCK);
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

// A block of columns that is fetched together.
typedef struct {
    fr_weight_tensor_t* tensor;
    fr_weight_read_t read;
    void* context;
    uint32_t width;
} block_t;

// The block of a row, `back` bytes before it; the first `skipped` columns stay as they are.
static void fetch(const block_t* block, uint32_t row, uint32_t back, uint32_t skipped,
                  int8_t* line) {
    const fr_weight_tensor_t* tensor = block->tensor;
    const uint32_t address = tensor->start + row * tensor->shape.columns + tensor->column - back;
    block->read(block->context, address + skipped, (uint8_t*)line + skipped,
                block->width - skipped);
    if (tensor->palette.count != 0) {
        for (uint32_t i = skipped; i < block->width; ++i) {
            line[i] = (int8_t)fr_palette_rank(&tensor->palette, line[i]);
        }
    }
}

// What lies `distance` columns before, where it is too far back to be among the recent ones.
static void fetch_before(const block_t* block, uint32_t distance, int8_t* line) {
    const uint32_t column = block->tensor->column;
    const uint32_t skipped = distance > column ? distance - column : 0;
    if (distance <= FR_WEIGHT_BLOCK) {
        return;
    }
    memset(line, 0, FR_WEIGHT_BLOCK);
    if (skipped < block->width) {
        fetch(block, block->tensor->row, distance, skipped, line);
    }
}

// The rows before, the old tensor and what lies before in the row, a block of columns at a time.
static void fetch_block(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context) {
    const uint32_t left = tensor->shape.columns - tensor->column;
    const block_t block = {tensor, read, context, left < FR_WEIGHT_BLOCK ? left : FR_WEIGHT_BLOCK};
    const uint32_t kept = tensor->rows_kept;
    const uint32_t rows = tensor->remembered_count < kept ? tensor->remembered_count : kept;
    // The ring holds the rows in no order; the one written last is the row above.
    const uint32_t last = (tensor->remembered_count - 1u) & (kept - 1u);
    int8_t other[FR_WEIGHT_BLOCK];
    tensor->around.row_count = (uint8_t)rows;
    for (uint32_t i = 0; i < rows; ++i) {
        int8_t* line = i == last ? tensor->lines[LINE_ABOVE] : other;
        fetch(&block, tensor->remembered[i], 0, 0, line);
        for (uint32_t at = 0; at < block.width; ++at) {
            const int32_t value = line[at];
            const uint32_t before = i == 0 ? 0u : tensor->column_sum[at];
            tensor->column_sum[at] = (uint16_t)(before + (uint32_t)(value < 0 ? -value : value));
        }
    }
    if (tensor->shape.old_distance != 0) {
        fetch(&block, tensor->row, tensor->shape.old_distance, 0, tensor->lines[LINE_OLD]);
    }
    fetch_before(&block, tensor->shape.near_distance, tensor->lines[LINE_NEAR]);
    fetch_before(&block, tensor->shape.far_distance, tensor->lines[LINE_FAR]);
}

void fr_weight_tensor_look(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context) {
    const uint32_t in_block = tensor->column & BLOCK_MASK;
    if (in_block == 0) {
        fetch_block(tensor, read, context);
    }
    int8_t* const taps = tensor->around.taps;
    taps[NEAR] = tensor->lines[tensor->near.line][(in_block - tensor->near.back) & BLOCK_MASK];
    taps[FAR] = tensor->lines[tensor->far.line][(in_block - tensor->far.back) & BLOCK_MASK];
    taps[ABOVE] = tensor->lines[LINE_ABOVE][in_block];
    taps[BESIDE] = tensor->lines[LINE_RECENT][(in_block - tensor->beside_back) & BLOCK_MASK];
    taps[OLD] = tensor->lines[LINE_OLD][in_block];
}

static bool is_place(const fr_weight_place_t* place, fr_weight_place_t expected) {
    return place->line == expected.line && place->back == expected.back;
}

static bool remembers_rows_before(const fr_weight_tensor_t* tensor) {
    if (tensor->remembered_count > tensor->row) {
        return false;
    }
    for (uint32_t i = 0; i < tensor->rows_kept && i < tensor->remembered_count; ++i) {
        if (tensor->remembered[i] >= tensor->row) {
            return false;
        }
    }
    return true;
}

// Sums index nothing, but bound a scale; an old weight is a rank of the palette, if there is one.
static bool columns_are_sound(const fr_weight_tensor_t* tensor) {
    for (uint32_t i = 0; i < FR_WEIGHT_BLOCK; ++i) {
        if (tensor->column_sum[i] > 128u * FR_WEIGHT_ROWS_REMEMBERED ||
            (tensor->palette.count != 0 &&
             tensor->lines[LINE_OLD][i] < -(int32_t)tensor->palette.zero)) {
            return false;
        }
    }
    return true;
}

bool fr_weight_tensor_is_sound(const fr_weight_tensor_t* tensor, const fr_weight_shape_t* shape,
                               uint32_t rows_kept) {
    return memcmp(&tensor->shape, shape, sizeof *shape) == 0 &&
           is_place(&tensor->near, place_of(shape->near_distance, LINE_NEAR)) &&
           is_place(&tensor->far, place_of(shape->far_distance, LINE_FAR)) &&
           tensor->beside_back == (shape->near_distance == 1u ? 2u : 1u) &&
           tensor->around.tap_count == (shape->old_distance != 0 ? OLD + 1 : OLD) &&
           tensor->rows_kept == rows_kept && tensor->around.row_count <= rows_kept &&
           tensor->row < shape->rows && tensor->column < shape->columns &&
           remembers_rows_before(tensor) && tensor->palette.count <= FR_PALETTE_MAX &&
           tensor->palette.zero <= tensor->palette.count && columns_are_sound(tensor);
}

uint32_t fr_weight_tensor_special_state(const fr_weight_tensor_t* tensor) {
    const fr_weight_surroundings_t* around = &tensor->around;
    if (tensor->shape.old_distance != 0) {
        return tensor->special_history & 15u;
    }
    const uint32_t sum =
        around->row_count == 0 ? 0 : tensor->column_sum[tensor->column & BLOCK_MASK];
    return (around->taps[ABOVE] == 0 ? 1u : 0u) | (around->taps[NEAR] == 0 ? 2u : 0u) |
           (around->taps[BESIDE] == 0 ? 4u : 0u) | (2u * sum < around->row_count ? 8u : 0u);
}

void fr_weight_tensor_step(fr_weight_tensor_t* tensor, int32_t coded) {
    const bool is_old = coded == tensor->around.taps[OLD];
    tensor->special_history = (uint8_t)(tensor->special_history * 2u + (is_old ? 1u : 0u));
    tensor->lines[LINE_RECENT][tensor->column & BLOCK_MASK] = (int8_t)coded;
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
