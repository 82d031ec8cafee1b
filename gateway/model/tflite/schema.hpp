// SPDX-License-Identifier: Apache-2.0
// Numbers of the public TFLite schema that the layers of a model are told apart by. Constants only.
#pragma once

#include <cstdint>

namespace frugal::model {

// TensorType
inline constexpr std::int32_t kFloat32 = 0;
inline constexpr std::int32_t kInt32 = 2;
inline constexpr std::int32_t kUint8 = 3;
inline constexpr std::int32_t kInt8 = 9;

// BuiltinOperator
inline constexpr std::int32_t kConv2d = 3;
inline constexpr std::int32_t kDepthwiseConv2d = 4;
inline constexpr std::int32_t kFullyConnected = 9;
inline constexpr std::int32_t kSoftmax = 25;

// ActivationFunctionType
inline constexpr std::uint32_t kRelu = 1;

}  // namespace frugal::model
