// SPDX-License-Identifier: Apache-2.0
// Weights and biases of one layer as real numbers, read from a file and written back into it in
// place: same length, same structure, other values. Pure functions, any thread. Writing changes
// nothing but the layer's weights, biases and their scales.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "model/compress/matrix.hpp"
#include "model/tflite/layers.hpp"

namespace frugal::model {

struct LayerValues {
    Matrix weights;             ///< rows * columns of the layer
    std::vector<float> scales;  ///< of the weights, one a row; empty for float32 weights
    std::vector<float> bias;    ///< one a row, or empty
};

/// Levels of one grid for the whole layer.
struct LayerLevels {
    std::vector<std::int8_t> levels;  ///< rows * columns
    float step = 0;
};

/// The layer must have no obstacle and come from this very file.
LayerValues read_values(base::ByteView file, const Layer& layer);

/// The int8 numbers as they stand in the file, in the order of LayerValues::weights.
std::vector<std::int8_t> read_levels(base::ByteView file, const Layer& layer);

/// Writes int8 weights alone.
void write_weights(base::Bytes& file, const Layer& layer, const std::vector<std::int8_t>& levels);

/// Writes int8 weights of one step, the scales that go with it, and the biases in the new scale.
void write_levels(base::Bytes& file, const Layer& layer, const LayerLevels& values,
                  const std::vector<float>& bias);

/// Gives the rows other scales, the int8 weights unchanged, and expresses the biases in them.
void write_scales(base::Bytes& file, const Layer& layer, const std::vector<float>& scales,
                  const std::vector<float>& bias);

/// The int32 biases as they stand in the file, one a row; empty without them.
std::vector<std::int32_t> read_bias_levels(base::ByteView file, const Layer& layer);

/// Writes int32 biases alone.
void write_bias_levels(base::Bytes& file, const Layer& layer,
                       const std::vector<std::int32_t>& levels);

/// Gives one row another scale and its bias the scale that goes with it; no level changes. Where
/// all rows share one scale it is that of row 0.
void write_scale(base::Bytes& file, const Layer& layer, std::size_t row, float scale);

/// Writes float32 weights and biases.
void write_floats(base::Bytes& file, const Layer& layer, const LayerValues& values);

}  // namespace frugal::model
