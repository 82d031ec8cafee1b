# SPDX-License-Identifier: Apache-2.0
"""The fixed-point arithmetic behind int8 inference, vectorized over int64 arrays.

Owned by the model scripts. Needs numpy. Results equal TFLite's 32-bit code bit for bit as long
as the arguments fit its types.
"""

import math

import numpy as np

_INT32_MAX = 2 ** 31 - 1
_INT32_MIN = -2 ** 31
# Softmax: 5 integer bits for differences, 12 for the sum of at most 4096 exponentials.
_DIFFERENCE_BITS = 5
_SUM_BITS = 12


def round_half_away(value):
    """C's round(): halves go away from zero."""
    return int(math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1))


def divide_truncating(values, divisors):
    """C's integer division: towards zero."""
    quotients = np.abs(values) // divisors
    return np.where(values < 0, -quotients, quotients)


def quantize_multiplier(real):
    """(mantissa, shift) with real ~ mantissa * 2^(shift - 31), mantissa in [2^30, 2^31)."""
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    mantissa = round_half_away(fraction * (1 << 31))
    if mantissa == 1 << 31:
        mantissa, shift = mantissa // 2, shift + 1
    return (0, 0) if shift < -31 else (mantissa, shift)


def high_multiply(left, right):
    """The high half of the doubled 64-bit product, rounded, as saturating 32-bit code gives it."""
    product = np.asarray(left, np.int64) * right
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    return np.minimum(divide_truncating(nudged, 1 << 31), _INT32_MAX)


def rounding_shift_right(values, exponent):
    """Divides by 2^exponent, halves away from zero."""
    values = np.asarray(values, np.int64)
    mask = (np.int64(1) << np.asarray(exponent, np.int64)) - 1
    threshold = (mask >> 1) + (values < 0)
    return (values >> exponent) + ((values & mask) > threshold)


def multiply_rounding_once(values, mantissa, shift):
    """values * mantissa * 2^(shift - 31), halves up: as TFLite's matrix multiplication does."""
    total = 31 - np.asarray(shift, np.int64)
    return (np.asarray(values, np.int64) * mantissa + (np.int64(1) << (total - 1))) >> total


def multiply(values, mantissa, shift):
    """values * mantissa * 2^(shift - 31) with two roundings: as all other kernels do."""
    left = np.maximum(shift, 0)
    right = np.maximum(-np.asarray(shift), 0)
    return rounding_shift_right(high_multiply(np.asarray(values, np.int64) << left, mantissa),
                                right)


def _saturating_shift_left(values, exponent):
    return np.clip(np.asarray(values, np.int64) << exponent, _INT32_MIN, _INT32_MAX)


def _exp_on_quarter(values):
    """exp(x) for x in [-1/4, 0), both with 0 integer bits: a Taylor polynomial around -1/8."""
    at_centre, third = 1895147668, 715827883
    x = values + (1 << 28)
    x2 = high_multiply(x, x)
    x3 = high_multiply(x2, x)
    x4_quarter = rounding_shift_right(high_multiply(x2, x2), 2)
    tail = rounding_shift_right(high_multiply(x4_quarter + x3, third) + x2, 1)
    return np.minimum(at_centre + high_multiply(at_centre, x + tail), _INT32_MAX)


def exp_on_negative(values):
    """exp(x) for x <= 0 given with 5 integer bits; the result has 0 integer bits."""
    fraction_bits = 31 - _DIFFERENCE_BITS
    quarter = 1 << (fraction_bits - 2)
    remainder = (values & (quarter - 1)) - quarter
    result = _exp_on_quarter(remainder << _DIFFERENCE_BITS)
    whole = remainder - values
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for power, factor in zip(range(-2, _DIFFERENCE_BITS), factors):
        chosen = (whole & (1 << (fraction_bits + power))) != 0
        result = np.where(chosen, high_multiply(result, factor), result)
    return np.where(values == 0, _INT32_MAX, result)


def one_over_one_plus(values):
    """1 / (1 + x) for x in [0, 1), 0 integer bits: three Newton steps on the half denominator."""
    half = (values + _INT32_MAX + 1) >> 1  # the operands are not negative
    x = 1515870810 + high_multiply(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - high_multiply(half, x)
        x = x + _saturating_shift_left(high_multiply(x, error), 2)
    return _saturating_shift_left(x, 1)


def softmax_int8(values, beta, scale):
    """int8 logits [count, classes] to int8 probabilities of scale 1/256 and zero point -128."""
    real = min(beta * scale * (1 << (31 - _DIFFERENCE_BITS)), 2.0 ** 31 - 1.0)
    mantissa, shift = quantize_multiplier(real)
    radius = math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS))
                        / (1 << shift))
    differences = values.astype(np.int64) - values.max(-1, keepdims=True)
    counted = differences >= -radius
    scaled = high_multiply(differences << shift, mantissa)
    exponentials = exp_on_negative(np.where(counted, scaled, 0))
    sums = np.where(counted, rounding_shift_right(exponentials, _SUM_BITS), 0).sum(
        -1, keepdims=True)
    headroom = 32 - np.floor(np.log2(sums)).astype(np.int64) - 1
    inverse = one_over_one_plus((sums << headroom) - (1 << 31))
    results = rounding_shift_right(high_multiply(inverse, exponentials),
                                   _SUM_BITS - headroom + 31 - 8) - 128
    return np.where(counted, np.clip(results, -128, 127), -128).astype(np.int8)
