// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

static uint32_t exponent_of(uint32_t bits) {
    return (bits >> 23) & 255u;
}

static bool is_normal(uint32_t bits) {
    return exponent_of(bits) - 1u < 254u;
}

// A normal number's 24 bits, the highest of them first in the word.
static uint32_t mantissa_of(uint32_t bits) {
    return (bits << 8) | 0x80000000u;
}

bool fr_float_multiply(uint32_t a, uint32_t b, uint32_t* product) {
    *product = 0;
    if (!is_normal(a) || !is_normal(b)) {
        return false;
    }
    int32_t exponent = (int32_t)(exponent_of(a) + exponent_of(b)) - 126;
    const uint64_t wide = (uint64_t)mantissa_of(a) * mantissa_of(b);
    // The upper half of the product: 24 bits of mantissa, then 8 that are rounded off, the last
    // of which stands for all below it.
    uint32_t upper = (uint32_t)(wide >> 32) | ((uint32_t)wide != 0 ? 1u : 0u);
    if (upper < 0x80000000u) {
        upper *= 2u;
        --exponent;
    }
    uint32_t mantissa = upper >> 8;
    mantissa += ((upper & 255u) + (mantissa & 1u) + 127u) >> 8;  // halves to even
    exponent += (int32_t)(mantissa >> 24);
    if (exponent < 1 || exponent > 254) {
        return false;
    }
    *product = ((a ^ b) & 0x80000000u) | ((uint32_t)exponent << 23) | (mantissa & 0x7FFFFFu);
    return true;
}

bool fr_float_scale_integer(int32_t value, uint32_t factor, int32_t* result) {
    *result = 0;
    if (!is_normal(factor)) {
        return false;
    }
    const uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    uint64_t scaled = (uint64_t)magnitude * mantissa_of(factor);
    int32_t shift = 158 - (int32_t)exponent_of(factor);  // of the binary point
    if (shift < 1) {
        return value == 0;
    }
    for (; shift > 1; --shift) {
        scaled >>= 1;
    }
    scaled = (scaled + 1u) >> 1;
    if (scaled > INT32_MAX) {
        return false;
    }
    *result = (value < 0) != (factor >> 31 != 0) ? -(int32_t)scaled : (int32_t)scaled;
    return true;
}
