// SPDX-License-Identifier: Apache-2.0
// Integer logarithms and the logistic curve, by small tables. Base 2 throughout: a stretched
// probability is log2(p / (1 - p)) in 1/256. Pure functions.
#ifndef FRUGAL_CODEC_LOGISTIC_H
#define FRUGAL_CODEC_LOGISTIC_H

#include <stdint.h>

#define FR_STRETCH_MAX 3071

/// log2(1 + i / 256), in 1/256.
extern const uint8_t fr_logarithms[256];

/// Index of the highest bit set of a positive value.
static inline uint32_t fr_highest_bit(uint32_t value) {
#if defined(__GNUC__)
    return 31u - (uint32_t)__builtin_clz(value);
#else
    uint32_t bit = 0;
    while ((value >> bit) > 1u) {
        ++bit;
    }
    return bit;
#endif
}

/// log2 of a positive value, in 1/256.
static inline int32_t fr_log2(uint32_t value) {
    const uint32_t whole = fr_highest_bit(value);
    return (int32_t)(whole * 256u + fr_logarithms[((value << (31u - whole)) >> 23) & 255u]);
}

/// 65536 / (1 + 2^(-stretched / 256)), kept in 24..65512.
uint32_t fr_squash(int32_t stretched);
/// Upper tail of the logistic density at `distance` times its mean magnitude (1/2048 units),
/// in 1/2^24 of the density's share.
uint32_t fr_logistic_tail(uint32_t distance);

static inline int32_t fr_clamp(int32_t value, int32_t limit) {
    // One comparison where nothing is to be done, which is the rule.
    if ((uint32_t)value + (uint32_t)limit <= 2u * (uint32_t)limit) {
        return value;
    }
    return value < 0 ? -limit : limit;
}

#endif
