// SPDX-License-Identifier: Apache-2.0
#include "model/codec/byte_coder.hpp"

#include <cmath>

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

float ByteCoder::price(std::uint32_t alignment, std::uint8_t byte) const {
    fr_byte_model_t model = model_;
    float bits = 0;
    std::uint32_t node = 1;
    for (int half = 0; half < 2; ++half) {
        const fr_context_t* contexts = fr_byte_contexts(&model, alignment, node);
        std::uint32_t at = 1;
        for (int i = 7 - 4 * half; i >= 4 - 4 * half; --i) {
            const std::uint32_t bit = (static_cast<std::uint32_t>(byte) >> i) & 1U;
            const std::uint32_t one = fr_context_predict(&contexts[at]);
            bits -= std::log2(static_cast<float>(bit != 0 ? one : 65536U - one) / 65536.0F);
            at = at * 2 + bit;
        }
        node = 16 + (byte >> 4);
    }
    return bits;
}

}  // namespace frugal::model
