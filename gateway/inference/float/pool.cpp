// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D and MAX_POOL_2D in float32.
#include <algorithm>
#include <limits>

#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

namespace frugal::inference {

namespace {

constexpr std::uint32_t kPadding = 0;
constexpr std::uint32_t kStrideWidth = 1;
constexpr std::uint32_t kStrideHeight = 2;
constexpr std::uint32_t kFilterWidth = 3;
constexpr std::uint32_t kFilterHeight = 4;
constexpr std::uint32_t kActivation = 5;

struct Pool {
    fr_tensor_t input{};
    fr_tensor_t output{};
    fr_window_t window{};
    Clamp clamp{};
    bool is_average = false;
};

fr_axis_t read_axis(const fr_call_t& call, std::uint32_t filter, std::uint32_t stride) {
    fr_axis_t axis{};
    axis.filter = static_cast<std::int32_t>(fr_call_option_u32(&call, filter, 0));
    axis.stride = static_cast<std::int32_t>(fr_call_option_u32(&call, stride, 0));
    axis.dilation = 1;
    return axis;
}

fr_status_t prepare(const fr_call_t& call, Pool& pool) {
    pool.is_average = call.operation.code == FR_OPERATOR_AVERAGE_POOL_2D;
    fr_status_t status = fr_call_input(&call, 0, &pool.input);
    if (status == FR_OK) {
        status = fr_call_output(&call, &pool.output);
    }
    if (status == FR_OK) {
        status = require_float(call, pool.output);
    }
    if (status != FR_OK) {
        return status;
    }
    pool.window.vertical = read_axis(call, kFilterHeight, kStrideHeight);
    pool.window.horizontal = read_axis(call, kFilterWidth, kStrideWidth);
    status = fr_window_fit(&call, &pool.input, &pool.output, fr_call_option_u8(&call, kPadding, 0),
                           &pool.window);
    if (status == FR_OK && pool.window.input_channels != pool.window.output_channels) {
        status = fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &pool.output, pool.output.shape[3]);
    }
    if (status == FR_OK && !read_clamp(call, kActivation, pool.clamp)) {
        status = fr_call_refuse_option(&call, kActivation);
    }
    return status;
}

float reduce(const Pool& pool, const float* channel, fr_taps_t rows, fr_taps_t columns) {
    const fr_window_t& window = pool.window;
    double sum = 0;
    float most = std::numeric_limits<float>::lowest();
    for (std::int32_t y = rows.origin + rows.first; y < rows.origin + rows.end; ++y) {
        for (std::int32_t x = columns.origin + columns.first; x < columns.origin + columns.end;
             ++x) {
            float value = channel[static_cast<std::size_t>(y * window.horizontal.input + x) *
                                  window.input_channels];
            sum += value;
            most = std::max(most, value);
        }
    }
    const int count = (rows.end - rows.first) * (columns.end - columns.first);
    float result = pool.is_average ? static_cast<float>(sum / std::max(1, count)) : most;
    return std::clamp(result, pool.clamp.low, pool.clamp.high);
}

}  // namespace

fr_status_t check_float_pool(const fr_call_t* call, std::uint64_t* work) {
    Pool pool;
    fr_status_t status = prepare(*call, pool);
    if (status == FR_OK) {
        *work = std::uint64_t{pool.output.element_count} *
                static_cast<std::uint32_t>(pool.window.vertical.filter) *
                static_cast<std::uint32_t>(pool.window.horizontal.filter);
    }
    return status;
}

fr_status_t run_float_pool(const fr_call_t* call) {
    Pool pool;
    fr_status_t status = prepare(*call, pool);
    if (status != FR_OK) {
        return status;
    }
    const fr_window_t& window = pool.window;
    std::vector<float> input = read_floats(*call, pool.input);
    if (input.empty()) {
        return FR_ERROR_STORAGE;
    }
    std::vector<float> output;
    output.reserve(pool.output.element_count);
    const std::size_t image_size = input.size() / window.batches;
    for (std::uint32_t batch = 0; batch < window.batches; ++batch) {
        for (std::int32_t y = 0; y < window.vertical.output; ++y) {
            for (std::int32_t x = 0; x < window.horizontal.output; ++x) {
                for (std::uint32_t channel = 0; channel < window.input_channels; ++channel) {
                    output.push_back(reduce(pool, input.data() + batch * image_size + channel,
                                            fr_axis_taps(&window.vertical, y),
                                            fr_axis_taps(&window.horizontal, x)));
                }
            }
        }
    }
    return write_floats(*call, pool.output, output) ? FR_OK : FR_ERROR_STORAGE;
}

}  // namespace frugal::inference
