// SPDX-License-Identifier: Apache-2.0
// SOFTMAX: int8 to int8 over the last axis, in the fixed-point arithmetic of TFLite's reference
// kernel: the exponential in Q5.26 by a Taylor step and a table of e^-(2^k), the sum in Q12.19, the
// reciprocal by three Newton steps in Q2.29.
#include "runtime/fixed.h"
#include "runtime/quantization.h"

enum { OPTION_BETA = 0 };
enum { DIFFERENCE_BITS = 5, SUM_BITS = 12 };  // integer bits of the two fixed-point formats
enum { OUTPUT_SCALE_BITS = 0x3b800000 };      // 1/256 as float
enum { SOFTMAX_DEPTH_MAX = 2048 };            // terms of at most 1.0 that fit the sum's 12 bits

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    uint32_t depth;
    fr_multiplier_t by;
    int32_t difference_min;
} fr_softmax_t;

static fr_status_t form_multiplier(const fr_call_t* call, fr_softmax_t* softmax) {
    uint32_t beta = fr_call_option_u32(call, OPTION_BETA, 0);
    if (!fr_float_is_positive(beta)) {
        return fr_call_refuse_option(call, OPTION_BETA);
    }
    fr_real_t factor = fr_real_multiply(fr_real_from_float(beta), fr_scale(&softmax->input, 0));
    factor.exponent += 31 - DIFFERENCE_BITS;
    fr_real_t most = {INT32_MAX, 0};
    fr_real_t one = {1, 0};
    if (fr_real_is_greater(factor, most)) {
        factor = most;
    }
    bool is_above_one = fr_real_is_greater(factor, one);
    // A shift of 31, one more than other kernels may have, comes from the cap above and is fine
    // here: difference_min then lets only a difference of 0 through.
    factor.exponent -= 2;
    if (!is_above_one || !fr_real_to_multiplier(factor, &softmax->by)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &softmax->input, 0);
    }
    softmax->by.shift += 2;
    softmax->difference_min = -(int32_t)((31ll << (31 - DIFFERENCE_BITS)) >> softmax->by.shift);
    return FR_OK;
}

static fr_status_t prepare(const fr_call_t* call, fr_softmax_t* softmax) {
    fr_status_t status = fr_call_input(call, 0, &softmax->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &softmax->output);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &softmax->input);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &softmax->output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (softmax->output.scale_bits != OUTPUT_SCALE_BITS || softmax->output.zero_point != -128) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &softmax->output, 0);
    }
    uint32_t rank = softmax->input.rank;
    if (rank == 0 || softmax->output.rank != rank ||
        softmax->output.element_count != softmax->input.element_count ||
        softmax->output.shape[rank - 1u] != softmax->input.shape[rank - 1u]) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &softmax->output, rank);
    }
    softmax->depth = softmax->input.shape[rank - 1u];
    if (softmax->depth > SOFTMAX_DEPTH_MAX) {
        return fr_call_refuse_limit(call, softmax->depth, SOFTMAX_DEPTH_MAX);
    }
    return form_multiplier(call, softmax);
}

static fr_status_t softmax_check(const fr_call_t* call, uint64_t* work) {
    fr_softmax_t softmax;
    fr_status_t status = prepare(call, &softmax);
    // An exponential costs about as much as sixteen multiply-accumulates, and there are two.
    *work = status == FR_OK ? 32ull * softmax.output.element_count : 0;
    return status;
}

/// value * 2^exponent, saturated; exponent 1..5.
static int32_t saturating_lift(int32_t value, int32_t exponent) {
    int32_t threshold = (1 << (31 - exponent)) - 1;
    if (value > threshold) {
        return INT32_MAX;
    }
    return value < -threshold ? INT32_MIN : fr_wrap_shift(value, exponent);
}

/// e^a for a in [-1/4, 0), both in Q0.31.
static int32_t exponential_near_zero(int32_t a) {
    const int32_t e_to_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = a + (1 << 28);
    int32_t x2 = fr_high_multiply(x, x);
    int32_t x3 = fr_high_multiply(x2, x);
    int32_t x4 = fr_high_multiply(x2, x2);
    int32_t tail = fr_high_multiply(fr_divide_by_power(x4, 2) + x3, third) + x2;
    int32_t series = x + fr_divide_by_power(tail, 1);
    return e_to_minus_eighth + fr_high_multiply(e_to_minus_eighth, series);
}

/// e^a in Q0.31 for a <= 0 in Q5.26.
static int32_t exponential(int32_t a) {
    // e^-(2^k) in Q0.31 for k = -2..4.
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242};
    const int32_t quarter = 1 << 24;
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t within = (a & (quarter - 1)) - quarter;
    int32_t result = exponential_near_zero(saturating_lift(within, DIFFERENCE_BITS));
    int32_t quarters = within - a;
    for (uint32_t k = 0; k < 7; k++) {
        if ((quarters & (int32_t)(1u << (24u + k))) != 0) {
            result = fr_high_multiply(result, powers[k]);
        }
    }
    return result;
}

/// 1 / (1 + a) for a in [0, 1), both in Q0.31.
static int32_t reciprocal_of_one_plus(int32_t a) {
    const int32_t one = 1 << 29;  // in Q2.29
    int64_t sum = (int64_t)a + INT32_MAX;
    int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t x = 1515870810 + fr_high_multiply(half, -1010580540);  // 48/17 - 32/17 * half
    for (int32_t i = 0; i < 3; i++) {
        int32_t error = one - fr_high_multiply(half, x);
        x += saturating_lift(fr_high_multiply(x, error), 2);
    }
    return saturating_lift(x, 1);
}

static uint32_t leading_zeros(uint32_t value) {
    uint32_t count = 0;
    while (count < 32 && (value & 0x80000000u) == 0) {
        value <<= 1;
        count++;
    }
    return count;
}

static int32_t scaled_exponential(const fr_softmax_t* softmax, int32_t difference) {
    int32_t lifted = fr_wrap_shift(difference, softmax->by.shift);
    return exponential(fr_high_multiply(lifted, softmax->by.multiplier));
}

static void run_row(const fr_softmax_t* softmax, const int8_t* input, int8_t* output) {
    int32_t most = INT8_MIN;
    for (uint32_t i = 0; i < softmax->depth; i++) {
        most = input[i] > most ? input[i] : most;
    }
    int32_t sum = 0;
    for (uint32_t i = 0; i < softmax->depth; i++) {
        if (input[i] - most >= softmax->difference_min) {
            int32_t term = scaled_exponential(softmax, input[i] - most);
            sum = fr_wrap_add(sum, fr_divide_by_power(term, SUM_BITS));
        }
    }
    uint32_t headroom = leading_zeros((uint32_t)sum);
    int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - 0x80000000u);
    int32_t reciprocal = reciprocal_of_one_plus(fraction);
    // Beyond 31 the sum exceeds 512 and every probability is below half a step.
    int32_t exponent = SUM_BITS - (int32_t)headroom + 31 - 8;
    int32_t least = exponent > 31 ? 1 : softmax->difference_min;
    for (uint32_t i = 0; i < softmax->depth; i++) {
        int32_t value = 0;
        if (input[i] - most >= least) {
            int32_t term = scaled_exponential(softmax, input[i] - most);
            value = fr_divide_by_power(fr_high_multiply(reciprocal, term), exponent);
        }
        output[i] = (int8_t)fr_clamp(value - 128, -128, 127);
    }
}

static fr_status_t softmax_run(const fr_call_t* call) {
    fr_softmax_t softmax;
    fr_status_t status = prepare(call, &softmax);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* input = (const int8_t*)fr_call_data(call, &softmax.input);
    int8_t* output = (int8_t*)fr_call_room(call, &softmax.output);
    if (input == NULL || output == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t i = 0; i < softmax.output.element_count; i += softmax.depth) {
        run_row(&softmax, input + i, output + i);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_softmax = {.code = FR_OPERATOR_SOFTMAX,
                                       .version_max = 3,
                                       .options_type = 9,
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs_max = 1,
                                       .check = softmax_check,
                                       .run = softmax_run};
