// SPDX-License-Identifier: Apache-2.0
// Finds vectors that follow from earlier ones: bias scales are input scale times weight scale,
// quantization bounds are scale times 127, biases of a re-export are the old ones in new units.
// Addresses count from the first byte of the space: the base, then the file. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

struct Product {
    std::size_t reference = 0;  ///< address of the earlier vector
    std::uint32_t factor = 0;   ///< bits of a float32
};

/// The best way to say the floats at `address` by those at one of the `candidates`, if that pays.
std::optional<Product> find_product(CodedSpace space, std::size_t address, std::size_t size_bytes,
                                    std::span<const std::size_t> candidates);

/// The factor (bits of a float32) by which old integers best predict `count` new ones.
std::optional<std::uint32_t> find_integer_factor(base::ByteView space, std::size_t old_address,
                                                 std::size_t address, std::size_t count);

}  // namespace frugal::model
