// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/codec_model.h"

void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start, uint32_t rows,
                            uint32_t columns, uint32_t near_distance, uint32_t far_distance) {
    memset(tensor, 0, sizeof(*tensor));
    tensor->start = start;
    tensor->rows = rows;
    tensor->columns = columns;
    tensor->near_distance = near_distance;
    tensor->far_distance = far_distance;
}

static uint32_t magnitude(int32_t value) {
    return (uint32_t)(value < 0 ? -value : value);
}

void fr_weight_tensor_look(const fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context,
                           fr_weight_surroundings_t* around) {
    const uint32_t column = tensor->column;
    const uint32_t at = tensor->start + tensor->row * tensor->columns + column;
    const uint32_t beside = tensor->near_distance == 1u ? 2u : 1u;
    memset(around, 0, sizeof(*around));
    if (tensor->near_distance != 0 && column >= tensor->near_distance) {
        around->near = (int8_t)read(context, at - tensor->near_distance);
    }
    if (tensor->far_distance != 0 && column >= tensor->far_distance) {
        around->far = (int8_t)read(context, at - tensor->far_distance);
    }
    if (column >= beside) {
        around->beside = (int8_t)read(context, at - beside);
    }
    // The ring holds the rows in no order; the one written last is the row above.
    const uint32_t held = tensor->remembered_count < FR_WEIGHT_ROWS_REMEMBERED
                              ? tensor->remembered_count
                              : FR_WEIGHT_ROWS_REMEMBERED;
    const uint32_t last = (tensor->remembered_count - 1u) % FR_WEIGHT_ROWS_REMEMBERED;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < held; ++i) {
        const uint32_t offset = tensor->start + tensor->remembered[i] * tensor->columns + column;
        const int8_t value = (int8_t)read(context, offset);
        sum += magnitude(value);
        if (i == last) {
            around->above = value;
        }
    }
    around->column_sum = (uint16_t)sum;
    around->column_count = (uint16_t)held;
}

void fr_weight_tensor_step(fr_weight_tensor_t* tensor) {
    if (++tensor->column < tensor->columns) {
        return;
    }
    tensor->remembered[tensor->remembered_count % FR_WEIGHT_ROWS_REMEMBERED] =
        (uint16_t)tensor->row;
    ++tensor->remembered_count;
    ++tensor->row;
    tensor->column = 0;
}

void fr_weight_tensor_skip_row(fr_weight_tensor_t* tensor) {
    ++tensor->row;
    tensor->column = 0;
}

bool fr_weight_tensor_is_done(const fr_weight_tensor_t* tensor) {
    return tensor->row >= tensor->rows;
}
