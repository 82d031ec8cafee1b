// SPDX-License-Identifier: Apache-2.0
// The arithmetic the kernels must have, written the plain way: doubles for the multipliers, wide
// integers for the roundings, loops without any cleverness. Test code only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace frugal::test {

struct Multiplier {
    std::int32_t fixed = 0;
    int shift = 0;
};

inline Multiplier quantize_multiplier(double value) {
    Multiplier result;
    if (value == 0) {
        return result;
    }
    double fraction = std::frexp(value, &result.shift);
    auto fixed = static_cast<std::int64_t>(std::round(fraction * (1ll << 31)));
    if (fixed == (1ll << 31)) {
        fixed /= 2;
        ++result.shift;
    }
    if (result.shift < -31) {
        return Multiplier{};
    }
    result.fixed = static_cast<std::int32_t>(fixed);
    return result;
}

/// One rounding, half up.
inline std::int32_t rescale_once(std::int32_t value, Multiplier by) {
    double exact = std::ldexp(static_cast<double>(by.fixed), by.shift - 31);
    long double product = static_cast<long double>(value) * static_cast<long double>(exact);
    return static_cast<std::int32_t>(std::floor(product + 0.5L));
}

/// Two roundings: half up after the multiplication, half away from zero after the shift.
inline std::int32_t rescale_twice(std::int32_t value, Multiplier by) {
    int left = std::max(by.shift, 0);
    int right = std::max(-by.shift, 0);
    long double product = std::ldexp(static_cast<long double>(value), left) *
                          std::ldexp(static_cast<long double>(by.fixed), -31);
    long double first = std::floor(product + 0.5L);
    return static_cast<std::int32_t>(std::round(std::ldexp(first, -right)));
}

inline int clamp_int8(int value) {
    return std::clamp(value, -128, 127);
}

/// A convolution over NHWC with O,H,W,I weights; depthwise with 1,H,W,O weights if set.
struct ConvolutionCase {
    const char* name;
    int batch, height, width, channels;
    int outputs, filter_height, filter_width;
    int stride_height, stride_width, dilation_height, dilation_width;
    bool is_same, is_depthwise, is_per_channel, has_bias;
    int activation;

    int output_length(int input, int filter, int stride, int dilation) const {
        int extent = (filter - 1) * dilation + 1;
        return is_same ? (input + stride - 1) / stride : (input - extent) / stride + 1;
    }
    int output_height() const {
        return output_length(height, filter_height, stride_height, dilation_height);
    }
    int output_width() const {
        return output_length(width, filter_width, stride_width, dilation_width);
    }
    int pad(int input, int output, int filter, int stride, int dilation) const {
        return std::max(0, (output - 1) * stride + (filter - 1) * dilation + 1 - input) / 2;
    }
};

struct LayerData {
    std::vector<int> input, weights;
    std::vector<std::int32_t> bias;
    std::vector<float> weight_scales;
    float input_scale = 1, output_scale = 1;
    int input_zero = 0, output_zero = 0;
};

/// Sum of products of one output element.
inline std::int32_t accumulate(const ConvolutionCase& c, const LayerData& data, int b, int y, int x,
                               int o) {
    int top =
        c.pad(c.height, c.output_height(), c.filter_height, c.stride_height, c.dilation_height);
    int left = c.pad(c.width, c.output_width(), c.filter_width, c.stride_width, c.dilation_width);
    int share = c.is_depthwise ? c.outputs / c.channels : 1;
    std::int32_t sum = c.has_bias ? data.bias[static_cast<std::size_t>(o)] : 0;
    for (int fy = 0; fy < c.filter_height; ++fy) {
        for (int fx = 0; fx < c.filter_width; ++fx) {
            int iy = y * c.stride_height - top + fy * c.dilation_height;
            int ix = x * c.stride_width - left + fx * c.dilation_width;
            if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) {
                continue;
            }
            int first = c.is_depthwise ? o / share : 0;
            int last = c.is_depthwise ? first : c.channels - 1;
            for (int i = first; i <= last; ++i) {
                int weight_index =
                    c.is_depthwise
                        ? (fy * c.filter_width + fx) * c.outputs + o
                        : ((o * c.filter_height + fy) * c.filter_width + fx) * c.channels + i;
                int input_index = ((b * c.height + iy) * c.width + ix) * c.channels + i;
                sum += data.weights[static_cast<std::size_t>(weight_index)] *
                       (data.input[static_cast<std::size_t>(input_index)] - data.input_zero);
            }
        }
    }
    return sum;
}

/// Range of a fused activation, in float as TFLite has it.
inline std::pair<int, int> activation_range(int activation, float scale, int zero) {
    auto quantized = [&](float value) {
        return zero + static_cast<int>(std::round(value / scale));
    };
    switch (activation) {
        case 1:
            return {std::max(-128, quantized(0)), 127};
        case 2:
            return {std::max(-128, quantized(-1)), std::min(127, quantized(1))};
        case 3:
            return {std::max(-128, quantized(0)), std::min(127, quantized(6))};
        default:
            return {-128, 127};
    }
}

inline std::vector<int> convolve(const ConvolutionCase& c, const LayerData& data) {
    std::vector<int> output;
    auto [low, high] = activation_range(c.activation, data.output_scale, data.output_zero);
    for (int b = 0; b < c.batch; ++b) {
        for (int y = 0; y < c.output_height(); ++y) {
            for (int x = 0; x < c.output_width(); ++x) {
                for (int o = 0; o < c.outputs; ++o) {
                    std::size_t channel = c.is_per_channel ? static_cast<std::size_t>(o) : 0;
                    Multiplier by =
                        quantize_multiplier(static_cast<double>(data.input_scale) *
                                            static_cast<double>(data.weight_scales[channel]) /
                                            static_cast<double>(data.output_scale));
                    std::int32_t sum = accumulate(c, data, b, y, x, o);
                    int value = c.is_depthwise ? rescale_twice(sum, by) : rescale_once(sum, by);
                    output.push_back(std::clamp(value + data.output_zero, low, high));
                }
            }
        }
    }
    return output;
}

}  // namespace frugal::test
