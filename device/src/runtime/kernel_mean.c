// SPDX-License-Identifier: Apache-2.0
// MEAN: int8 over constant axes. TFLite has three arithmetics for it, and so has this file: over
// height and width of a 4-D tensor whose axes are kept, one rescaling of the sum; otherwise, under
// equal quantization, an integer division; otherwise a computation in float.
#include "runtime/fixed.h"
#include "runtime/move.h"
#include "runtime/quantization.h"

enum { OPTION_KEEP = 0 };
enum { PORT_VALUE = 0, PORT_AXES = 1 };

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_tensor_t axes;
    bool reduced[FR_TENSOR_RANK_MAX];
    uint32_t count;  ///< elements in one mean
    bool is_pool;    ///< height and width of a 4-D tensor
} fr_mean_t;

static fr_status_t read_tensors(const fr_call_t* call, fr_mean_t* mean) {
    fr_status_t status = fr_call_input(call, PORT_VALUE, &mean->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &mean->output);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &mean->input);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &mean->output);
    }
    if (status == FR_OK) {
        status = fr_move_constant(call, PORT_AXES, &mean->axes);
    }
    return status;
}

static fr_status_t mark_axes(const fr_call_t* call, fr_mean_t* mean) {
    uint32_t rank = mean->input.rank;
    mean->count = 1;
    for (uint32_t axis = 0; axis < FR_TENSOR_RANK_MAX; axis++) {
        mean->reduced[axis] = false;
    }
    for (uint32_t i = 0; i < mean->axes.element_count; i++) {
        uint32_t axis = fr_move_axis(fr_move_element(&mean->axes, i), rank);
        if (axis == UINT32_MAX || mean->reduced[axis]) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &mean->axes, i);
        }
        mean->reduced[axis] = true;
        mean->count *= mean->input.shape[axis];
    }
    if (mean->count > FR_ACCUMULATE_MAX) {
        return fr_call_refuse_limit(call, mean->count, FR_ACCUMULATE_MAX);
    }
    return FR_OK;
}

static fr_status_t check_output(const fr_call_t* call, const fr_mean_t* mean, bool keeps) {
    uint32_t rank = 0;
    for (uint32_t axis = 0; axis < mean->input.rank; axis++) {
        if (mean->reduced[axis] && !keeps) {
            continue;
        }
        uint32_t length = mean->reduced[axis] ? 1u : mean->input.shape[axis];
        if (rank >= mean->output.rank || mean->output.shape[rank] != length) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &mean->output, rank);
        }
        rank++;
    }
    return rank == mean->output.rank
               ? FR_OK
               : fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &mean->output, rank);
}

static fr_status_t prepare(const fr_call_t* call, fr_mean_t* mean) {
    fr_status_t status = read_tensors(call, mean);
    if (status == FR_OK) {
        status = mark_axes(call, mean);
    }
    if (status != FR_OK) {
        return status;
    }
    bool keeps = fr_call_option_u8(call, OPTION_KEEP, 0) != 0;
    // TFLite compares the axes as they are written, without counting negative ones from the front.
    int32_t first = fr_move_element(&mean->axes, 0);
    int32_t last = fr_move_element(&mean->axes, mean->axes.element_count - 1u);
    mean->is_pool = keeps && mean->input.rank == 4 && mean->axes.element_count == 2 &&
                    ((first == 1 && last == 2) || (first == 2 && last == 1));
    return check_output(call, mean, keeps);
}

/// scale of the input / (count * scale of the output), in float.
static fr_real_t pool_factor(const fr_mean_t* mean) {
    fr_real_t divisor = fr_real_round(
        fr_real_multiply(fr_scale(&mean->output, 0), fr_real_from_integer(mean->count, 0)),
        FR_REAL_FLOAT_BITS);
    while (divisor.mantissa >> FR_REAL_FLOAT_BITS != 0) {
        divisor.mantissa >>= 1;
        divisor.exponent++;
    }
    return fr_real_divide(fr_scale(&mean->input, 0), divisor, FR_REAL_FLOAT_BITS);
}

/// The input's zero point in steps of the output, in float, rounded half away from zero.
static int32_t pool_offset(const fr_mean_t* mean) {
    int32_t zero = mean->input.zero_point;
    fr_real_t magnitude = fr_real_from_integer((uint32_t)(zero < 0 ? -zero : zero), 0);
    fr_real_t product =
        fr_real_round(fr_real_multiply(fr_scale(&mean->input, 0), magnitude), FR_REAL_FLOAT_BITS);
    fr_real_t steps = fr_real_divide(product, fr_scale(&mean->output, 0), FR_REAL_FLOAT_BITS);
    int32_t rounded = (int32_t)fr_real_to_integer(steps, 1u << 20);
    return zero < 0 ? -rounded : rounded;
}

static fr_status_t check(const fr_call_t* call, uint64_t* work) {
    fr_mean_t mean;
    fr_multiplier_t unused;
    fr_status_t status = prepare(call, &mean);
    if (status != FR_OK) {
        return status;
    }
    *work = mean.input.element_count;
    if (mean.is_pool && !fr_real_to_multiplier(pool_factor(&mean), &unused)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &mean.output, 0);
    }
    return FR_OK;
}

/// Sum of the inputs behind output element `index`.
static int32_t sum_of(const fr_mean_t* mean, const int8_t* input, uint32_t index) {
    uint32_t base = 0;
    uint32_t pitch = 1;
    for (uint32_t axis = mean->input.rank; axis-- > 0;) {
        uint32_t length = mean->input.shape[axis];
        if (!mean->reduced[axis]) {
            base += index % length * pitch;
            index /= length;
        }
        pitch *= length;
    }
    int32_t sum = 0;
    for (uint32_t i = 0; i < mean->count; i++) {
        uint32_t left = i;
        uint32_t place = base;
        pitch = 1;
        for (uint32_t axis = mean->input.rank; axis-- > 0;) {
            uint32_t length = mean->input.shape[axis];
            if (mean->reduced[axis]) {
                place += left % length * pitch;
                left /= length;
            }
            pitch *= length;
        }
        sum += input[place];
    }
    return sum;
}

/// A float with its sign.
typedef struct {
    fr_real_t magnitude;
    bool is_negative;
} fr_signed_t;

static fr_signed_t signed_real(int32_t value) {
    fr_signed_t result = {fr_real_from_integer((uint32_t)(value < 0 ? -value : value), 0),
                          value < 0};
    return result;
}

/// The product, rounded to float.
static fr_signed_t multiply(fr_signed_t a, fr_real_t b) {
    a.magnitude = fr_real_round(fr_real_multiply(a.magnitude, b), FR_REAL_FLOAT_BITS);
    return a;
}

/// The sum, rounded to float. What is 2^-36 of the other or less does not count.
static fr_signed_t add(fr_signed_t a, fr_signed_t b) {
    if (fr_real_is_greater(b.magnitude, a.magnitude)) {
        fr_signed_t swap = a;
        a = b;
        b = swap;
    }
    if (b.magnitude.mantissa == 0) {
        return a;
    }
    // Both have at most 25 bits; with 36 more the larger still fits.
    int32_t distance = a.magnitude.exponent - b.magnitude.exponent;
    if (distance > 36) {
        return a;
    }
    uint64_t large = a.magnitude.mantissa;
    uint64_t small = b.magnitude.mantissa;
    int32_t exponent = a.magnitude.exponent;
    if (distance > 0) {
        large <<= (uint32_t)distance;
        exponent -= distance;
    } else {
        small <<= (uint32_t)-distance;  // the smaller number: it cannot outgrow the larger one
    }
    fr_real_t sum = {a.is_negative == b.is_negative ? large + small : large - small, exponent};
    a.magnitude = fr_real_round(sum, FR_REAL_FLOAT_BITS);
    return a;
}

/// round((sum / count) * scale - zero point * scale), every step rounded to float.
static int32_t rescale_in_float(const fr_mean_t* mean, int32_t sum) {
    fr_real_t scale =
        fr_real_divide(fr_scale(&mean->input, 0), fr_scale(&mean->output, 0), FR_REAL_FLOAT_BITS);
    fr_signed_t value = signed_real(sum);
    value.magnitude =
        fr_real_divide(value.magnitude, fr_real_from_integer(mean->count, 0), FR_REAL_FLOAT_BITS);
    fr_signed_t bias = multiply(signed_real(-mean->input.zero_point), scale);
    value = add(multiply(value, scale), bias);
    int32_t steps = (int32_t)fr_real_to_integer(value.magnitude, 1u << 20);
    return value.is_negative ? -steps : steps;
}

static int32_t mean_of(const fr_mean_t* mean, int32_t sum) {
    if (mean->is_pool) {
        fr_multiplier_t by;
        (void)fr_real_to_multiplier(pool_factor(mean), &by);
        return fr_wrap_add(fr_rescale_twice(sum, by), mean->output.zero_point - pool_offset(mean));
    }
    if (mean->input.scale_bits == mean->output.scale_bits &&
        mean->input.zero_point == mean->output.zero_point) {
        return sum / (int32_t)mean->count;
    }
    return mean->output.zero_point + rescale_in_float(mean, sum);
}

static fr_status_t run(const fr_call_t* call) {
    fr_mean_t mean;
    fr_status_t status = prepare(call, &mean);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* source = (const int8_t*)fr_call_data(call, &mean.input);
    int8_t* target = (int8_t*)fr_call_room(call, &mean.output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t i = 0; i < mean.output.element_count; i++) {
        target[i] = (int8_t)fr_clamp(mean_of(&mean, sum_of(&mean, source, i)), -128, 127);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_mean = {.code = FR_OPERATOR_MEAN,
                                    .version_max = 2,
                                    .options_type = 27,
                                    .inputs_min = 2,
                                    .inputs_max = 2,
                                    .outputs_min = 1,
                                    .outputs_max = 1,
                                    .check = check,
                                    .run = run};
