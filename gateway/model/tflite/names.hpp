// SPDX-License-Identifier: Apache-2.0
// The public names of TFLite's operators and element types. Pure tables; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace frugal::model {

inline constexpr std::int32_t kCustomOperator = 32;

/// "CONV_2D" for 3; "OPERATOR_<code>" for a number the format has not given out.
std::string operator_name(std::int32_t code);

/// "INT8" for 9; "TYPE_<code>" for an unknown one.
std::string tensor_type_name(std::int32_t type);

/// Bits of one element, 0 for types without a fixed size (STRING, RESOURCE, VARIANT, unknown).
std::uint32_t tensor_type_bits(std::int32_t type);

}  // namespace frugal::model
