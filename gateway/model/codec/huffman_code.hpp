// SPDX-License-Identifier: Apache-2.0
// The canonical Huffman code of some bytes, no code longer than 15 bits. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "frugal/codec.h"

namespace frugal::model {

struct HuffmanCode {
    fr_huffman_t table{};
    std::uint32_t symbol_count = 0;
    std::array<std::uint8_t, 256> lengths{};  ///< by symbol; 0: not in the code
    std::array<std::uint16_t, 256> codes{};
};

/// Nothing for a code the table has no room for: 256 symbols of one length, which save nothing.
std::optional<HuffmanCode> make_huffman_code(const std::array<std::uint32_t, 256>& frequencies);

}  // namespace frugal::model
