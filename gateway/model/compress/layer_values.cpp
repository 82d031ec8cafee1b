// SPDX-License-Identifier: Apache-2.0
#include "model/compress/layer_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {

template <typename T>
T load(base::ByteView file, std::uint64_t offset) {
    T value{};
    std::memcpy(&value, file.data() + offset, sizeof(T));
    return value;
}

template <typename T>
void store(base::Bytes& file, std::uint64_t offset, T value) {
    std::memcpy(file.data() + offset, &value, sizeof(T));
}

/// Where an element of the matrix stands in the tensor: depthwise weights are stored column first.
std::size_t place(const Layer& layer, std::size_t row, std::size_t column) {
    return layer.kind == LayerKind::kDepthwise ? column * layer.rows + row
                                               : row * layer.columns + column;
}

/// A vector in the file with one value for all rows or one for each.
float value_of_row(base::ByteView file, const ByteRange& range, std::size_t row) {
    const std::size_t count = range.size / 4;
    return count == 0 ? 0.0F : load<float>(file, range.offset + 4 * (count == 1 ? 0 : row));
}

void store_bias(base::Bytes& file, const Layer& layer, std::size_t row, float bias, float scale) {
    const double level = std::nearbyint(static_cast<double>(bias) / static_cast<double>(scale));
    const double limit = 2147483647.0;
    store(file, layer.bias->offset + 4 * row,
          static_cast<std::int32_t>(std::clamp(level, -limit, limit)));
}

void store_scale_of_row(base::Bytes& file, const ByteRange& range, std::size_t row, float value) {
    if (row < range.size / 4) {
        store(file, range.offset + 4 * row, value);
    }
}

}  // namespace

std::vector<std::int8_t> read_levels(base::ByteView file, const Layer& layer) {
    FRUGAL_ASSERT(layer.obstacle.empty() && layer.weights_type == kInt8);
    std::vector<std::int8_t> levels(std::size_t{layer.rows} * layer.columns);
    for (std::size_t row = 0; row < layer.rows; ++row) {
        for (std::size_t column = 0; column < layer.columns; ++column) {
            levels[row * layer.columns + column] =
                load<std::int8_t>(file, layer.weights.offset + place(layer, row, column));
        }
    }
    return levels;
}

std::vector<std::int32_t> read_bias_levels(base::ByteView file, const Layer& layer) {
    FRUGAL_ASSERT(layer.obstacle.empty() && layer.weights_type == kInt8);
    std::vector<std::int32_t> levels(layer.bias ? layer.rows : 0);
    for (std::size_t row = 0; row < levels.size(); ++row) {
        levels[row] = load<std::int32_t>(file, layer.bias->offset + 4 * row);
    }
    return levels;
}

void write_bias_levels(base::Bytes& file, const Layer& layer,
                       const std::vector<std::int32_t>& levels) {
    for (std::size_t row = 0; row < levels.size(); ++row) {
        store(file, layer.bias->offset + 4 * row, levels[row]);
    }
}

LayerValues read_values(base::ByteView file, const Layer& layer) {
    FRUGAL_ASSERT(layer.obstacle.empty());
    LayerValues values;
    values.weights = Matrix(layer.rows, layer.columns);
    const bool is_int8 = layer.weights_type == kInt8;
    for (std::size_t row = 0; row < layer.rows; ++row) {
        const float scale = value_of_row(file, layer.weight_scales, row);
        if (is_int8) {
            values.scales.push_back(scale);
        }
        for (std::size_t column = 0; column < layer.columns; ++column) {
            const std::uint64_t at = place(layer, row, column);
            values.weights.at(row, column) =
                is_int8 ? scale * load<std::int8_t>(file, layer.weights.offset + at)
                        : load<float>(file, layer.weights.offset + 4 * at);
        }
        if (layer.bias && is_int8) {
            const auto level = load<std::int32_t>(file, layer.bias->offset + 4 * row);
            values.bias.push_back(static_cast<float>(level) * scale * layer.input_scale);
        } else if (layer.bias) {
            values.bias.push_back(load<float>(file, layer.bias->offset + 4 * row));
        }
    }
    return values;
}

void write_scale(base::Bytes& file, const Layer& layer, std::size_t row, float scale) {
    store_scale_of_row(file, layer.weight_scales, row, scale);
    if (layer.bias) {
        // The runtime, like TFLite, takes the bias scale to be this very float32 product.
        store_scale_of_row(file, *layer.bias_scales, row, layer.input_scale * scale);
    }
}

void write_scales(base::Bytes& file, const Layer& layer, const std::vector<float>& scales,
                  const std::vector<float>& bias) {
    FRUGAL_ASSERT(layer.obstacle.empty() && layer.weights_type == kInt8);
    for (std::size_t row = 0; row < layer.rows; ++row) {
        write_scale(file, layer, row, scales[row]);
        if (layer.bias) {
            store_bias(file, layer, row, bias[row], layer.input_scale * scales[row]);
        }
    }
}

void write_weights(base::Bytes& file, const Layer& layer, const std::vector<std::int8_t>& levels) {
    for (std::size_t row = 0; row < layer.rows; ++row) {
        for (std::size_t column = 0; column < layer.columns; ++column) {
            store(file, layer.weights.offset + place(layer, row, column),
                  levels[row * layer.columns + column]);
        }
    }
}

void write_levels(base::Bytes& file, const Layer& layer, const LayerLevels& values,
                  const std::vector<float>& bias) {
    write_weights(file, layer, values.levels);
    write_scales(file, layer, std::vector<float>(layer.rows, values.step), bias);
}

void write_floats(base::Bytes& file, const Layer& layer, const LayerValues& values) {
    FRUGAL_ASSERT(layer.obstacle.empty() && layer.weights_type != kInt8);
    for (std::size_t row = 0; row < layer.rows; ++row) {
        for (std::size_t column = 0; column < layer.columns; ++column) {
            store(file, layer.weights.offset + 4 * place(layer, row, column),
                  values.weights.at(row, column));
        }
        if (layer.bias) {
            store(file, layer.bias->offset + 4 * row, values.bias[row]);
        }
    }
}

}  // namespace frugal::model
