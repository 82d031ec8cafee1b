// SPDX-License-Identifier: Apache-2.0
// Positive real numbers in integers: what TFLite computes in float and double when it prepares a
// model, done exactly and rounded where IEEE would round, so that every machine gets the same
// multipliers, with or without a floating-point unit. Pure functions.
#ifndef FRUGAL_RUNTIME_REAL_H
#define FRUGAL_RUNTIME_REAL_H

#include <stdbool.h>
#include <stdint.h>

#define FR_REAL_FLOAT_BITS 24u   ///< significant bits of an IEEE float
#define FR_REAL_DOUBLE_BITS 53u  ///< and of an IEEE double

/// mantissa * 2^exponent; zero has mantissa 0. Exponents stay within +-2000 by construction.
typedef struct {
    uint64_t mantissa;
    int32_t exponent;
} fr_real_t;

/// A rescaling factor: multiplier / 2^31 * 2^shift, the multiplier in [2^30, 2^31) or 0.
typedef struct {
    int32_t multiplier;
    int32_t shift;
} fr_multiplier_t;

/// The magnitude of an IEEE float given by its bits; infinity and NaN are the caller's to exclude.
fr_real_t fr_real_from_float(uint32_t bits);

/// True if the bits are a positive, finite float.
bool fr_float_is_positive(uint32_t bits);

fr_real_t fr_real_from_integer(uint32_t value, int32_t exponent);

/// The exact product; both mantissas must be below 2^32.
fr_real_t fr_real_multiply(fr_real_t a, fr_real_t b);

/// Rounded to `bits` significant bits (at most 60), ties to even.
fr_real_t fr_real_round(fr_real_t a, uint32_t bits);

/// The quotient rounded to `bits` significant bits, ties to even; the divisor's mantissa must be
/// between 1 and 2^24 - 1.
fr_real_t fr_real_divide(fr_real_t a, fr_real_t b, uint32_t bits);

/// True if a > b.
bool fr_real_is_greater(fr_real_t a, fr_real_t b);

/// The nearest integer, ties away from zero; at most `limit`.
uint32_t fr_real_to_integer(fr_real_t a, uint32_t limit);

/// The bits of the nearest float, ties to even; overflow gives infinity.
uint32_t fr_real_to_float(fr_real_t a);

/// TFLite's QuantizeMultiplier for a value already rounded to double precision.
/// Returns false for a factor of 2^30 or more, which would overflow the rescaling.
bool fr_real_to_multiplier(fr_real_t a, fr_multiplier_t* result);

#endif
