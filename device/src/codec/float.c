// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

static bool is_normal(uint32_t bits) {
    const uint32_t exponent = (bits >> 23) & 255u;
    return exponent != 0 && exponent != 255u;
}

bool fr_float_multiply(uint32_t a, uint32_t b, uint32_t* product) {
    *product = 0;
    if (!is_normal(a) || !is_normal(b)) {
        return false;
    }
    const uint64_t wide = (uint64_t)((a & 0x7FFFFFu) | 0x800000u) * ((b & 0x7FFFFFu) | 0x800000u);
    int32_t exponent = (int32_t)((a >> 23) & 255u) + (int32_t)((b >> 23) & 255u) - 127;
    // The product of two 24-bit mantissas has 47 or 48 bits; keep 24 and round the rest to even.
    const uint32_t dropped_bits = (wide >> 47) != 0 ? 24u : 23u;
    exponent += dropped_bits == 24u ? 1 : 0;
    uint32_t mantissa = (uint32_t)(wide >> dropped_bits);
    const uint32_t rest = (uint32_t)wide & ((1u << dropped_bits) - 1u);
    const uint32_t half = 1u << (dropped_bits - 1u);
    if (rest > half || (rest == half && (mantissa & 1u) != 0)) {
        ++mantissa;
    }
    if (mantissa == 0x1000000u) {
        mantissa = 0x800000u;
        ++exponent;
    }
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
    const uint64_t wide = (uint64_t)magnitude * ((factor & 0x7FFFFFu) | 0x800000u);
    const int32_t shift = 150 - (int32_t)((factor >> 23) & 255u);  // of the binary point
    if (shift < -7 || shift > 56) {
        return shift > 0 || wide == 0;
    }
    const uint64_t rounded =
        shift <= 0 ? wide << -shift : (wide + ((uint64_t)1 << (shift - 1))) >> shift;
    if (rounded > 0x7FFFFFFFu) {
        return false;
    }
    const bool is_negative = (value < 0) != ((factor >> 31) != 0);
    *result = is_negative ? -(int32_t)rounded : (int32_t)rounded;
    return true;
}
