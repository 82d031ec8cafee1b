// SPDX-License-Identifier: Apache-2.0
// Writes tokens and segments as device/src/codec/ reads them, with the same models. It follows the
// file: every call codes the bytes at position() and moves on. Owned by one encode() call.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "frugal/codec.h"
#include "model/codec/range_encoder.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::model {

/// Largest distance, in units of the last place, at which a product predicts a float.
inline constexpr std::int32_t kProductDeltaMax = 255;

class TokenWriter {
public:
    explicit TokenWriter(base::ByteView file);

    void literal();
    void copy(std::uint32_t distance, std::uint32_t length);
    void raw(std::uint32_t size_bytes);
    void weights(const Region& region);
    void integers(std::uint32_t count);
    void floats(std::uint32_t count);
    /// `count` floats near those at `reference` times `factor` (the bits of a float32).
    void products(std::uint32_t count, std::size_t reference, std::uint32_t factor);
    void finish() { encoder_.finish(); }

    std::size_t position() const { return position_; }
    std::uint32_t segments() const { return segments_; }
    const base::Bytes& bytes() const { return encoder_.bytes(); }
    double cost_bits() const { return encoder_.cost_bits(); }
    const fr_token_model_t& tokens() const { return tokens_; }

private:
    void adaptive(fr_context_t& context, std::uint32_t bit);
    void tree(fr_context_t* contexts, std::uint32_t count, std::uint32_t value);
    void number(fr_number_model_t& model, fr_context_t* low, std::uint32_t value);
    void begin_segment(fr_segment_kind_t kind);
    void count_of(std::uint32_t count);
    void weight(fr_weight_tensor_t& tensor);
    void float_value(std::uint32_t bits, std::uint32_t exponent_top);
    std::uint32_t word_at(std::size_t offset) const;
    std::uint8_t byte_before(std::uint32_t distance) const;

    base::ByteView file_;
    std::size_t position_ = 0;
    RangeEncoder encoder_;
    fr_token_model_t tokens_{};
    fr_byte_model_t byte_model_{};
    fr_weight_model_t weight_model_{};
    std::array<std::uint32_t, 2> distances_{1, 1};
    std::uint32_t token_before_ = 0;
    std::uint32_t segments_ = 0;
    std::uint32_t last_count_ = 0;
};

/// Information a region takes on its own, as its kind, bits.
double region_cost_bits(base::ByteView file, const Region& region);

}  // namespace frugal::model
