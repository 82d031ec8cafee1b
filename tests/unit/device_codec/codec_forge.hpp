// SPDX-License-Identifier: Apache-2.0
// Writes streams an honest encoder never would: every decision is the test's. It keeps the same
// contexts as the decoder, so what follows a lie is still understood. Test code only.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "frugal/codec.h"
#include "frugal/sha256.h"
#include "model/codec/byte_coder.hpp"
#include "model/codec/range_encoder.hpp"

namespace frugal::test {

class CodecForge {
public:
    explicit CodecForge(uint8_t profile = 1) : profile_(profile) { fr_token_model_init(&tokens_); }

    /// A literal at `position`; only right while no byte but zeros came before.
    CodecForge& literal_zero() {
        adaptive(tokens_.is_other[0][position_ & 3U], 0);
        bytes_.code(encoder_, position_ & 3U, 0);
        checksum(0);
        ++position_;
        return *this;
    }
    CodecForge& copy(uint32_t distance_less_1, uint32_t length_less_2) {
        for (uint32_t i = 0; i < length_less_2 + 2; ++i) {
            checksum(0);
        }
        return copy_told(distance_less_1, length_less_2 + fr_copy_overhang(position_));
    }
    /// A copy whose length is any number.
    CodecForge& copy_told(uint32_t distance_less_1, uint32_t length) {
        adaptive(tokens_.is_other[0][position_ & 3U], 1);
        adaptive(tokens_.is_segment[0], 0);
        return reference(distance_less_1).number(FR_NUMBER_LENGTH, length);
    }
    /// In a delta: a copy from so much (folded) farther than the farthest distance known.
    CodecForge& shifted_copy(uint32_t folded) {
        adaptive(tokens_.is_other[0][position_ & 3U], 1);
        adaptive(tokens_.is_segment[0], 0);
        adaptive(tokens_.is_repeated[0], 0);
        adaptive(tokens_.repeated_distance[0], 1);
        return number(FR_NUMBER_COUNT, folded);
    }
    CodecForge& segment(uint32_t kind) {
        adaptive(tokens_.is_other[0][position_ & 3U], 1);
        adaptive(tokens_.is_segment[0], 1);
        return tree(tokens_.segment_kind, 3, kind);
    }
    CodecForge& count(uint32_t count_less_1) {
        adaptive(tokens_.same_count, 0);
        return number(FR_NUMBER_COUNT, count_less_1);
    }
    CodecForge& same_count() {
        adaptive(tokens_.same_count, 1);
        return *this;
    }
    CodecForge& size(uint32_t value) { return number(FR_NUMBER_COUNT, value); }
    CodecForge& integer(uint32_t magnitude, uint32_t negative) {
        number(FR_NUMBER_INTEGER, magnitude);
        adaptive(tokens_.negative[0], negative);
        return *this;
    }
    CodecForge& reference(uint32_t distance_less_1) {
        adaptive(tokens_.is_repeated[0], 0);
        adaptive(tokens_.repeated_distance[0], 0);
        return number(FR_NUMBER_DISTANCE, distance_less_1);
    }
    CodecForge& factor(uint32_t choice) { return tree(tokens_.factor, 2, choice); }
    /// A factor that is a word which lies before.
    CodecForge& earlier_factor(uint32_t distance_less_1) {
        return factor(2).plain(FR_FACTOR_EARLIER, 2).number(FR_NUMBER_DISTANCE, distance_less_1);
    }
    CodecForge& told_factor(uint32_t bits) {
        return factor(2).plain(FR_FACTOR_WHOLE_BITS, 2).plain(bits, 32);
    }
    CodecForge& plain(uint32_t value, uint32_t bits) {
        encoder_.plain(value, bits);
        return *this;
    }
    /// A Huffman code: how many codes of each length, then its first symbols.
    CodecForge& code(const std::vector<uint32_t>& counts, const std::vector<uint32_t>& symbols) {
        for (uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
            number(FR_NUMBER_INTEGER, length <= counts.size() ? counts[length - 1] : 0);
        }
        for (const uint32_t symbol : symbols) {
            encoder_.plain(symbol, 8);
        }
        return *this;
    }
    CodecForge& delta(uint32_t folded) { return number(FR_NUMBER_DELTA, folded); }
    CodecForge& has_special(uint32_t bit) {
        adaptive(tokens_.has_special, bit);
        return *this;
    }
    /// A palette of `count` values from `first` (0 is -128) on, one after the other.
    CodecForge& palette(uint32_t first, uint32_t count) {
        size(count).plain(first, 8);
        for (uint32_t i = 1; i < count; ++i) {
            delta(0);
        }
        return *this;
    }
    /// The first weight of a tensor is its special value.
    CodecForge& special_at_first() {
        fr_weight_tensor_t tensor{};
        fr_weight_model_t model{};
        fr_weight_model_begin_tensor(&model, &tensor, true);
        fr_weight_model_begin_row(&model);
        fr_weight_model_begin(&model, &tensor);
        encoder_.predicted(1, model.probabilities[fr_weight_bit_special(&model, 0)]);
        return *this;
    }
    /// A row that is not all zero.
    CodecForge& row() {
        adaptive(tokens_.zero_row, 0);
        return *this;
    }
    /// A float of the FLOATS segment, with the exponent as it is.
    CodecForge& float_bits(uint32_t bits) {
        tree(tokens_.exponent, 4, 15);
        encoder_.plain((bits >> 23) & 255U, 8);
        adaptive(tokens_.negative[1], bits >> 31);
        tree(tokens_.mantissa, 3, (bits >> 20) & 7U);
        return plain(bits & 0xFFFFFU, 20);
    }
    CodecForge& near(uint32_t folded_delta) {
        adaptive(tokens_.is_near[1], 1);
        return number(FR_NUMBER_DELTA, folded_delta);
    }
    CodecForge& advance(uint32_t bytes) {
        position_ += bytes;
        return *this;
    }
    /// It is another file that ends like this.
    CodecForge& another_file() {
        checksum_ += 256;
        return *this;
    }
    /// A number whose bit length is above 31.
    CodecForge& number_too_long() {
        tree(tokens_.numbers[FR_NUMBER_COUNT].length, FR_NUMBER_CLASS_BITS, 15);
        return plain(31, 5);
    }

    /// The same as a delta on `base`.
    std::vector<uint8_t> delta_stream(uint32_t decoded_size, const std::vector<uint8_t>& base) {
        std::vector<uint8_t> out = stream(decoded_size);
        uint8_t digest[32];
        fr_sha256(base.data(), base.size(), digest);
        out[2] |= FR_CODEC_FLAG_BASE;
        out[6] = static_cast<uint8_t>(out.size() + FR_CODEC_BASE_DIGEST_SIZE);
        out.insert(out.begin() + FR_CODEC_HEADER_SIZE, digest, digest + FR_CODEC_BASE_DIGEST_SIZE);
        return out;
    }
    /// The stream with a header around it. Every field can be a lie.
    std::vector<uint8_t> stream(uint32_t decoded_size) {
        encoder_.finish(fr_checksum_end(checksum_));
        const auto& coded = encoder_.bytes();
        std::vector<uint8_t> out = {'F', 'R',
                                    static_cast<uint8_t>(FR_CODEC_VERSION << 4 | profile_)};
        append(out, decoded_size, 3);
        append(out, FR_CODEC_HEADER_SIZE + coded.size(), 3);
        out.insert(out.end(), coded.begin(), coded.end());
        return out;
    }

private:
    static void append(std::vector<uint8_t>& out, uint64_t value, int size) {
        for (int i = 0; i < size; ++i) {
            out.push_back(static_cast<uint8_t>(value >> (8 * i)));
        }
    }
    void adaptive(fr_context_t& context, uint32_t bit) {
        encoder_.predicted(bit, fr_context_predict(&context));
        fr_context_update(&context, bit);
    }
    CodecForge& tree(fr_context_t* contexts, uint32_t count, uint32_t value) {
        uint32_t node = 1;
        for (uint32_t i = count; i > 0; --i) {
            const uint32_t bit = (value >> (i - 1)) & 1U;
            adaptive(contexts[node], bit);
            node = node * 2 + bit;
        }
        return *this;
    }
    CodecForge& number(fr_number_t which, uint32_t value) {
        const uint32_t more = value + 1;
        const auto length = static_cast<uint32_t>(std::bit_width(more) - 1);
        const uint32_t length_class = std::min(length, FR_NUMBER_CLASS_ESCAPE);
        tree(tokens_.numbers[which].length, FR_NUMBER_CLASS_BITS, length_class);
        if (length_class == FR_NUMBER_CLASS_ESCAPE) {
            encoder_.plain(length - FR_NUMBER_CLASS_ESCAPE, 5);
        }
        uint32_t rest = length;
        if (rest > 0) {
            --rest;
            adaptive(tokens_.second[length_class], (more >> rest) & 1U);
        }
        const uint32_t modelled = which <= FR_NUMBER_DISTANCE ? std::min(rest, 2U) : 0;
        encoder_.plain(more >> modelled, rest - modelled);
        return tree(tokens_.distance_low, modelled, more & ((1U << modelled) - 1));
    }

    void checksum(uint8_t byte) { checksum_ = fr_checksum_add(checksum_, byte); }

    uint8_t profile_;
    model::RangeEncoder encoder_;
    fr_token_model_t tokens_{};
    model::ByteCoder bytes_;
    uint32_t checksum_ = FR_CHECKSUM_BEGIN;
    uint32_t position_ = 0;
};

}  // namespace frugal::test
