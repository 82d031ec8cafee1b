// SPDX-License-Identifier: Apache-2.0
// Inference: the projection once, then one path from the root to a leaf, each node adding
// score * tanh(gate). Bounds: a row's sum is below 2^28, a node's product of 33 int8 weights with
// features of 16 bits below 2^28, so 32-bit sums hold and only rescaling needs 64.
#include "bonsai/internal.h"

enum { FEATURE_ONE = 1 << 12, FEATURE_MAX = 32767 };
enum { TANH_STEP_BITS = 9, TANH_STEPS = 32, TANH_BITS = 15 };

// round(tanh(i / 8) * 2^15).
static const uint16_t tanh_table[TANH_STEPS + 1] = {
    0,     4075,  8025,  11743, 15143, 18173, 20813, 23066, 24956, 26519, 27797,
    28830, 29660, 30322, 30847, 31262, 31589, 31846, 32048, 32206, 32329, 32426,
    32501, 32560, 32606, 32642, 32670, 32691, 32708, 32721, 32732, 32740, 32746};

int32_t fr_bonsai_tanh(int64_t value) {
    int64_t limit = ((int64_t)TANH_STEPS << TANH_STEP_BITS) - 1;
    int64_t absolute = value < 0 ? -value : value;
    uint32_t magnitude = (uint32_t)(absolute > limit ? limit : absolute);
    uint32_t index = magnitude >> TANH_STEP_BITS;
    int32_t rest = (int32_t)(magnitude & ((1u << TANH_STEP_BITS) - 1u));
    int32_t low = tanh_table[index];
    int32_t rise = tanh_table[index + 1u] - low;
    int32_t result = low + (int32_t)fr_bonsai_shift((int64_t)rise * rest, TANH_STEP_BITS);
    return value < 0 ? -result : result;
}

/// Sum of one sparse row: a byte holds the gap before an element and its weight.
static int32_t sum_row(const uint8_t* row, uint32_t length, const int8_t* input, int32_t zero) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t byte = row[i];
        int32_t weight = (int32_t)(byte >> 4) - ((byte & 0x80u) != 0 ? 16 : 0);
        input += byte & 15u;
        sum += weight * (*input - zero);
        input++;
    }
    return sum;
}

static void project(const fr_bonsai_t* model, const int8_t* input, int16_t* features) {
    const uint8_t* table = model->bytes + FR_BONSAI_HEADER_SIZE;
    const uint8_t* row = model->bytes + model->rows;
    int32_t zero = (int8_t)model->bytes[FR_BONSAI_ZERO_AT];
    uint32_t shift = model->bytes[FR_BONSAI_PROJECTION_SHIFT_AT];
    for (uint32_t feature = 0; feature < model->feature_count; feature++) {
        uint32_t length = fr_load16(table + 4);
        int64_t product = (int64_t)sum_row(row, length, input, zero) * fr_load16(table);
        int64_t value = fr_bonsai_shift(product, shift) + (int16_t)fr_load16(table + 2);
        value = value > FEATURE_MAX ? FEATURE_MAX : value < -FEATURE_MAX ? -FEATURE_MAX : value;
        features[feature] = (int16_t)value;
        table += FR_BONSAI_FEATURE_SIZE;
        row += length;
    }
    features[model->feature_count] = FEATURE_ONE;
}

static int32_t dot(const uint8_t* weights, const int16_t* features, uint32_t width) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < width; i++) {
        sum += (int8_t)weights[i] * features[i];
    }
    return sum;
}

static void add_node(const fr_bonsai_t* model, uint32_t node, const int16_t* features,
                     int32_t* scores) {
    uint32_t width = model->feature_count + 1u;
    uint32_t gate_shift = model->bytes[FR_BONSAI_GATE_SHIFT_AT];
    uint32_t score_shift = model->bytes[FR_BONSAI_SCORE_SHIFT_AT];
    uint32_t place = node * model->score_count * width;
    for (uint32_t i = 0; i < model->score_count; i++) {
        int64_t gate = dot(model->bytes + model->gates + place, features, width);
        int64_t score = dot(model->bytes + model->scores + place, features, width);
        score =
            fr_bonsai_shift(score, score_shift) * fr_bonsai_tanh(fr_bonsai_shift(gate, gate_shift));
        scores[i] += (int32_t)fr_bonsai_shift(score, TANH_BITS);
        place += width;
    }
}

fr_status_t fr_bonsai_scores(const fr_bonsai_t* model, const int8_t* input, size_t size,
                             int32_t scores[FR_CLASSES_MAX]) {
    if (model == NULL || input == NULL || size != model->input_count) {
        return FR_ERROR_ARGUMENT;
    }
    int16_t features[FR_BONSAI_FEATURES_MAX + 1u];
    project(model, input, features);
    for (uint32_t i = 0; i < model->score_count; i++) {
        scores[i] = 0;
    }
    uint32_t width = model->feature_count + 1u;
    uint32_t node = 0;
    for (uint32_t level = 0; level <= model->depth; level++) {
        add_node(model, node, features, scores);
        if (level < model->depth) {
            const uint8_t* branch = model->bytes + model->branches + node * width;
            node = 2u * node + (dot(branch, features, width) > 0 ? 2u : 1u);
        }
    }
    return FR_OK;
}
