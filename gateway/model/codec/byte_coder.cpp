// SPDX-License-Identifier: Apache-2.0
#include "model/codec/byte_coder.hpp"

namespace frugal::model {

void ByteCoder::code_half(RangeEncoder& encoder, fr_context_t* contexts, std::uint32_t value) {
    std::uint32_t node = 1;
    for (int i = 3; i >= 0; --i) {
        const std::uint32_t bit = (value >> i) & 1U;
        encoder.predicted(bit, fr_context_predict(&contexts[node]));
        fr_context_update(&contexts[node], bit);
        node = node * 2 + bit;
    }
}

void ByteCoder::code(RangeEncoder& encoder, std::uint32_t alignment, std::uint8_t byte) {
    const std::uint32_t high = byte >> 4;
    code_half(encoder, fr_byte_contexts(&model_, alignment, 1), high);
    code_half(encoder, fr_byte_contexts(&model_, alignment, 16 + high), byte & 15U);
}

}  // namespace frugal::model
