// SPDX-License-Identifier: Apache-2.0
// The decisions about a weight, inline: the decoder's inner loop and the functions the encoder
// calls are made of the same ones.
#ifndef FRUGAL_CODEC_WEIGHT_STEPS_H
#define FRUGAL_CODEC_WEIGHT_STEPS_H

#include "codec/logistic.h"
#include "frugal/codec_model.h"

// Bounds that keep the arithmetic inside 32 bits.
#define FR_WEIGHT_TAP_LIMIT (2 << 16)
#define FR_WEIGHT_ENERGY_SHIFT 8u  // energies have 8 bits below a sixteenth
/// Of a residual: a value and a mean are at most 128 and 127 away from 0.
#define FR_WEIGHT_ENERGY_MAX ((uint32_t)(128 + 127) * 16u << FR_WEIGHT_ENERGY_SHIFT)
#define FR_WEIGHT_RATE_MAX (1 << 16)
#define FR_WEIGHT_MIX_LIMIT (7 << 14)
#define FR_WEIGHT_VALUE_LOW (-128)
#define FR_WEIGHT_VALUE_HIGH 128

/// Where the upper half of each node of the tree begins, from the mean, in 1/64 of the mean
/// magnitude.
extern const int16_t fr_weight_boundaries[FR_WEIGHT_BINS];

#define FR_SETTLING_MIN 24u
#define FR_SETTLING_MAX 65512u

/// By how much a probability settles at this update, which is counted; at most by `slowest`.
static inline uint32_t fr_settling_shift(uint8_t* count, uint32_t slowest) {
    const uint32_t seen = *count;
    if (seen < (2u << slowest) - 1u) {
        *count = (uint8_t)(seen + 1u);
    }
    return fr_highest_bit(seen);
}

/// The weights of a tensor, as coded, are lowest .. highest - 1.
static inline int32_t fr_weight_lowest(const fr_palette_t* palette) {
    return palette->count != 0 ? -(int32_t)palette->zero : FR_WEIGHT_VALUE_LOW;
}
static inline int32_t fr_weight_highest(const fr_palette_t* palette) {
    return palette->count != 0 ? (int32_t)palette->count - palette->zero : FR_WEIGHT_VALUE_HIGH;
}
/// Where quantizers clamp from below: without a palette they leave the lowest value out.
static inline int32_t fr_weight_clamped(const fr_palette_t* palette) {
    return fr_weight_lowest(palette) + (palette->count != 0 ? 0 : 1);
}

/// fr_weight_model_room(), inline.
static inline uint32_t fr_weight_room(const fr_weight_model_t* model) {
    if (model->low == model->lowest || model->high == model->highest) {
        return 0;
    }
    const uint32_t width = (uint32_t)(model->high - model->low);
    const bool has_special = (uint32_t)(model->special - model->low) < width;
    return width > 1u && has_special ? width - 1u : width;
}

/// fr_weight_model_value(), inline.
static inline int32_t fr_weight_value(const fr_weight_model_t* model, uint32_t index) {
    const int32_t value = model->low + (int32_t)index;
    const bool is_behind = (uint32_t)(model->special - model->low) <= index;
    return is_behind && value + 1 < model->high ? value + 1 : value;
}

/// The centre of the bins as the boundaries want it.
static inline int32_t fr_weight_centre(const fr_weight_model_t* model) {
    return model->centre * 64 + 1023;
}

/// What both profiles do with a decision: it is learnt, and one half remains.
static inline void fr_weight_take(fr_weight_model_t* model, int32_t boundary, uint32_t bit) {
    fr_weight_model_settle(model, fr_weight_bit_bin(model, model->node), bit, FR_WEIGHT_SETTLED);
    if (bit != 0) {
        model->low = boundary;
    } else {
        model->high = boundary;
    }
    model->node = model->node * 2u + bit;
}

/// Where the upper half of a node begins, in weights.
static inline int32_t fr_weight_boundary(int32_t centre, int32_t scale, uint32_t node) {
    return (centre + fr_weight_boundaries[node] * scale) >> 10;
}

/// fr_weight_model_next(), inline.
static inline bool fr_weight_next(fr_weight_model_t* model, int32_t* boundary) {
    const int32_t centre = fr_weight_centre(model);
    for (; model->node < FR_WEIGHT_BINS;
         model->node = model->node * 2u + (*boundary <= model->low ? 1u : 0u)) {
        *boundary = fr_weight_boundary(centre, model->bin_scale, model->node);
        if (*boundary > model->low && *boundary < model->high) {
            return true;
        }
    }
    return false;
}

#endif
