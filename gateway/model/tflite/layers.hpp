// SPDX-License-Identifier: Apache-2.0
// The layers of a .tflite that own weights (convolution, depthwise convolution, dense) and where
// in the file their weights, biases and scales lie, so that they can be rewritten in place.
// Plain values, any thread; nothing is executed and the file is never written here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

enum class LayerKind { kConvolution, kDepthwise, kDense };

std::string_view to_string(LayerKind kind);

/// How a kernel slides over its input; all ones and zeros for a dense layer.
struct LayerWindow {
    std::uint32_t height = 1;
    std::uint32_t width = 1;
    std::uint32_t stride_height = 1;
    std::uint32_t stride_width = 1;
    std::uint32_t dilation_height = 1;
    std::uint32_t dilation_width = 1;
    bool is_same_padding = false;
};

/// Zeros before the first row (or column) of an input that is padded for SAME.
/// @param reach of the kernel, dilation included
std::size_t padding_before(std::size_t input, std::size_t output, std::size_t stride,
                           std::size_t reach);

/// One layer as a matrix: a row for each output channel, a column for each input of a position.
struct Layer {
    LayerKind kind = LayerKind::kDense;
    std::string name;  ///< of the weights tensor
    std::uint32_t operator_index = 0;
    std::uint32_t input = 0;  ///< tensor indexes
    std::uint32_t output = 0;
    std::uint32_t weights_tensor = 0;
    std::vector<std::int32_t> input_shape;
    std::vector<std::int32_t> output_shape;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;  ///< of a depthwise layer: window positions
    LayerWindow window;
    std::int32_t weights_type = 0;  ///< number of the TFLite schema
    float input_scale = 0;          ///< 0: not quantized
    ByteRange weights;
    ByteRange weight_scales;        ///< float32 values in the file; size 0: none
    std::optional<ByteRange> bias;  ///< int32 or float32 values
    std::optional<ByteRange> bias_scales;
    std::string obstacle;  ///< why it cannot be rewritten; empty if it can
};

/// Lists the layers in the order the operators run.
/// Fails with kInvalidInput for bytes that are no well-formed .tflite.
base::Result<std::vector<Layer>> read_layers(base::ByteView file);

}  // namespace frugal::model
