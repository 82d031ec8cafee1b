// SPDX-License-Identifier: Apache-2.0
// Profile 2: what the tree has learnt at a node and what a logistic density around the mean says
// about the boundary itself are mixed in the logistic domain; the weights of a node follow the
// error of the mix.
#include "codec/bits.h"
#include "codec/logistic.h"
#include "codec/segments.h"
#include "codec/weight_steps.h"

#define CUMULATIVE_ONE (1u << 24)
#define CUMULATIVE_LOGISTIC 16743661u  // the density's share; the rest is spread evenly
#define CUMULATIVE_EVEN 131            // for each value
#define LEARNING_SHIFT 16u

static void begin_tensor(fr_weight_mixer_t* mixer) {
    for (uint32_t node = 0; node < FR_WEIGHT_BINS; ++node) {
        mixer->weights[node][0] = 8192;
        mixer->weights[node][1] = 8192;
    }
}

static void begin(fr_weight_mixer_t* mixer, uint32_t scale) {
    mixer->inverse_scale = (1u << 23) / scale;
    // What the density puts outside belongs to the outermost values: quantizers clamp there.
    mixer->below_low = 0;
    mixer->below_high = CUMULATIVE_ONE;
}

// Probability that the weight is below `value` (-128..128), in 1/2^24.
static uint32_t cumulative(const fr_weight_mixer_t* mixer, int32_t mean, int32_t value) {
    const int32_t difference = (value * 16 - mean) * 16 - 128;
    const uint32_t distance = (uint32_t)(difference < 0 ? -difference : difference);
    const uint64_t scaled = ((uint64_t)distance * mixer->inverse_scale) >> 16;
    const uint32_t tail = fr_logistic_tail(scaled > 65535u ? 65535u : (uint32_t)scaled);
    return (difference < 0 ? tail : CUMULATIVE_LOGISTIC - tail) +
           (uint32_t)((value + 128) * CUMULATIVE_EVEN);
}

static int32_t log_odds(uint32_t ones, uint32_t zeros) {
    return fr_clamp(fr_log2(ones) - fr_log2(zeros), FR_STRETCH_MAX);
}

static uint32_t predict(fr_weight_model_t* model, int32_t boundary) {
    fr_weight_mixer_t* mixer = model->mixer;
    const uint32_t probability = model->probabilities[fr_weight_bit_bin(model, model->node)];
    // Strictly between below_low and below_high: every value has its even share.
    const uint32_t middle = cumulative(mixer, model->mean, boundary);
    mixer->below_middle = middle;
    mixer->inputs[0] = log_odds(probability, 65536u - probability);
    mixer->inputs[1] = log_odds(mixer->below_high - middle, middle - mixer->below_low);
    const int32_t* weights = mixer->weights[model->node];
    // |weight| <= 7 * 2^14 and |input| < 3072: the sum stays inside 32 bits.
    mixer->probability =
        fr_squash((weights[0] * mixer->inputs[0] + weights[1] * mixer->inputs[1]) >> 14);
    return mixer->probability;
}

static void update(fr_weight_model_t* model, uint32_t bit) {
    fr_weight_mixer_t* mixer = model->mixer;
    int32_t* weights = mixer->weights[model->node];
    const int32_t error = (int32_t)(bit << 16) - (int32_t)mixer->probability;
    for (uint32_t i = 0; i < 2u; ++i) {
        // |input| < 2^12 and |error| <= 2^16: the product stays inside 32 bits.
        const int32_t change =
            (mixer->inputs[i] * error + (1 << (LEARNING_SHIFT - 1u))) >> LEARNING_SHIFT;
        weights[i] = fr_clamp(weights[i] + change, FR_WEIGHT_MIX_LIMIT);
    }
    if (bit != 0) {
        mixer->below_low = mixer->below_middle;
    } else {
        mixer->below_high = mixer->below_middle;
    }
}

const fr_weight_mixing_t fr_weight_mixing = {begin_tensor, begin, predict, update};

static void attach(fr_decoder_t* decoder) {
    fr_codec_memory_2_t* memory = (fr_codec_memory_2_t*)decoder->config.memory;
    memory->shared.rows.model.mixing = &fr_weight_mixing;
    memory->shared.rows.model.mixer = &memory->mixer;
}

// As profile 1 does, one decision after the other.
static void read_bin(fr_decoder_t* decoder, fr_weight_model_t* model) {
    int32_t boundary = 0;
    while (fr_weight_next(model, &boundary)) {
        const uint32_t bit = fr_bits_predicted(decoder, predict(model, boundary));
        update(model, bit);
        fr_weight_take(model, boundary, bit);
    }
}

const fr_profile_t fr_profile_2 = {.memory_bytes = sizeof(fr_codec_memory_2_t),
                                   .number = 2,
                                   .first_step = FR_STEP_PALETTE,
                                   .rows_kept = FR_WEIGHT_ROWS_KEPT_MIXING,
                                   .step = fr_rows_step,
                                   .attach = attach,
                                   .read_bin = read_bin};
