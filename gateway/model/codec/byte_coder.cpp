// SPDX-License-Identifier: Apache-2.0
#include "model/codec/byte_coder.hpp"

namespace frugal::model {

ByteCoder::ByteCoder(std::uint8_t profile)
    : profile_(profile), slots_(profile == 2 ? FR_CODEC_BYTE_SLOTS_2 : FR_CODEC_BYTE_SLOTS_1) {
    reset();
}

void ByteCoder::reset() {
    fr_nibble_model_init(&nibbles_);
    fr_byte_model_init(&mixed_, slots_.data(), static_cast<std::uint32_t>(slots_.size()));
}

void ByteCoder::after_tensor() {
    if (profile_ != 2) {
        reset();
    }
}

void ByteCoder::code_half(RangeEncoder& encoder, fr_context_t* contexts, std::uint32_t value) {
    std::uint32_t node = 1;
    for (int i = 3; i >= 0; --i) {
        const std::uint32_t bit = (value >> i) & 1U;
        encoder.predicted(bit, fr_context_predict(&contexts[node]));
        fr_context_update(&contexts[node], bit);
        node = node * 2 + bit;
    }
}

void ByteCoder::code(RangeEncoder& encoder, const fr_byte_surroundings_t& around,
                     std::uint8_t byte) {
    if (profile_ == 0) {
        const std::uint32_t high = byte >> 4;
        code_half(encoder, fr_nibble_contexts(&nibbles_, around.alignment, 1), high);
        code_half(encoder, fr_nibble_contexts(&nibbles_, around.alignment, 16 + high), byte & 15U);
        return;
    }
    fr_byte_model_begin(&mixed_, &around);
    for (int i = 7; i >= 0; --i) {
        const std::uint32_t bit = (static_cast<std::uint32_t>(byte) >> i) & 1U;
        encoder.predicted(bit, fr_byte_model_predict(&mixed_));
        fr_byte_model_update(&mixed_, bit);
    }
}

}  // namespace frugal::model
