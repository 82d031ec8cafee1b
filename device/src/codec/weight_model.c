// SPDX-License-Identifier: Apache-2.0
// A weight is first the special value or not; if not, one of 16 bins around its predicted mean,
// as wide as its predicted scale says. A tree of adaptive decisions finds the bin: it learns the
// shape of the distribution whatever that is, and starts from a bell curve. Where bins are about
// one value wide their bounds are the same for a whole bucket of scales, so that a bin is always
// the same values.
#include <string.h>

#include "codec/weight_steps.h"

#define OLD_TAP 4u
#define GLOBAL_SHIFT_MAX 9u
#define LOCAL_SHIFT 4u
#define ROW_SHIFT_MAX 5u
#define STEP_LIMIT (1 << 20)
#define NARROW_OCTAVE_MAX 5u  // bins below a scale of 4 weights are narrow
#define NO_VALUE 256

const int16_t fr_weight_boundaries[FR_WEIGHT_BINS] = {0,    0,   -58, 58,  -104, -26, 26, 104,
                                                      -144, -78, -41, -13, 13,   41,  78, 144};

// Probability of the upper half at each node of the tree, in 1/256, between Gauss and Laplace.
static const uint8_t kStart[FR_WEIGHT_BINS] = {128, 128, 142, 114, 144, 130, 126, 112,
                                               146, 131, 130, 134, 122, 126, 125, 110};

static void begin_bits(fr_weight_model_t* model) {
    // Of the groups behind the bins: up to where they reach, and what they start with.
    static const struct {
        uint8_t end, count;
        uint16_t probability;
    } kGroups[] = {{FR_WEIGHT_BIT_SPECIAL, 2, 32768},
                   {FR_WEIGHT_BIT_EXTREME - FR_WEIGHT_STATES, 4, 16384},
                   {FR_WEIGHT_BIT_EXTREME, 4, 2048},  // the widest class
                   {FR_WEIGHT_BITS, 2, 16384}};
    uint32_t bit = FR_WEIGHT_BIT_BIN;
    for (; bit < FR_WEIGHT_BIT_TAIL; ++bit) {
        model->probabilities[bit] = (uint16_t)(kStart[bit % FR_WEIGHT_BINS] << 8);
        model->counts[bit] = 16;
    }
    for (uint32_t group = 0; bit < FR_WEIGHT_BITS; ++group) {
        for (; bit < kGroups[group].end; ++bit) {
            model->probabilities[bit] = kGroups[group].probability;
            model->counts[bit] = kGroups[group].count;
        }
    }
}

void fr_weight_model_begin_tensor(fr_weight_model_t* model, const fr_weight_tensor_t* tensor,
                                  bool has_special) {
    const fr_weight_mixing_t* mixing = model->mixing;
    fr_weight_mixer_t* mixer = model->mixer;
    memset(model, 0, sizeof(*model));
    begin_bits(model);
    model->has_special = has_special;
    model->tap_weights[OLD_TAP] = tensor->shape.old_distance != 0 ? 1 << 16 : 0;
    model->lowest = fr_weight_lowest(&tensor->palette);
    model->highest = fr_weight_highest(&tensor->palette);
    model->outermost_low = fr_weight_clamped(&tensor->palette);
    model->outermost_high = model->highest - 1;
    model->global = (32u * 16u) << FR_WEIGHT_ENERGY_SHIFT;
    model->local = model->global;
    model->mixing = mixing;
    model->mixer = mixer;
    if (mixing != NULL) {
        mixing->begin_tensor(mixer);
    }
}

void fr_weight_model_begin_row(fr_weight_model_t* model) {
    model->row = model->global;
    model->row_count = 0;
    model->row_has_extreme = 0;
}

// Steps shrink with the square of the magnitudes, and as more weights have been seen.
static void set_rate(fr_weight_model_t* model) {
    uint32_t scale = (model->global >> FR_WEIGHT_ENERGY_SHIFT) + 1u;
    scale = scale < 16u ? 16u : scale;
    const uint32_t seen = model->count >> 8;
    const uint32_t decay = seen == 0 ? 0 : seen < 4u ? 1u : seen < 16u ? 2u : 3u;
    model->rate = (int32_t)(((1u << 24) / (scale * scale)) >> decay);
}

static void predict_mean(fr_weight_model_t* model, const fr_weight_surroundings_t* around) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < around->tap_count; ++i) {
        sum += model->tap_weights[i] * around->taps[i];
    }
    model->mean = fr_clamp(sum >> 12, 127 * 16);
}

static uint32_t column_energy(const fr_weight_model_t* model, const fr_weight_tensor_t* tensor) {
    static const uint16_t kReciprocals[FR_WEIGHT_ROWS_REMEMBERED + 1u] = {
        0, 4096, 2048, 1365, 1024, 819, 683, 585, 512};
    const uint32_t rows = tensor->around.row_count;
    if (rows == 0 || tensor->shape.old_distance != 0) {
        return model->global;
    }
    return (uint32_t)tensor->column_sum[tensor->column % FR_WEIGHT_BLOCK] * kReciprocals[rows];
}

static void choose_bins(fr_weight_model_t* model) {
    const uint32_t octave = fr_highest_bit(model->scale);
    model->centre = model->mean;
    model->bin_scale = (int32_t)model->scale;
    if (octave > NARROW_OCTAVE_MAX) {
        model->bucket = FR_WEIGHT_BUCKETS - 1u;
        model->scale_class = 2;
        return;
    }
    const uint32_t half = (model->scale << 1 >> octave) & 1u;
    const uint32_t bucket = octave < 2u ? 0 : octave * 2u + half - 3u;
    model->bucket = (uint8_t)bucket;
    model->scale_class = bucket < 4u ? 0 : bucket < 8u ? 1 : 2;
    model->bin_scale = octave < 2u ? 3 : (int32_t)(((5u + 2u * half) << octave) >> 2);
    model->centre = (model->mean + 8) & -16;
}

void fr_weight_model_begin(fr_weight_model_t* model, const fr_weight_tensor_t* tensor) {
    const fr_weight_surroundings_t* around = &tensor->around;
    if (tensor->column % FR_WEIGHT_BLOCK == 0) {
        set_rate(model);
    }
    predict_mean(model, around);
    const uint32_t energy = 6u * (model->row >> 4) + 4u * (column_energy(model, tensor) >> 4) +
                            3u * (model->local >> 4) + 3u * (model->global >> 4);
    model->scale = (energy >> FR_WEIGHT_ENERGY_SHIFT) + 1u;
    choose_bins(model);
    model->special = !model->has_special ? NO_VALUE : around->taps[OLD_TAP];
    model->low = model->lowest;
    model->high = model->highest;
    model->node = 1;
    if (model->mixing != NULL) {
        model->mixing->begin(model->mixer, model->scale);
    }
}

void fr_weight_model_settle(fr_weight_model_t* model, uint32_t index, uint32_t bit,
                            uint32_t slowest) {
    const uint32_t shift = fr_settling_shift(&model->counts[index], slowest);
    const uint32_t before = model->probabilities[index];
    model->probabilities[index] =
        (uint16_t)(bit != 0 ? before + ((FR_SETTLING_MAX - before) >> shift)
                            : before - ((before - FR_SETTLING_MIN) >> shift));
}

uint32_t fr_weight_model_room(const fr_weight_model_t* model) {
    return fr_weight_room(model);
}

int32_t fr_weight_model_value(const fr_weight_model_t* model, uint32_t index) {
    return fr_weight_value(model, index);
}

int32_t fr_weight_model_outermost(const fr_weight_model_t* model) {
    return model->high == model->highest ? model->outermost_high : model->outermost_low;
}

static void learn_mean(fr_weight_model_t* model, const fr_weight_surroundings_t* around,
                       int32_t residual) {
    const int32_t step = fr_clamp((residual * model->rate) >> 4, STEP_LIMIT);
    for (uint32_t i = 0; i < around->tap_count; ++i) {
        if (around->taps[i] != 0) {
            const int32_t change = (step * around->taps[i] + 128) >> 8;
            model->tap_weights[i] = fr_clamp(model->tap_weights[i] + change, FR_WEIGHT_TAP_LIMIT);
        }
    }
}

static uint32_t moved(uint32_t mean, uint32_t energy, uint32_t shift) {
    return mean + (uint32_t)((int32_t)(energy - mean) >> shift);
}

// A mean of what was seen, then a slowly forgetting one.
static uint32_t growing_shift(uint32_t count, uint32_t shift_max) {
    const uint32_t octave = fr_highest_bit(count);
    return octave < shift_max ? octave : shift_max;
}

void fr_weight_model_end(fr_weight_model_t* model, const fr_weight_tensor_t* tensor,
                         int32_t coded) {
    const int32_t residual = coded * 16 - model->mean;
    const uint32_t energy = (uint32_t)(residual < 0 ? -residual : residual)
                            << FR_WEIGHT_ENERGY_SHIFT;
    model->row = moved(model->row, energy, growing_shift(model->row_count + 4u, ROW_SHIFT_MAX));
    model->local = moved(model->local, energy, LOCAL_SHIFT);
    model->global =
        moved(model->global, energy, growing_shift(model->count + 8u, GLOBAL_SHIFT_MAX));
    ++model->row_count;
    ++model->count;
    if (coded == model->outermost_high || coded == model->outermost_low) {
        model->row_has_extreme = 1;
    }
    learn_mean(model, &tensor->around, residual);
}

// ---- what the encoder asks for step by step

bool fr_weight_model_next(fr_weight_model_t* model, int32_t* boundary) {
    return fr_weight_next(model, boundary);
}

uint32_t fr_weight_model_predict(fr_weight_model_t* model, int32_t boundary) {
    return model->mixing == NULL ? model->probabilities[fr_weight_bit_bin(model, model->node)]
                                 : model->mixing->predict(model, boundary);
}

void fr_weight_model_take(fr_weight_model_t* model, int32_t boundary, uint32_t bit) {
    if (model->mixing != NULL) {
        model->mixing->update(model, bit);
    }
    fr_weight_take(model, boundary, bit);
}
