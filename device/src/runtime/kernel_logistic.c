// SPDX-License-Identifier: Apache-2.0
// LOGISTIC: int8 to int8, by the steps and roundings of TFLite's own kernel, which tabulates
// 1.0f / (1.0f + expf(-x)) in float: here each of them is done in integers and rounded to 24 bits.
#include "runtime/fixed.h"
#include "runtime/quantization.h"

enum { OUTPUT_SCALE_BITS = 0x3b800000 };  // 1/256 as float
enum { FRACTION_BITS = 40 };              // of the fixed-point numbers in the exponential
enum { SERIES_TERMS = 16 };               // ln(2)^17 / 17! is below 2^-56
enum { SATURATED = 32 };                  // beyond, a float cannot tell the result from 0 or 1

static fr_status_t prepare(const fr_call_t* call, fr_tensor_t* input, fr_tensor_t* output) {
    fr_status_t status = fr_call_input(call, 0, input);
    if (status == FR_OK) {
        status = fr_call_output(call, output);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, input);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (output->scale_bits != OUTPUT_SCALE_BITS || output->zero_point != -128) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, output, 0);
    }
    if (input->element_count != output->element_count) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->element_count);
    }
    return FR_OK;
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = prepare(call, &input, &output);
    // A series and two divisions cost about as much as 64 multiply-accumulates.
    *work = status == FR_OK ? 64ull * output.element_count : 0;
    return status;
}

/// a * b for a below 1 and b below 4, all with FRACTION_BITS.
static uint64_t multiply_fractions(uint64_t a, uint64_t b) {
    return (a * (b >> 20) >> 20) + (a * (b & 0xfffffu) >> FRACTION_BITS);
}

/// e^x for |x| < SATURATED, rounded to float: 2^n times the series of what is left of x.
static fr_real_t exponential(uint64_t magnitude, bool is_negative) {
    const uint64_t ln2 = 762123384786u;  // with FRACTION_BITS
    uint64_t halvings = magnitude / ln2;
    uint64_t rest = magnitude % ln2;
    int32_t exponent = (int32_t)halvings;
    if (is_negative) {
        exponent = rest == 0 ? -exponent : -exponent - 1;
        rest = rest == 0 ? 0 : ln2 - rest;
    }
    const uint64_t one = 1ull << FRACTION_BITS;
    uint64_t sum = one;
    for (uint32_t term = SERIES_TERMS; term > 0; term--) {
        sum = one + multiply_fractions(rest, sum) / term;
    }
    fr_real_t result = {sum, exponent - FRACTION_BITS};
    return fr_real_round(result, FR_REAL_FLOAT_BITS);
}

/// 1 + a rounded to float, for a from exponential().
static fr_real_t one_plus(fr_real_t a) {
    fr_real_t sum = {1, 0};
    if (a.exponent >= 0) {
        sum.mantissa += a.mantissa << (uint32_t)a.exponent;
    } else if (a.exponent > -63) {
        sum.mantissa = (1ull << (uint32_t)-a.exponent) + a.mantissa;
        sum.exponent = a.exponent;
    }
    sum = fr_real_round(sum, FR_REAL_FLOAT_BITS);
    while (sum.mantissa >> FR_REAL_FLOAT_BITS != 0) {
        sum.mantissa >>= 1;  // rounded up to a power of two
        sum.exponent++;
    }
    return sum;
}

/// The logistic function of steps * scale in steps of 1/256, from 0 to 256.
static int32_t logistic(fr_real_t scale, int32_t steps) {
    fr_real_t x = fr_real_round(
        fr_real_multiply(scale, fr_real_from_integer((uint32_t)(steps < 0 ? -steps : steps), 0)),
        FR_REAL_FLOAT_BITS);
    if (!fr_real_is_greater(fr_real_from_integer(SATURATED, 0), x)) {
        return steps < 0 ? 0 : 256;
    }
    if (x.mantissa == 0) {
        return 128;  // its exponent says nothing
    }
    int32_t shift = x.exponent + FRACTION_BITS;
    uint64_t magnitude = shift >= 0    ? x.mantissa << (uint32_t)shift
                         : shift > -64 ? x.mantissa >> (uint32_t)-shift
                                       : 0;
    fr_real_t one = {1, 0};
    fr_real_t result =
        fr_real_divide(one, one_plus(exponential(magnitude, steps > 0)), FR_REAL_FLOAT_BITS);
    result.exponent += 8;
    return (int32_t)fr_real_to_integer(result, 256);
}

static fr_status_t run(const fr_call_t* call) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = prepare(call, &input, &output);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* source = (const int8_t*)fr_call_data(call, &input);
    int8_t* target = (int8_t*)fr_call_room(call, &output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    fr_real_t scale = fr_scale(&input, 0);
    for (uint32_t i = 0; i < output.element_count; i++) {
        int32_t value = logistic(scale, source[i] - input.zero_point);
        target[i] = (int8_t)fr_clamp(value - 128, -128, 127);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_logistic = {.code = FR_OPERATOR_LOGISTIC,
                                        .version_max = 2,
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs_max = 1,
                                        .check = check,
                                        .run = run};
