// SPDX-License-Identifier: Apache-2.0
#include "model/compress/layer_inputs.hpp"

#include <algorithm>

namespace frugal::model {

namespace {

std::size_t size_at(const std::vector<std::int32_t>& shape, std::size_t axis) {
    return static_cast<std::size_t>(shape[axis]);
}

/// One position of the output, its window copied into a row.
class WindowCopier {
public:
    WindowCopier(const Layer& layer, std::span<const float> activation, std::size_t group)
        : layer_(layer), activation_(activation), group_(group) {
        const LayerWindow& window = layer.window;
        if (window.is_same_padding) {
            top_ =
                padding(1, window.stride_height, (window.height - 1) * window.dilation_height + 1);
            left_ = padding(2, window.stride_width, (window.width - 1) * window.dilation_width + 1);
        }
    }

    void copy(std::size_t position, std::span<float> row) const {
        const std::size_t width = size_at(layer_.output_shape, 2);
        const std::size_t height = size_at(layer_.output_shape, 1);
        const std::size_t image = position / (width * height);
        const std::size_t y = position / width % height;
        const std::size_t x = position % width;
        float* out = row.data();
        const LayerWindow& window = layer_.window;
        for (std::uint32_t i = 0; i < window.height; ++i) {
            const auto line =
                static_cast<std::int64_t>(y * window.stride_height + i * window.dilation_height) -
                top_;
            for (std::uint32_t j = 0; j < window.width; ++j) {
                const auto column =
                    static_cast<std::int64_t>(x * window.stride_width + j * window.dilation_width) -
                    left_;
                out = copy_tap(image, line, column, out);
            }
        }
    }

private:
    std::int64_t padding(std::size_t axis, std::size_t stride, std::size_t reach) const {
        return static_cast<std::int64_t>(padding_before(
            size_at(layer_.input_shape, axis), size_at(layer_.output_shape, axis), stride, reach));
    }

    float* copy_tap(std::size_t image, std::int64_t y, std::int64_t x, float* out) const {
        const auto height = static_cast<std::int64_t>(size_at(layer_.input_shape, 1));
        const auto width = static_cast<std::int64_t>(size_at(layer_.input_shape, 2));
        const std::size_t channels = size_at(layer_.input_shape, 3);
        const bool is_depthwise = layer_.kind == LayerKind::kDepthwise;
        const std::size_t count = is_depthwise ? 1 : channels;
        if (y < 0 || y >= height || x < 0 || x >= width) {
            return std::fill_n(out, count, 0.0F);
        }
        const auto pixel =
            static_cast<std::size_t>((static_cast<std::int64_t>(image) * height + y) * width + x);
        return std::copy_n(activation_.data() + pixel * channels + (is_depthwise ? group_ : 0),
                           count, out);
    }

    const Layer& layer_;
    std::span<const float> activation_;
    std::size_t group_;
    std::int64_t top_ = 0;
    std::int64_t left_ = 0;
};

}  // namespace

std::size_t position_count(const Layer& layer) {
    if (layer.kind == LayerKind::kDense) {
        std::size_t count = 1;
        for (const std::int32_t length : layer.input_shape) {
            count *= static_cast<std::size_t>(length);
        }
        return count / std::max<std::size_t>(layer.columns, 1);
    }
    return size_at(layer.output_shape, 0) * size_at(layer.output_shape, 1) *
           size_at(layer.output_shape, 2);
}

std::size_t group_count(const Layer& layer) {
    return layer.kind == LayerKind::kDepthwise ? size_at(layer.input_shape, 3) : 1;
}

Matrix lay_out(const Layer& layer, std::span<const float> activation, std::size_t group,
               std::size_t every) {
    const std::size_t positions = position_count(layer);
    Matrix matrix((positions + every - 1) / every, layer.columns);
    if (layer.kind == LayerKind::kDense) {
        for (std::size_t row = 0; row < matrix.rows; ++row) {
            std::copy_n(activation.data() + row * every * layer.columns, layer.columns,
                        matrix.row(row).data());
        }
        return matrix;
    }
    const WindowCopier copier(layer, activation, group);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        copier.copy(row * every, matrix.row(row));
    }
    return matrix;
}

}  // namespace frugal::model
