// SPDX-License-Identifier: Apache-2.0
#include "runtime/real.h"

/// Number of significant bits: 0 for 0.
static uint32_t bit_length(uint64_t value) {
    uint32_t length = 0;
    for (uint32_t step = 32; step > 0; step /= 2) {
        if ((value >> step) != 0) {
            value >>= step;
            length += step;
        }
    }
    return length + (uint32_t)(value & 1u);
}

fr_real_t fr_real_from_float(uint32_t bits) {
    uint32_t exponent = (bits >> 23) & 0xffu;
    uint32_t fraction = bits & 0x7fffffu;
    fr_real_t real = {fraction, -149};
    if (exponent != 0) {
        real.mantissa = fraction | 0x800000u;
        real.exponent = (int32_t)exponent - 150;
    }
    return real;
}

bool fr_float_is_positive(uint32_t bits) {
    return bits > 0 && bits < 0x7f800000u;
}

fr_real_t fr_real_from_integer(uint32_t value, int32_t exponent) {
    fr_real_t real = {value, exponent};
    return real;
}

fr_real_t fr_real_multiply(fr_real_t a, fr_real_t b) {
    fr_real_t product = {a.mantissa * b.mantissa, a.exponent + b.exponent};
    return product;
}

fr_real_t fr_real_round(fr_real_t a, uint32_t bits) {
    uint32_t length = bit_length(a.mantissa);
    if (length <= bits) {
        return a;
    }
    uint32_t dropped = length - bits;
    uint64_t rest = a.mantissa & ((1ull << dropped) - 1u);
    uint64_t half = 1ull << (dropped - 1u);
    fr_real_t rounded = {a.mantissa >> dropped, a.exponent + (int32_t)dropped};
    if (rest > half || (rest == half && (rounded.mantissa & 1u) != 0)) {
        rounded.mantissa++;
    }
    return rounded;
}

fr_real_t fr_real_divide(fr_real_t a, fr_real_t b, uint32_t bits) {
    fr_real_t quotient = {0, 0};
    if (a.mantissa == 0) {
        return quotient;
    }
    uint32_t lift_a = 64u - bit_length(a.mantissa);
    uint32_t lift_b = 24u - bit_length(b.mantissa);
    uint64_t dividend = a.mantissa << lift_a;
    uint64_t divisor = b.mantissa << lift_b;
    // Long division in two digits: 40 or 41 bits, then 22 more from the remainder; what is left
    // after that only matters as "not exact", which the lowest bit records.
    uint64_t high = dividend / divisor;
    uint64_t rest = (dividend % divisor) << 22;
    quotient.mantissa = (high << 22) | (rest / divisor);
    if (rest % divisor != 0) {
        quotient.mantissa |= 1u;
    }
    quotient.exponent = a.exponent - (int32_t)lift_a - b.exponent + (int32_t)lift_b - 22;
    return fr_real_round(quotient, bits);
}

bool fr_real_is_greater(fr_real_t a, fr_real_t b) {
    if (a.mantissa == 0 || b.mantissa == 0) {
        return a.mantissa > b.mantissa;
    }
    int32_t top_a = a.exponent + (int32_t)bit_length(a.mantissa);
    int32_t top_b = b.exponent + (int32_t)bit_length(b.mantissa);
    if (top_a != top_b) {
        return top_a > top_b;
    }
    return a.mantissa << (64u - bit_length(a.mantissa)) > b.mantissa
                                                              << (64u - bit_length(b.mantissa));
}

uint32_t fr_real_to_integer(fr_real_t a, uint32_t limit) {
    int32_t top = a.exponent + (int32_t)bit_length(a.mantissa);
    if (a.mantissa == 0 || top < 0) {
        return 0;
    }
    if (top > 32) {
        return limit;
    }
    uint64_t value = a.mantissa;
    if (a.exponent >= 0) {
        value <<= (uint32_t)a.exponent;
    } else {
        // Half a unit is bit (-exponent - 1): adding that bit rounds half up, for a magnitude
        // half away from zero. top >= 0 keeps the shift below 65.
        uint32_t dropped = (uint32_t)-a.exponent;
        value = (dropped > 63u ? 0 : value >> dropped) + ((value >> (dropped - 1u)) & 1u);
    }
    return value > limit ? limit : (uint32_t)value;
}

uint32_t fr_real_to_float(fr_real_t a) {
    int32_t top = a.exponent + (int32_t)bit_length(a.mantissa);
    if (a.mantissa == 0 || top < -149) {
        return 0;
    }
    // Below 2^-126 the spacing is fixed at 2^-149: fewer significant bits remain.
    uint32_t bits = top >= -125 ? FR_REAL_FLOAT_BITS : (uint32_t)(top + 149);
    fr_real_t rounded = {0, 0};
    if (bits > 0) {
        rounded = fr_real_round(a, bits);
    } else if (a.mantissa & (a.mantissa - 1u)) {
        return 1;  // above half of the smallest float
    } else {
        return 0;  // exactly half of it: to even
    }
    int32_t lift = rounded.exponent + 149;
    while (lift > 0 && rounded.mantissa < 0x800000u) {
        rounded.mantissa <<= 1;
        lift--;
    }
    while (lift < 0 || rounded.mantissa > 0xffffffu) {
        rounded.mantissa >>= 1;  // only zeros are dropped: the value is rounded already
        lift++;
    }
    if (lift > 253) {
        return 0x7f800000u;
    }
    return (uint32_t)rounded.mantissa + ((uint32_t)lift << 23);
}

bool fr_real_to_multiplier(fr_real_t a, fr_multiplier_t* result) {
    fr_multiplier_t none = {0, 0};
    *result = none;
    uint32_t length = bit_length(a.mantissa);
    if (length == 0) {
        return true;
    }
    uint64_t fixed = a.mantissa;
    if (length > 31u) {
        fixed = (fixed >> (length - 31u)) + ((fixed >> (length - 32u)) & 1u);
    } else {
        fixed <<= 31u - length;
    }
    int32_t shift = a.exponent + (int32_t)length;
    if (fixed == (1ull << 31)) {
        fixed >>= 1;
        shift++;
    }
    if (shift > 30) {
        return false;
    }
    if (shift >= -31) {
        result->multiplier = (int32_t)fixed;
        result->shift = shift;
    }
    return true;
}
