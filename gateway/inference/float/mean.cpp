// SPDX-License-Identifier: Apache-2.0
// MEAN in float32 over constant axes.
#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

extern "C" {
#include "runtime/move.h"
}

namespace frugal::inference {

namespace {

constexpr std::uint32_t kKeep = 0;

struct Mean {
    fr_tensor_t input{};
    fr_tensor_t output{};
    bool reduced[FR_TENSOR_RANK_MAX]{};
    std::uint32_t count = 1;
};

fr_status_t read_axes(const fr_call_t& call, Mean& mean) {
    fr_tensor_t axes;
    fr_status_t status = fr_move_constant(&call, 1, &axes);
    for (std::uint32_t i = 0; status == FR_OK && i < axes.element_count; ++i) {
        std::uint32_t axis = fr_move_axis(fr_move_element(&axes, i), mean.input.rank);
        if (axis == UINT32_MAX || mean.reduced[axis]) {
            return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &axes, i);
        }
        mean.reduced[axis] = true;
        mean.count *= mean.input.shape[axis];
    }
    return status;
}

fr_status_t prepare(const fr_call_t& call, Mean& mean) {
    fr_status_t status = fr_call_input(&call, 0, &mean.input);
    if (status == FR_OK) {
        status = fr_call_output(&call, &mean.output);
    }
    if (status == FR_OK) {
        status = require_float(call, mean.output);
    }
    if (status == FR_OK) {
        status = read_axes(call, mean);
    }
    if (status != FR_OK) {
        return status;
    }
    bool keeps = fr_call_option_u8(&call, kKeep, 0) != 0;
    std::uint32_t rank = 0;
    for (std::uint32_t axis = 0; axis < mean.input.rank; ++axis) {
        if (mean.reduced[axis] && !keeps) {
            continue;
        }
        std::uint32_t length = mean.reduced[axis] ? 1U : mean.input.shape[axis];
        if (rank >= mean.output.rank || mean.output.shape[rank] != length) {
            return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &mean.output, rank);
        }
        ++rank;
    }
    return rank == mean.output.rank
               ? FR_OK
               : fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &mean.output, rank);
}

/// Output element that input element `index` counts into.
std::size_t target_of(const Mean& mean, std::size_t index) {
    std::size_t target = 0;
    std::size_t pitch = 1;
    for (std::uint32_t axis = mean.input.rank; axis-- > 0;) {
        std::size_t length = mean.input.shape[axis];
        if (!mean.reduced[axis]) {
            target += index % length * pitch;
            pitch *= length;
        }
        index /= length;
    }
    return target;
}

}  // namespace

fr_status_t check_float_mean(const fr_call_t* call, std::uint64_t* work) {
    Mean mean;
    fr_status_t status = prepare(*call, mean);
    *work = mean.input.element_count;
    return status;
}

fr_status_t run_float_mean(const fr_call_t* call) {
    Mean mean;
    fr_status_t status = prepare(*call, mean);
    if (status != FR_OK) {
        return status;
    }
    std::vector<float> input = read_floats(*call, mean.input);
    std::vector<double> sums(mean.output.element_count);
    for (std::size_t i = 0; i < input.size(); ++i) {
        sums[target_of(mean, i)] += input[i];
    }
    std::vector<float> output;
    for (double sum : sums) {
        output.push_back(static_cast<float>(sum / mean.count));
    }
    return write_floats(*call, mean.output, output) ? FR_OK : FR_ERROR_STORAGE;
}

}  // namespace frugal::inference
