// SPDX-License-Identifier: Apache-2.0
// Codes literal bytes as device/src/codec/profiles.c reads them. Owned by one encode() call.
#pragma once

#include <cstdint>
#include <vector>

#include "frugal/codec.h"
#include "model/codec/range_encoder.hpp"

namespace frugal::model {

class ByteCoder {
public:
    explicit ByteCoder(std::uint8_t profile);
    ByteCoder(const ByteCoder&) = delete;  // the model points into slots_
    ByteCoder& operator=(const ByteCoder&) = delete;
    ByteCoder(ByteCoder&&) = default;
    ByteCoder& operator=(ByteCoder&&) = default;

    void code(RangeEncoder& encoder, const fr_byte_surroundings_t& around, std::uint8_t byte);
    /// A tensor came between: profiles that keep one model at a time start again.
    void after_tensor();

private:
    void reset();
    void code_half(RangeEncoder& encoder, fr_context_t* contexts, std::uint32_t value);

    std::uint8_t profile_;
    std::vector<fr_context_t> slots_;
    fr_byte_model_t mixed_{};
    fr_nibble_model_t nibbles_{};
};

}  // namespace frugal::model
