// SPDX-License-Identifier: Apache-2.0
// The fixed-point steps every kernel shares, with TFLite's roundings: doubling high multiplication
// rounds half up, division by a power of two rounds half away from zero. Pure functions; none of
// them can overflow in the C sense.
#ifndef FRUGAL_RUNTIME_FIXED_H
#define FRUGAL_RUNTIME_FIXED_H

#include <stdint.h>

#include "runtime/real.h"

/// Sum and shift that wrap like the machine does: hostile constants must not be undefined.
static inline int32_t fr_wrap_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t fr_wrap_shift(int32_t value, int32_t left) {
    return (int32_t)((uint32_t)value << (uint32_t)left);
}

/// round(a * b / 2^31), saturated.
static inline int32_t fr_high_multiply(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/// round(value / 2^exponent) for an exponent of 0..31.
static inline int32_t fr_divide_by_power(int32_t value, int32_t exponent) {
    int32_t mask = (int32_t)((1u << (uint32_t)exponent) - 1u);
    int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + ((value & mask) > threshold ? 1 : 0);
}

/// value * multiplier / 2^31 * 2^shift in two steps that each round: what TFLite's elementwise and
/// depthwise kernels do.
static inline int32_t fr_rescale_twice(int32_t value, fr_multiplier_t by) {
    int32_t left = by.shift > 0 ? by.shift : 0;
    int32_t right = by.shift > 0 ? 0 : -by.shift;
    return fr_divide_by_power(fr_high_multiply(fr_wrap_shift(value, left), by.multiplier), right);
}

/// The same with one rounding, half up: what TFLite's matrix multiplication does, and with it
/// CONV_2D and FULLY_CONNECTED. A large shift wraps, as there.
static inline int32_t fr_rescale_once(int32_t value, fr_multiplier_t by) {
    int32_t total = 31 - by.shift;
    int64_t half = (int64_t)1 << (total - 1);
    return (int32_t)(((int64_t)value * by.multiplier + half) >> total);
}

static inline int32_t fr_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

#endif
