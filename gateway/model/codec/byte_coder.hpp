// SPDX-License-Identifier: Apache-2.0
// Codes literal bytes as device/src/codec/decoder.c reads them. Owned by one encode() call.
#pragma once

#include <cstdint>

#include "frugal/codec.h"
#include "model/codec/range_encoder.hpp"

namespace frugal::model {

class ByteCoder {
public:
    ByteCoder() { reset(); }

    /// @param alignment offset of the byte in the file, modulo 4
    void code(RangeEncoder& encoder, std::uint32_t alignment, std::uint8_t byte);
    /// A tensor came between, whose model shares the memory.
    void reset() { fr_byte_model_init(&model_); }

    /// What a byte costs now, bits.
    float price(std::uint32_t alignment, std::uint8_t byte) const;

private:
    void code_half(RangeEncoder& encoder, fr_context_t* contexts, std::uint32_t value);

    fr_byte_model_t model_{};
};

}  // namespace frugal::model
