// SPDX-License-Identifier: Apache-2.0
// A weight is first the special value or not; if not, one of 16 bins around its predicted mean,
// as wide as its predicted scale says. A tree of adaptive decisions finds the bin: it learns the
// shape of the distribution whatever that is, and starts from a bell curve.
#include <string.h>

#include "codec/bits.h"
#include "codec/logistic.h"
#include "codec/segments.h"
#include "frugal/codec_model.h"

#define TAIL_CLASSES_BITS 3u
#define TAIL_SETTLED_SHIFT 6u
#define SETTLED_SHIFT 7u
#define TAP_LIMIT (2 << 12)
#define OLD_TAP 4u
#define ENERGY_SHIFT 8u  // energies have 8 bits below a sixteenth
#define GLOBAL_SHIFT_MAX 9u
#define VALUE_LOW (-128)
#define VALUE_HIGH 128

// Where the upper half of each node of the tree begins, from the mean, in 1/64 of the mean
// magnitude.
static const int16_t kBoundaries[FR_BIN_COUNT] = {0,    0,   -58, 58,  -104, -26, 26, 104,
                                                  -144, -78, -41, -13, 13,   41,  78, 144};

// Probability of the upper half at each node of the tree, in 1/256, between Gauss and Laplace.
static const uint8_t kStart[FR_BIN_COUNT] = {128, 128, 142, 114, 144, 130, 126, 112,
                                             146, 131, 130, 134, 122, 126, 125, 110};

void fr_bin_model_init(fr_bin_model_t* model, bool has_old) {
    memset(model, 0, sizeof(*model));
    for (uint32_t bucket = 0; bucket < FR_BIN_BUCKETS; ++bucket) {
        for (uint32_t node = 0; node < FR_BIN_COUNT; ++node) {
            model->bins[bucket][node] = (uint16_t)(kStart[node] << 8);
            model->bin_counts[bucket][node] = 6;
        }
    }
    for (uint32_t bin_class = 0; bin_class < 3u; ++bin_class) {
        for (uint32_t i = 0; i < 8u; ++i) {
            model->tails[bin_class][i] = 32768u;
        }
        for (uint32_t i = 0; i < 16u; ++i) {
            model->specials[bin_class][i] = (uint16_t)(bin_class == 2u ? 2048u : 16384u);
            model->special_counts[bin_class][i] = 2;
        }
    }
    model->tap_weights[OLD_TAP] = has_old ? 1 << 12 : 0;
    model->global = (32u * 16u) << ENERGY_SHIFT;
    model->local = model->global;
    fr_bin_model_begin_row(model);
}

void fr_bin_model_begin_row(fr_bin_model_t* model) {
    model->row = model->global;
    model->row_count = 0;
}

static uint32_t column_energy(const fr_bin_model_t* model, const fr_weight_surroundings_t* around) {
    static const uint16_t kReciprocals[FR_WEIGHT_ROWS_REMEMBERED + 1u] = {
        0, 4096, 2048, 1365, 1024, 819, 683, 585, 512};
    if (around->column_count == 0 || around->has_old) {
        return model->global;
    }
    return (uint32_t)around->column_sum * kReciprocals[around->column_count];
}

void fr_bin_model_begin(fr_bin_model_t* model, const fr_weight_surroundings_t* around) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < FR_WEIGHT_NEIGHBOURS; ++i) {
        sum += model->tap_weights[i] * around->taps[i];
    }
    model->mean = fr_clamp(sum >> 8, 127 * 16);
    const uint32_t energy = 6u * (model->row >> 4) + 4u * (column_energy(model, around) >> 4) +
                            3u * (model->local >> 4) + 3u * (model->global >> 4);
    model->scale = (energy >> ENERGY_SHIFT) + 1u;
    const uint32_t octave = fr_highest_bit(model->scale);
    const uint32_t bucket = octave * 2u + ((model->scale << 1 >> octave) & 1u);
    model->bucket = bucket < 4u ? 0 : bucket > 11u ? 8u : bucket - 3u;
    model->bin_class = model->bucket < 4u ? 0 : model->bucket < 8u ? 1u : 2u;
    model->special = around->has_old ? around->taps[OLD_TAP] : 0;
    model->low = VALUE_LOW;
    model->high = VALUE_HIGH;
    model->node = 1;
}

// Where the upper half of a node begins, in weights.
static inline int32_t boundary_of(const fr_bin_model_t* model) {
    const int32_t width = kBoundaries[model->node] * (int32_t)model->scale;
    return (model->mean * 64 + width + 1023) >> 10;
}

static inline bool next_boundary(fr_bin_model_t* model, int32_t* boundary) {
    while (model->node < FR_BIN_COUNT) {
        *boundary = boundary_of(model);
        if (*boundary > model->low && *boundary < model->high) {
            return true;
        }
        // Nothing is on one side: no decision.
        model->node = model->node * 2u + (*boundary <= model->low ? 1u : 0u);
    }
    return false;
}

static inline void take(fr_bin_model_t* model, int32_t boundary, uint32_t bit) {
    fr_settling_update(&model->bins[model->bucket][model->node],
                       &model->bin_counts[model->bucket][model->node], bit, SETTLED_SHIFT);
    if (bit != 0) {
        model->low = boundary;
    } else {
        model->high = boundary;
    }
    model->node = model->node * 2u + bit;
}

bool fr_bin_model_next(fr_bin_model_t* model, int32_t* boundary) {
    return next_boundary(model, boundary);
}

void fr_bin_model_take(fr_bin_model_t* model, int32_t boundary, uint32_t bit) {
    take(model, boundary, bit);
}

uint32_t fr_bin_model_room(const fr_bin_model_t* model) {
    if (model->low == VALUE_LOW || model->high == VALUE_HIGH) {
        return 0;
    }
    const bool has_special = model->special >= model->low && model->special < model->high;
    const uint32_t room = (uint32_t)(model->high - model->low) - (has_special ? 1u : 0u);
    return room == 0 ? 1u : room;
}

int32_t fr_bin_model_value(const fr_bin_model_t* model, uint32_t index) {
    const int32_t value = model->low + (int32_t)index;
    const bool is_behind = model->special >= model->low && value >= model->special;
    return value + (is_behind && model->special < model->high && value + 1 < model->high ? 1 : 0);
}

static void learn_mean(fr_bin_model_t* model, const fr_weight_surroundings_t* around,
                       int32_t residual) {
    // Steps shrink with the square of the scale.
    const uint32_t octave = fr_highest_bit(model->scale);
    const uint32_t shift = octave < 5u ? 4u : 2u * octave - 5u;
    for (uint32_t i = 0; i < FR_WEIGHT_NEIGHBOURS; ++i) {
        const int32_t change = (residual * around->taps[i]) >> shift;
        model->tap_weights[i] = fr_clamp(model->tap_weights[i] + change, TAP_LIMIT);
    }
}

// A mean of what was seen, then a slowly forgetting one.
static uint32_t global_shift(fr_bin_model_t* model) {
    const uint32_t octave = fr_highest_bit(model->count + 8u);
    if (octave >= GLOBAL_SHIFT_MAX) {
        return GLOBAL_SHIFT_MAX;
    }
    ++model->count;
    return octave;
}

void fr_bin_model_end(fr_bin_model_t* model, const fr_weight_surroundings_t* around,
                      int32_t value) {
    static const uint8_t kRowShifts[32] = {2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4,
                                           4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    const int32_t residual = value * 16 - model->mean;
    const uint32_t energy = (uint32_t)(residual < 0 ? -residual : residual) << ENERGY_SHIFT;
    const uint32_t row_shift = kRowShifts[model->row_count < 31u ? model->row_count : 31u];
    ++model->row_count;
    model->row += (uint32_t)((int32_t)(energy - model->row) >> row_shift);
    model->local += (uint32_t)((int32_t)(energy - model->local) >> 3);
    model->global += (uint32_t)((int32_t)(energy - model->global) >> global_shift(model));
    learn_mean(model, around, residual);
}

static bool read_tail(fr_decoder_t* decoder, fr_bin_model_t* model, int32_t* value) {
    uint32_t node = 1;
    for (uint32_t i = 0; i < TAIL_CLASSES_BITS; ++i) {
        node = node * 2u + fr_bits_settling(decoder, &model->tails[model->bin_class][node],
                                            &model->tail_counts[model->bin_class][node],
                                            TAIL_SETTLED_SHIFT);
    }
    const uint32_t length = node - 8u;
    const int32_t distance = (int32_t)((1u << length) + fr_bits_plain(decoder, length)) - 1;
    if (distance >= model->high - model->low) {
        return false;
    }
    *value = model->high == VALUE_HIGH ? model->low + distance : model->high - 1 - distance;
    return true;
}

static bool read_ordinary(fr_decoder_t* decoder, fr_bin_model_t* model, int32_t* value) {
    int32_t boundary = 0;
    while (next_boundary(model, &boundary)) {
        take(model, boundary, fr_bits_predicted(decoder, model->bins[model->bucket][model->node]));
    }
    const uint32_t room = fr_bin_model_room(model);
    if (room == 0) {
        return read_tail(decoder, model, value);
    }
    *value = fr_bin_model_value(model, room == 1u ? 0 : fr_bits_uniform(decoder, room));
    return true;
}

bool fr_bins_read(fr_decoder_t* decoder, fr_bin_model_t* model,
                  const fr_weight_surroundings_t* around, int32_t* value) {
    fr_bin_model_begin(model, around);
    *value = model->special;
    const uint32_t is_special = fr_bits_settling(
        decoder, &model->specials[model->bin_class][around->special_state],
        &model->special_counts[model->bin_class][around->special_state], SETTLED_SHIFT);
    if (is_special == 0 && !read_ordinary(decoder, model, value)) {
        return false;
    }
    fr_bin_model_end(model, around, *value);
    return true;
}
