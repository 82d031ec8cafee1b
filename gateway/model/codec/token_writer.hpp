// SPDX-License-Identifier: Apache-2.0
// Writes tokens and segments as device/src/codec/ reads them, with the same models. It follows the
// file: every call codes the bytes at position() and moves on. Owned by one encode() call.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "frugal/codec.h"
#include "model/codec/byte_coder.hpp"
#include "model/codec/range_encoder.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::model {

/// Largest distance, in units of the last place, at which a product predicts a float.
inline constexpr std::int32_t kProductDeltaMax = 255;

/// The bytes a coder can look back on: the base of a delta, then the file. Addresses count from
/// the base's first byte.
struct CodedSpace {
    base::ByteView bytes;
    std::size_t base_size = 0;
    std::size_t lag_max = SIZE_MAX;  ///< how far behind the output the base may be read

    /// What lies so far back from an address may be read there: output always, the base within lag.
    bool reaches(std::size_t address, std::size_t distance) const {
        const bool is_output = address - distance >= base_size;
        return is_output || distance <= base_size || distance - base_size <= lag_max;
    }
    /// The four bytes from an address on, little-endian.
    std::uint32_t word_at(std::size_t address) const {
        return static_cast<std::uint32_t>(bytes[address]) |
               static_cast<std::uint32_t>(bytes[address + 1]) << 8 |
               static_cast<std::uint32_t>(bytes[address + 2]) << 16 |
               static_cast<std::uint32_t>(bytes[address + 3]) << 24;
    }
};

/// How the weights of a tensor are told; profile 0 knows none of it.
struct WeightCoding {
    bool has_special = true;  ///< 0, or the old value, is told first
    bool has_palette =
        false;  ///< weights are ranks among the values in use, at most FR_PALETTE_MAX
};

using Distances = std::array<std::uint32_t, FR_DISTANCES>;

/// The distances a stream begins with.
Distances first_distances(CodedSpace space);
/// Makes a distance the newest of those remembered.
void remember(Distances& distances, std::uint32_t distance);
/// What a new distance at an address may be told from; 0 without a base.
std::uint32_t known_distance(CodedSpace space, const Distances& distances, std::size_t address);
/// Whether it is.
bool is_told_from(std::uint32_t distance, std::uint32_t known);
/// 0, -1, 1, -2, 2.. as 0, 1, 2, 3, 4..
std::uint32_t fold(std::int32_t value);

class TokenWriter {
public:
    /// @param offset of the first byte that is written, in the file
    TokenWriter(CodedSpace space, std::uint8_t profile, std::size_t offset = 0);

    void literal();
    void copy(std::uint32_t distance, std::uint32_t length);
    void raw(std::uint32_t size_bytes);
    void weights(const fr_weight_shape_t& shape, WeightCoding coding = {});
    void integers(std::uint32_t count);
    void floats(std::uint32_t count);
    /// `count` floats near those at the address `reference` times `factor` (bits of a float32).
    void products(std::uint32_t count, std::size_t reference, std::uint32_t factor);
    /// `count` integers near those at the address `reference` times `factor`.
    void scaled(std::uint32_t count, std::size_t reference, std::uint32_t factor);
    /// `count` words that differ from those `distance` bytes before as the word before did.
    void moved(std::uint32_t distance, std::uint32_t count);
    /// Ends with the checksum of the file.
    void finish();

    /// Address of the next byte.
    std::size_t position() const { return position_; }
    const base::Bytes& bytes() const { return encoder_.bytes(); }
    const ByteCoder& byte_coder() const { return byte_coder_; }
    const Distances& distances() const { return distances_; }
    std::uint32_t token_before() const { return token_before_; }
    double cost_bits() const { return encoder_.cost_bits(); }
    const fr_token_model_t& tokens() const { return tokens_; }

private:
    void adaptive(fr_context_t& context, std::uint32_t bit);
    void settling(std::uint32_t index, std::uint32_t bit, std::uint32_t slowest);
    void tree(fr_context_t* contexts, std::uint32_t count, std::uint32_t value);
    void number(fr_number_t which, std::uint32_t value);
    void begin_segment(fr_segment_kind_t kind);
    void count_of(std::uint32_t count);
    void back(std::uint32_t distance);
    void new_distance(std::uint32_t distance);
    void factor_of(std::uint32_t factor);
    std::uint32_t distance_to_word(std::uint32_t word) const;
    void reference_of(std::size_t reference, std::uint32_t factor);
    void weight_code(const fr_weight_shape_t& shape);
    void weight_rows(const fr_weight_shape_t& shape, WeightCoding coding);
    void palette(fr_weight_tensor_t& tensor);
    void weight(fr_weight_tensor_t& tensor);
    void coded_weight(std::uint32_t special_state, std::int32_t coded);
    void tail(std::int32_t coded);
    void float_value(std::uint32_t bits, std::uint32_t exponent_top);
    std::uint32_t alignment() const;

    CodedSpace space_;
    std::uint8_t profile_;
    std::size_t position_;
    RangeEncoder encoder_;
    fr_token_model_t tokens_{};
    ByteCoder byte_coder_;
    fr_weight_model_t weight_model_{};
    fr_weight_mixer_t weight_mixer_{};
    Distances distances_;
    std::uint32_t token_before_ = 0;
    std::uint32_t last_count_ = 0;
};

/// The shape of a region of weights; `old_distance` 0 for one told on its own.
fr_weight_shape_t shape_of(const Region& region, std::size_t old_distance);

}  // namespace frugal::model
