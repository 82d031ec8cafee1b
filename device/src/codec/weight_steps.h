// SPDX-License-Identifier: Apache-2.0
// The decisions about a weight, inline: the decoder's inner loop and the functions the encoder
// calls are made of the same ones.
#ifndef FRUGAL_CODEC_WEIGHT_STEPS_H
#define FRUGAL_CODEC_WEIGHT_STEPS_H

#include "codec/logistic.h"
#include "frugal/codec_model.h"

#define FR_WEIGHT_TAIL_BITS 3u
#define FR_WEIGHT_TAIL_SETTLED 6u
#define FR_WEIGHT_SETTLED 7u

/// Where the upper half of each node of the tree begins, from the mean, in 1/64 of the mean
/// magnitude.
extern const int16_t fr_weight_boundaries[FR_WEIGHT_BINS];

/// fr_settling_update(), inline.
static inline void fr_settle(uint16_t* probability, uint8_t* count, uint32_t bit,
                             uint32_t slowest) {
    uint32_t shift = fr_highest_bit(*count + 2u);
    if (shift > slowest) {
        shift = slowest;
    } else {
        ++*count;
    }
    const int32_t target = bit != 0 ? 65512 : 24 + (1 << shift) - 1;
    *probability = (uint16_t)(*probability + ((target - (int32_t)*probability) >> shift));
}

/// The centre of the bins as the boundaries want it.
static inline int32_t fr_weight_centre(const fr_weight_model_t* model) {
    return model->centre * 64 + 1023;
}

/// Where the upper half of a node begins, in weights.
static inline int32_t fr_weight_boundary(int32_t centre, int32_t scale, uint32_t node) {
    return (centre + fr_weight_boundaries[node] * scale) >> 10;
}

#endif
