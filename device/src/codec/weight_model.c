// SPDX-License-Identifier: Apache-2.0
// A weight is coded as the 8 bits of value + 128, highest first. Each bit mixes four views:
// a logistic density around a predicted mean with a predicted scale, a histogram of the tensor,
// a coarse histogram by the scale, and whether this is a special value among special ones.
#include <string.h>

#include "codec/logistic.h"
#include "codec/mixer.h"
#include "frugal/codec_model.h"

#define LEARNING_SHIFT 18u
#define CUMULATIVE_ONE (1u << 24)
#define CUMULATIVE_LOGISTIC 16743661u  // the density's share; the rest is spread evenly
#define CUMULATIVE_EVEN 131u           // for each value
#define SUM_COUNT_MAX 4096u
#define MEAN_MAX (127 * 256)
#define TAP_WEIGHT_MAX (2 << 16)
#define LOG_SCALE_MIN 150
#define LOG_SCALE_MAX 3072
#define SPECIAL_STATES 16u
#define SETTLED_SHIFT 7u
#define COARSE_BITS 5u
#define OLD_TAP 4u

static const int32_t kStartWeights[FR_MIXER_INPUTS] = {14746, 819, 819, 819};

void fr_weight_model_init(fr_weight_model_t* model) {
    memset(model, 0, sizeof(*model));
    fr_mixer_init(&model->mixer, kStartWeights);
    static const fr_weight_shape_t kNone = {0, 0, 0, 0, 0};
    fr_weight_model_begin_tensor(model, &kNone);
}

static void reset_settling(uint16_t* probabilities, uint8_t* counts, uint32_t count) {
    memset(counts, 0, count);
    for (uint32_t i = 0; i < count; ++i) {
        probabilities[i] = 32768u;
    }
}

void fr_weight_model_begin_tensor(fr_weight_model_t* model, const fr_weight_shape_t* shape) {
    reset_settling(model->values, model->value_counts, 256u);
    reset_settling(&model->coarse[0][0], &model->coarse_counts[0][0], 256u);
    fr_context_reset(model->special_paths, SPECIAL_STATES * 8u);
    memset(model->tap_weights, 0, sizeof(model->tap_weights));
    model->tap_weights[OLD_TAP] = shape->old_distance != 0 ? 1 << 16 : 0;
    model->scale_weights[0] = 26214;
    model->scale_weights[1] = 19661;
    model->scale_weights[2] = 13107;
    model->scale_bias = 0;
    // As if 8 weights of magnitude 32 had been seen.
    model->count = 8;
    model->sum = 8u * 32u * 16u;
    model->local = 32u * 16u;
    fr_weight_model_begin_row(model);
}

void fr_weight_model_begin_row(fr_weight_model_t* model) {
    model->row_prior = model->sum / model->count;
    model->row_sum = 0;
    model->row_count = 0;
}

static void predict_mean(fr_weight_model_t* model, const fr_weight_surroundings_t* around) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < FR_WEIGHT_NEIGHBOURS; ++i) {
        sum += model->tap_weights[i] * around->taps[i];
    }
    model->mean = fr_clamp(sum >> 8, MEAN_MAX);
}

// Energies are means of magnitudes in 1/16; a few pretended samples of the mean of all steady
// them. One more sixteenth keeps the logarithm of nothing finite.
static void predict_scale(fr_weight_model_t* model, const fr_weight_surroundings_t* around) {
    const uint32_t row_energy = model->row_sum + 4u * model->row_prior;
    const uint32_t column_count = around->has_old ? 0 : around->column_count;
    const uint32_t column_energy =
        (column_count != 0 ? 16u * around->column_sum : 0) + 3u * model->row_prior;
    const int32_t log_mean = fr_log2(model->sum + model->count) - fr_log2(model->count);
    const int32_t logs[3] = {
        fr_log2(row_energy + model->row_count + 4u) - fr_log2(model->row_count + 4u),
        fr_log2(column_energy + column_count + 3u) - fr_log2(column_count + 3u),
        fr_log2(model->local + 1u),
    };
    int32_t log_scale = log_mean + (model->scale_bias >> 8);
    for (uint32_t i = 0; i < 3u; ++i) {
        model->log_ratio[i] = logs[i] - log_mean;
        log_scale += (model->scale_weights[i] * (model->log_ratio[i] / 4)) / 16384;
    }
    if (log_scale < LOG_SCALE_MIN) {
        log_scale = LOG_SCALE_MIN;
    } else if (log_scale > LOG_SCALE_MAX) {
        log_scale = LOG_SCALE_MAX;
    }
    model->log_mean = log_mean;
    model->inverse_scale = fr_exp2(23 * 256 - log_scale);
    const int32_t scale_class = (log_scale - 768) / 192;
    model->scale_class = (uint8_t)(scale_class < 0 ? 0 : scale_class > 7 ? 7 : scale_class);
}

// Probability that the weight is below `value` (-128..128), in 1/2^24.
static uint32_t cumulative(const fr_weight_model_t* model, int32_t value) {
    const int32_t difference = value * 256 - 128 - model->mean;
    const uint32_t distance = (uint32_t)(difference < 0 ? -difference : difference);
    const uint64_t scaled = ((uint64_t)distance * model->inverse_scale) >> 16;
    const uint32_t tail = fr_logistic_tail(scaled > 65535u ? 65535u : (uint32_t)scaled);
    return (difference < 0 ? tail : CUMULATIVE_LOGISTIC - tail) +
           (uint32_t)(value + 128) * CUMULATIVE_EVEN;
}

void fr_weight_model_begin(fr_weight_model_t* model, const fr_weight_surroundings_t* around) {
    predict_mean(model, around);
    predict_scale(model, around);
    model->special_state = around->special_state;
    model->special = (uint8_t)(around->has_old ? around->taps[OLD_TAP] + 128 : 128);
    // What the density puts outside belongs to the outermost values: quantizers clamp there.
    model->below_low = 0;
    model->below_high = CUMULATIVE_ONE;
    model->node = 1;
    model->bit = 0;
}

// On the way to the special value there is one context for each bit; off it nothing to say.
static fr_context_t* special_context(fr_weight_model_t* model) {
    const uint32_t path = (256u + model->special) >> (8u - model->bit);
    return model->node == path ? &model->special_paths[model->special_state * 8u + model->bit]
                               : NULL;
}

static int32_t stretch_interval(uint32_t above, uint32_t below) {
    return fr_clamp(fr_log2(above) - fr_log2(below), FR_STRETCH_MAX);
}

uint32_t fr_weight_model_predict(fr_weight_model_t* model) {
    const int32_t width = 256 >> model->bit;
    const int32_t low = (int32_t)(model->node << (8u - model->bit)) - 256 - 128;
    uint32_t middle = cumulative(model, low + width / 2);
    if (middle <= model->below_low) {
        middle = model->below_low + 1u;
    }
    if (middle >= model->below_high) {
        middle = model->below_high - 1u;
    }
    model->below_middle = middle;
    const fr_context_t* special = special_context(model);
    int32_t* inputs = model->mixer.inputs;
    inputs[0] = stretch_interval(model->below_high - middle, middle - model->below_low);
    inputs[1] = fr_stretch_fast(model->values[model->node]);
    inputs[2] = special == NULL ? 0 : fr_stretch_fast(fr_context_predict(special));
    inputs[3] = model->bit < COARSE_BITS
                    ? fr_stretch_fast(model->coarse[model->scale_class][model->node])
                    : 0;
    return fr_mixer_predict(&model->mixer, model->bit);
}

static void learn_bit(fr_weight_model_t* model, uint32_t bit) {
    fr_mixer_update(&model->mixer, bit, LEARNING_SHIFT);
    fr_settling_update(&model->values[model->node], &model->value_counts[model->node], bit,
                       SETTLED_SHIFT);
    if (model->bit < COARSE_BITS) {
        fr_settling_update(&model->coarse[model->scale_class][model->node],
                           &model->coarse_counts[model->scale_class][model->node], bit,
                           SETTLED_SHIFT);
    }
    fr_context_t* special = special_context(model);
    if (special != NULL) {
        fr_context_update(special, bit);
    }
}

void fr_weight_model_update(fr_weight_model_t* model, uint32_t bit) {
    learn_bit(model, bit);
    if (bit != 0) {
        model->below_low = model->below_middle;
    } else {
        model->below_high = model->below_middle;
    }
    model->node = model->node * 2u + bit;
    ++model->bit;
}

static void learn_mean(fr_weight_model_t* model, const fr_weight_surroundings_t* around,
                       int32_t residual) {
    // Step sizes are normalized by the mean magnitude squared, at least 1.
    const int32_t log_mean = model->log_mean < 1024 ? 0 : model->log_mean - 1024;
    const int64_t inverse_square = (int64_t)fr_exp2(24 * 256 - 2 * log_mean);
    for (uint32_t i = 0; i < FR_WEIGHT_NEIGHBOURS; ++i) {
        const int64_t change = ((int64_t)(residual * around->taps[i]) * inverse_square) >> 24;
        model->tap_weights[i] = fr_clamp(model->tap_weights[i] + (int32_t)change, TAP_WEIGHT_MAX);
    }
}

static void learn_scale(fr_weight_model_t* model, uint32_t magnitude_q8) {
    uint64_t ratio = ((uint64_t)magnitude_q8 * model->inverse_scale) >> 19;
    if (ratio > 1024u) {
        ratio = 1024u;
    }
    const int32_t gradient = (int32_t)ratio - 256;
    for (uint32_t i = 0; i < 3u; ++i) {
        model->scale_weights[i] =
            fr_clamp(model->scale_weights[i] + gradient * model->log_ratio[i] / 512, 2 << 16);
    }
    model->scale_bias = fr_clamp(model->scale_bias + gradient / 4, 8 << 16);
}

int8_t fr_weight_model_end(fr_weight_model_t* model, const fr_weight_surroundings_t* around) {
    const int32_t value = (int32_t)(model->node & 255u) - 128;
    const int32_t residual = value * 256 - model->mean;
    const uint32_t magnitude_q8 = (uint32_t)(residual < 0 ? -residual : residual);
    const uint32_t energy = magnitude_q8 >> 4;
    learn_mean(model, around, residual);
    learn_scale(model, magnitude_q8);
    if (model->count >= SUM_COUNT_MAX) {
        model->count /= 2u;
        model->sum /= 2u;
    }
    model->sum += energy;
    ++model->count;
    model->row_sum += energy;
    ++model->row_count;
    model->local = (model->local * 213u + energy * 43u) >> 8;
    return (int8_t)value;
}
