// SPDX-License-Identifier: Apache-2.0
// What the float32 kernels of the gateway share: reading tensors as floats, weights that may be
// int8 (hybrid models), fused activations. Like every kernel, each is a check that proves its run
// safe; they plug into the device's own interpreter, which reads, orders and plans the model. Pure
// functions of a call; any thread. Never part of a device.
#pragma once

#include <cstdint>
#include <vector>

extern "C" {
#include "runtime/layer.h"
}

namespace frugal::inference {

struct Clamp {
    float low = 0;
    float high = 0;
};

/// True if the operator's first input is float32.
bool is_float(const fr_call_t& call);

/// Limits of a fused activation; false for one not built in (TANH, SIGN_BIT).
bool read_clamp(const fr_call_t& call, std::uint32_t option, Clamp& clamp);

/// Checks that a tensor is float32; notes a refusal otherwise.
fr_status_t require_float(const fr_call_t& call, const fr_tensor_t& tensor);

/// Checks tensors of a layer: float32 input and output, bias of `channels` floats, constant weights
/// of float32 or of int8 with one scale.
fr_status_t require_layer(const fr_call_t& call, const fr_layer_t& layer, std::uint32_t channels);

/// Elements of a float32 tensor, constant or activation; nothing if it has no place.
std::vector<float> read_floats(const fr_call_t& call, const fr_tensor_t& tensor);

/// Writes an activation; false if it has no place of that size.
bool write_floats(const fr_call_t& call, const fr_tensor_t& tensor,
                  const std::vector<float>& values);

/// Input and weights of a layer, ready to be multiplied: the product of two elements times
/// `scale[row]` is what counts. For float32 weights the scales are 1; for int8 weights each of
/// `rows` equal parts of the input is quantized with its own scale, as hybrid models want it.
struct Operands {
    std::vector<float> input;
    std::vector<float> weights;
    std::vector<float> scale;
    std::vector<float> bias;  ///< zeros if the layer has none
};

Operands read_operands(const fr_call_t& call, const fr_layer_t& layer, std::uint32_t rows,
                       std::uint32_t channels);

}  // namespace frugal::inference
