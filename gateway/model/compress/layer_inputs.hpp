// SPDX-License-Identifier: Apache-2.0
// What a layer's weights are multiplied with: the positions of an activation laid out as the rows
// of a matrix (im2col). Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>

#include "model/compress/matrix.hpp"
#include "model/tflite/layers.hpp"

namespace frugal::model {

/// Positions one activation gives: rows lay_out() makes for each channel group.
std::size_t position_count(const Layer& layer);

/// Input channels a layer looks at separately: 1, or the channels of a depthwise input.
std::size_t group_count(const Layer& layer);

/// Every `every`-th position as a row of layer.columns values; places beyond the edge are 0.
/// @param activation the whole input tensor, real values
/// @param group channel of a depthwise input, else 0
Matrix lay_out(const Layer& layer, std::span<const float> activation, std::size_t group,
               std::size_t every);

}  // namespace frugal::model
