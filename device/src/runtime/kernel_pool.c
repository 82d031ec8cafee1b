// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D and MAX_POOL_2D: int8; input and output share scale and zero point.
#include "runtime/fixed.h"
#include "runtime/quantization.h"
#include "runtime/window.h"

enum { OPTION_PADDING = 0, OPTION_STRIDE_W = 1, OPTION_STRIDE_H = 2, OPTION_FILTER_W = 3 };
enum { OPTION_FILTER_H = 4, OPTION_ACTIVATION = 5 };

typedef struct {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_window_t window;
    fr_range_t range;
} fr_pool_t;

/// What a pool does with the window of one channel.
typedef int32_t (*fr_pool_reduce_t)(const fr_pool_t* pool, const int8_t* channel, fr_taps_t rows,
                                    fr_taps_t columns);

static fr_status_t prepare(const fr_call_t* call, fr_pool_t* pool) {
    fr_status_t status = fr_call_input(call, 0, &pool->input);
    if (status == FR_OK) {
        status = fr_call_output(call, &pool->output);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &pool->input);
    }
    if (status == FR_OK) {
        status = fr_require_int8(call, &pool->output);
    }
    if (status != FR_OK) {
        return status;
    }
    fr_window_t* window = &pool->window;
    window->vertical.filter = (int32_t)fr_call_option_u32(call, OPTION_FILTER_H, 0);
    window->vertical.stride = (int32_t)fr_call_option_u32(call, OPTION_STRIDE_H, 0);
    window->vertical.dilation = 1;
    window->horizontal.filter = (int32_t)fr_call_option_u32(call, OPTION_FILTER_W, 0);
    window->horizontal.stride = (int32_t)fr_call_option_u32(call, OPTION_STRIDE_W, 0);
    window->horizontal.dilation = 1;
    status = fr_window_fit(call, &pool->input, &pool->output,
                           fr_call_option_u8(call, OPTION_PADDING, 0), window);
    if (status != FR_OK) {
        return status;
    }
    if (window->input_channels != window->output_channels) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &pool->output, pool->output.shape[3]);
    }
    if (pool->input.scale_bits != pool->output.scale_bits ||
        pool->input.zero_point != pool->output.zero_point) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, &pool->output, 0);
    }
    uint32_t activation = fr_call_option_u8(call, OPTION_ACTIVATION, 0);
    if (!fr_activation_range(&pool->output, activation, &pool->range)) {
        return fr_call_refuse_option(call, OPTION_ACTIVATION);
    }
    return FR_OK;
}

static fr_status_t pool_check(const fr_call_t* call, uint64_t* work) {
    fr_pool_t pool;
    fr_status_t status = prepare(call, &pool);
    if (status != FR_OK) {
        return status;
    }
    uint32_t area = (uint32_t)(pool.window.vertical.filter * pool.window.horizontal.filter);
    *work = (uint64_t)pool.output.element_count * area;
    return FR_OK;
}

static int32_t average(const fr_pool_t* pool, const int8_t* channel, fr_taps_t rows,
                       fr_taps_t columns) {
    int32_t width = pool->window.horizontal.input;
    int32_t channels = (int32_t)pool->window.input_channels;
    int32_t count = (rows.end - rows.first) * (columns.end - columns.first);
    int32_t sum = 0;
    for (int32_t row = rows.origin + rows.first; row < rows.origin + rows.end; row++) {
        for (int32_t column = columns.first; column < columns.end; column++) {
            sum += channel[(row * width + columns.origin + column) * channels];
        }
    }
    if (count == 0) {
        return 0;  // cannot be: SAME padding is less than the filter
    }
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static int32_t maximum(const fr_pool_t* pool, const int8_t* channel, fr_taps_t rows,
                       fr_taps_t columns) {
    int32_t width = pool->window.horizontal.input;
    int32_t channels = (int32_t)pool->window.input_channels;
    int32_t most = INT8_MIN;
    for (int32_t row = rows.origin + rows.first; row < rows.origin + rows.end; row++) {
        for (int32_t column = columns.first; column < columns.end; column++) {
            int32_t value = channel[(row * width + columns.origin + column) * channels];
            most = value > most ? value : most;
        }
    }
    return most;
}

static void run_image(const fr_pool_t* pool, const int8_t* image, int8_t* output,
                      fr_pool_reduce_t reduce) {
    const fr_window_t* window = &pool->window;
    for (int32_t y = 0; y < window->vertical.output; y++) {
        fr_taps_t rows = fr_axis_taps(&window->vertical, y);
        for (int32_t x = 0; x < window->horizontal.output; x++) {
            fr_taps_t columns = fr_axis_taps(&window->horizontal, x);
            for (uint32_t channel = 0; channel < window->input_channels; channel++) {
                int32_t value = reduce(pool, image + channel, rows, columns);
                *output = (int8_t)fr_clamp(value, pool->range.low, pool->range.high);
                output++;
            }
        }
    }
}

static fr_status_t run(const fr_call_t* call, fr_pool_reduce_t reduce) {
    fr_pool_t pool;
    fr_status_t status = prepare(call, &pool);
    if (status != FR_OK) {
        return status;
    }
    const int8_t* input = (const int8_t*)fr_call_data(call, &pool.input);
    int8_t* output = (int8_t*)fr_call_room(call, &pool.output);
    if (input == NULL || output == NULL) {
        return FR_ERROR_STORAGE;
    }
    uint32_t input_size = pool.input.element_count / pool.window.batches;
    uint32_t output_size = pool.output.element_count / pool.window.batches;
    for (uint32_t batch = 0; batch < pool.window.batches; batch++) {
        run_image(&pool, input + batch * input_size, output + batch * output_size, reduce);
    }
    return FR_OK;
}

static fr_status_t average_pool_run(const fr_call_t* call) {
    return run(call, average);
}

static fr_status_t max_pool_run(const fr_call_t* call) {
    return run(call, maximum);
}

const fr_kernel_t fr_kernel_average_pool = {.code = FR_OPERATOR_AVERAGE_POOL_2D,
                                            .version_max = 3,
                                            .options_type = 5,
                                            .inputs_min = 1,
                                            .inputs_max = 1,
                                            .outputs_min = 1,
                                            .outputs_max = 1,
                                            .check = pool_check,
                                            .run = average_pool_run};

const fr_kernel_t fr_kernel_max_pool = {.code = FR_OPERATOR_MAX_POOL_2D,
                                        .version_max = 3,
                                        .options_type = 5,
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs_max = 1,
                                        .check = pool_check,
                                        .run = max_pool_run};
