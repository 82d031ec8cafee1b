// SPDX-License-Identifier: Apache-2.0
// CONV_2D and DEPTHWISE_CONV_2D in float32, sums in double.
#include <algorithm>

#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

namespace frugal::inference {

namespace {

/// Where the two operators keep their options.
struct Options {
    std::uint32_t activation;
    std::uint32_t dilation_width;
    std::uint32_t dilation_height;
};
constexpr std::uint32_t kPadding = 0;
constexpr std::uint32_t kStrideWidth = 1;
constexpr std::uint32_t kStrideHeight = 2;
constexpr Options kConvolution = {3, 4, 5};
constexpr Options kDepthwise = {4, 5, 6};

struct Layer {
    fr_layer_t device{};
    Clamp clamp{};
    bool is_depthwise = false;

    const fr_window_t& window() const { return device.window; }
};

std::int32_t option(const fr_call_t& call, std::uint32_t field, std::uint32_t absent) {
    return static_cast<std::int32_t>(fr_call_option_u32(&call, field, absent));
}

bool channels_fit(const Layer& layer) {
    const fr_window_t& window = layer.window();
    const fr_tensor_t& weights = layer.device.weights;
    return layer.is_depthwise
               ? weights.shape[0] == 1 && weights.shape[3] == window.output_channels &&
                     window.output_channels % window.input_channels == 0
               : weights.shape[0] == window.output_channels &&
                     weights.shape[3] == window.input_channels;
}

fr_status_t prepare(const fr_call_t& call, Layer& layer) {
    layer.is_depthwise = call.operation.code == FR_OPERATOR_DEPTHWISE_CONV_2D;
    const Options& options = layer.is_depthwise ? kDepthwise : kConvolution;
    fr_layer_t& device = layer.device;
    fr_status_t status = fr_layer_read(&call, &device);
    if (status != FR_OK) {
        return status;
    }
    if (device.weights.rank != 4) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &device.weights, device.weights.rank);
    }
    device.window.vertical.filter = static_cast<std::int32_t>(device.weights.shape[1]);
    device.window.vertical.stride = option(call, kStrideHeight, 0);
    device.window.vertical.dilation = option(call, options.dilation_height, 1);
    device.window.horizontal.filter = static_cast<std::int32_t>(device.weights.shape[2]);
    device.window.horizontal.stride = option(call, kStrideWidth, 0);
    device.window.horizontal.dilation = option(call, options.dilation_width, 1);
    status = fr_window_fit(&call, &device.input, &device.output,
                           fr_call_option_u8(&call, kPadding, 0), &device.window);
    if (status != FR_OK) {
        return status;
    }
    if (!channels_fit(layer)) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_SHAPE, &device.weights,
                              device.weights.shape[3]);
    }
    if (layer.is_depthwise && device.weights.type != FR_TENSOR_FLOAT32) {
        return fr_call_refuse(&call, FR_MODEL_TENSOR_TYPE, &device.weights, device.weights.type);
    }
    if (!read_clamp(call, options.activation, layer.clamp)) {
        return fr_call_refuse_option(&call, options.activation);
    }
    return require_layer(call, device, device.window.output_channels);
}

/// One output position.
struct Position {
    const float* image;
    fr_taps_t rows;
    fr_taps_t columns;
};

double sum_channel(const Layer& layer, const Operands& operands, const Position& at,
                   std::uint32_t channel) {
    const fr_window_t& window = layer.window();
    const std::uint32_t inputs = window.input_channels;
    const std::uint32_t outputs = window.output_channels;
    const auto width = static_cast<std::uint32_t>(window.horizontal.filter);
    double sum = 0;
    for (std::int32_t row = at.rows.first; row < at.rows.end; ++row) {
        std::int32_t y = at.rows.origin + row * window.vertical.dilation;
        for (std::int32_t column = at.columns.first; column < at.columns.end; ++column) {
            std::int32_t x = at.columns.origin + column * window.horizontal.dilation;
            const float* pixel =
                at.image + static_cast<std::size_t>(y * window.horizontal.input + x) * inputs;
            std::size_t tap =
                static_cast<std::uint32_t>(row) * width + static_cast<std::uint32_t>(column);
            if (layer.is_depthwise) {
                sum += static_cast<double>(pixel[channel / (outputs / inputs)]) *
                       operands.weights[tap * outputs + channel];
                continue;
            }
            const auto taps = static_cast<std::uint32_t>(window.vertical.filter) * width;
            const float* weights = operands.weights.data() + (channel * taps + tap) * inputs;
            for (std::uint32_t i = 0; i < inputs; ++i) {
                sum += static_cast<double>(pixel[i]) * weights[i];
            }
        }
    }
    return sum;
}

}  // namespace

fr_status_t check_float_convolution(const fr_call_t* call, std::uint64_t* work) {
    Layer layer;
    fr_status_t status = prepare(*call, layer);
    if (status == FR_OK) {
        const fr_tensor_t& weights = layer.device.weights;
        std::uint64_t taps = std::uint64_t{weights.shape[1]} * weights.shape[2];
        *work =
            layer.device.output.element_count * taps * (layer.is_depthwise ? 1 : weights.shape[3]);
    }
    return status;
}

fr_status_t run_float_convolution(const fr_call_t* call) {
    Layer layer;
    fr_status_t status = prepare(*call, layer);
    if (status != FR_OK) {
        return status;
    }
    const fr_window_t& window = layer.window();
    Operands operands = read_operands(*call, layer.device, window.batches, window.output_channels);
    if (operands.input.empty() || operands.weights.empty()) {
        return FR_ERROR_STORAGE;
    }
    std::vector<float> output;
    output.reserve(layer.device.output.element_count);
    const std::size_t image_size = operands.input.size() / window.batches;
    for (std::uint32_t batch = 0; batch < window.batches; ++batch) {
        for (std::int32_t y = 0; y < window.vertical.output; ++y) {
            for (std::int32_t x = 0; x < window.horizontal.output; ++x) {
                Position at = {operands.input.data() + batch * image_size,
                               fr_axis_taps(&window.vertical, y),
                               fr_axis_taps(&window.horizontal, x)};
                for (std::uint32_t channel = 0; channel < window.output_channels; ++channel) {
                    double sum = sum_channel(layer, operands, at, channel) * operands.scale[batch] +
                                 operands.bias[channel];
                    output.push_back(
                        std::clamp(static_cast<float>(sum), layer.clamp.low, layer.clamp.high));
                }
            }
        }
    }
    return write_floats(*call, layer.device.output, output) ? FR_OK : FR_ERROR_STORAGE;
}

}  // namespace frugal::inference
