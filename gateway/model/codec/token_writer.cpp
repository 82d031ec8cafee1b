// SPDX-License-Identifier: Apache-2.0
#include "model/codec/token_writer.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/assert.hpp"

namespace frugal::model {

namespace {

constexpr std::uint32_t kAfterLiteral = 0;
constexpr std::uint32_t kAfterNewCopy = 1;
constexpr std::uint32_t kAfterRepeatedCopy = 2;
constexpr std::uint32_t kMantissaLowBits = 20;

std::int64_t magnitude_of(std::int32_t value) {
    return std::abs(static_cast<std::int64_t>(value));
}

}  // namespace

std::uint32_t fold(std::int32_t value) {
    const auto bits = static_cast<std::uint32_t>(value);
    return value >= 0 ? bits * 2U : (0U - bits) * 2U - 1U;
}

Distances first_distances(CodedSpace space) {
    Distances distances{};
    fr_distances_init(distances.data(), static_cast<std::uint32_t>(space.base_size),
                      static_cast<std::uint32_t>(space.bytes.size() - space.base_size));
    return distances;
}

void remember(Distances& distances, std::uint32_t distance) {
    const auto known = std::find(distances.begin(), distances.end() - 1, distance);
    std::copy_backward(distances.begin(), known, known + 1);
    distances[0] = distance;
}

std::uint32_t known_distance(CodedSpace space, const Distances& distances, std::size_t address) {
    return space.base_size == 0
               ? 0
               : fr_distance_into_base(distances.data(),
                                       static_cast<std::uint32_t>(address - space.base_size));
}

bool is_told_from(std::uint32_t distance, std::uint32_t known) {
    const std::uint32_t folded = fold(static_cast<std::int32_t>(distance - known));
    return std::bit_width(folded + 1) < std::bit_width(distance);
}

TokenWriter::TokenWriter(CodedSpace space, std::uint8_t profile, std::size_t offset)
    : space_(space), profile_(profile), position_(space.base_size + offset) {
    fr_token_model_init(&tokens_);
    weight_model_.mixing = profile == 2 ? &fr_weight_mixing : nullptr;
    weight_model_.mixer = &weight_mixer_;
    distances_ = first_distances(space);
}

void TokenWriter::adaptive(fr_context_t& context, std::uint32_t bit) {
    encoder_.predicted(bit, fr_context_predict(&context));
    fr_context_update(&context, bit);
}

void TokenWriter::settling(std::uint32_t index, std::uint32_t bit, std::uint32_t slowest) {
    encoder_.predicted(bit, weight_model_.probabilities[index]);
    fr_weight_model_settle(&weight_model_, index, bit, slowest);
}

void TokenWriter::tree(fr_context_t* contexts, std::uint32_t count, std::uint32_t value) {
    std::uint32_t node = 1;
    for (std::uint32_t i = count; i > 0; --i) {
        const std::uint32_t bit = (value >> (i - 1)) & 1U;
        adaptive(contexts[node], bit);
        node = node * 2 + bit;
    }
}

void TokenWriter::number(fr_number_t which, std::uint32_t value) {
    FRUGAL_ASSERT(value <= FR_NUMBER_MAX);
    const std::uint32_t more = value + 1;
    const auto length = static_cast<std::uint32_t>(std::bit_width(more) - 1);
    const std::uint32_t length_class = std::min(length, FR_NUMBER_CLASS_ESCAPE);
    tree(tokens_.numbers[which].length, FR_NUMBER_CLASS_BITS, length_class);
    if (length_class == FR_NUMBER_CLASS_ESCAPE) {
        encoder_.plain(length - FR_NUMBER_CLASS_ESCAPE, 5);
    }
    std::uint32_t rest = length;
    if (rest > 0) {
        --rest;
        adaptive(tokens_.second[length_class], (more >> rest) & 1U);
    }
    const std::uint32_t modelled = which <= FR_NUMBER_DISTANCE ? std::min(rest, 2U) : 0;
    encoder_.plain(more >> modelled, rest - modelled);
    tree(tokens_.distance_low, modelled, more & ((1U << modelled) - 1));
}

std::uint32_t TokenWriter::alignment() const {
    return static_cast<std::uint32_t>((position_ - space_.base_size) & 3U);
}

void TokenWriter::literal() {
    adaptive(tokens_.is_other[token_before_][alignment()], 0);
    byte_coder_.code(encoder_, alignment(), space_.bytes[position_]);
    token_before_ = kAfterLiteral;
    ++position_;
}

void TokenWriter::copy(std::uint32_t distance, std::uint32_t length) {
    FRUGAL_ASSERT(distance > 0 && distance <= position_ && length >= FR_CODEC_COPY_MIN);
    adaptive(tokens_.is_other[token_before_][alignment()], 1);
    adaptive(tokens_.is_segment[token_before_], 0);
    back(distance);
    number(token_before_ == kAfterRepeatedCopy ? FR_NUMBER_LENGTH_REPEATED : FR_NUMBER_LENGTH,
           length - FR_CODEC_COPY_MIN + fr_copy_overhang(alignment()));
    position_ += length;
}

void TokenWriter::back(std::uint32_t distance) {
    const auto known = std::find(distances_.begin(), distances_.end(), distance);
    const bool is_repeated = known != distances_.end();
    adaptive(tokens_.is_repeated[token_before_], is_repeated ? 1 : 0);
    if (is_repeated) {
        tree(tokens_.repeated_distance, 2, static_cast<std::uint32_t>(known - distances_.begin()));
    } else {
        new_distance(distance);
    }
    remember(distances_, distance);
    token_before_ = is_repeated ? kAfterRepeatedCopy : kAfterNewCopy;
}

void TokenWriter::new_distance(std::uint32_t distance) {
    const std::uint32_t known = known_distance(space_, distances_, position_);
    const bool is_shift = is_told_from(distance, known);
    adaptive(tokens_.repeated_distance[0], is_shift ? 1 : 0);
    if (is_shift) {
        number(FR_NUMBER_COUNT, fold(static_cast<std::int32_t>(distance - known)));
    } else {
        number(FR_NUMBER_DISTANCE, distance - 1);
    }
}

void TokenWriter::begin_segment(fr_segment_kind_t kind) {
    adaptive(tokens_.is_other[token_before_][alignment()], 1);
    adaptive(tokens_.is_segment[token_before_], 1);
    tree(tokens_.segment_kind, 3, kind);
    token_before_ = kAfterLiteral;
}

void TokenWriter::count_of(std::uint32_t count) {
    adaptive(tokens_.same_count, count == last_count_ ? 1 : 0);
    if (count != last_count_) {
        number(FR_NUMBER_COUNT, count - 1);
    }
    last_count_ = count;
}

void TokenWriter::raw(std::uint32_t size_bytes) {
    begin_segment(FR_SEGMENT_RAW);
    number(FR_NUMBER_COUNT, size_bytes - 1);
    for (std::uint32_t i = 0; i < size_bytes; ++i) {
        encoder_.plain(space_.bytes[position_++], 8);
    }
}

void TokenWriter::integers(std::uint32_t count) {
    begin_segment(FR_SEGMENT_INTEGERS);
    count_of(count);
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        const std::uint32_t word = space_.word_at(position_);
        const bool is_negative = (word >> 31) != 0;
        const std::uint32_t magnitude = is_negative ? 0U - word : word;
        number(FR_NUMBER_INTEGER, magnitude);
        if (magnitude != 0) {
            adaptive(tokens_.negative[0], is_negative ? 1 : 0);
        }
    }
}

void TokenWriter::float_value(std::uint32_t bits, std::uint32_t exponent_top) {
    const std::uint32_t exponent = (bits >> 23) & 255U;
    const bool is_escape = exponent > exponent_top || exponent_top - exponent >= 15;
    tree(tokens_.exponent, 4, is_escape ? 15 : exponent_top - exponent);
    if (is_escape) {
        encoder_.plain(exponent, 8);
    }
    adaptive(tokens_.negative[1], bits >> 31);
    tree(tokens_.mantissa, 3, (bits >> kMantissaLowBits) & 7U);
    encoder_.plain(bits & ((1U << kMantissaLowBits) - 1), kMantissaLowBits);
}

void TokenWriter::floats(std::uint32_t count) {
    begin_segment(FR_SEGMENT_FLOATS);
    count_of(count);
    std::uint32_t exponent_top = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        exponent_top = std::max(exponent_top, (space_.word_at(position_ + 4U * i) >> 23) & 255U);
    }
    encoder_.plain(exponent_top, 8);
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        float_value(space_.word_at(position_), exponent_top);
    }
}

void TokenWriter::reference_of(std::size_t reference, std::uint32_t factor) {
    back(static_cast<std::uint32_t>(position_ - reference));
    const bool is_range = (factor & 0x7FFFFFFFU) == FR_CODEC_FACTOR_RANGE;
    const bool is_one = factor == FR_CODEC_FACTOR_ONE;
    tree(tokens_.factor, 2, is_one ? 3 : is_range ? factor >> 31 : 2);
    if (!is_range && !is_one) {
        factor_of(factor);
    }
}

std::uint32_t TokenWriter::distance_to_word(std::uint32_t word) const {
    for (std::size_t distance = 4; distance <= position_; distance += 4) {
        if (space_.reaches(position_, distance) && space_.word_at(position_ - distance) == word) {
            return static_cast<std::uint32_t>(distance);
        }
    }
    return 0;
}

void TokenWriter::factor_of(std::uint32_t factor) {
    if (factor == FR_CODEC_FACTOR_WHOLE) {
        return encoder_.plain(FR_FACTOR_WHOLE_RANGE, 2);
    }
    if ((factor & 255U) == 0) {
        encoder_.plain(FR_FACTOR_SHORT_BITS, 2);
        return encoder_.plain(factor >> 8, 24);
    }
    if (const std::uint32_t distance = distance_to_word(factor); distance != 0) {
        encoder_.plain(FR_FACTOR_EARLIER, 2);
        return number(FR_NUMBER_DISTANCE, distance - 1);
    }
    encoder_.plain(FR_FACTOR_WHOLE_BITS, 2);
    encoder_.plain(factor, 32);
}

void TokenWriter::products(std::uint32_t count, std::size_t reference, std::uint32_t factor) {
    begin_segment(FR_SEGMENT_PRODUCTS);
    count_of(count);
    reference_of(reference, factor);
    std::uint32_t near_before = 1;
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        std::uint32_t product = 0;
        const bool is_product =
            fr_float_multiply(space_.word_at(reference + 4U * i), factor, &product);
        FRUGAL_ASSERT(is_product);
        const std::uint32_t bits = space_.word_at(position_);
        const auto delta = static_cast<std::int32_t>(bits - product);
        const auto change = static_cast<std::int32_t>(bits - space_.word_at(reference + 4U * i));
        const bool is_old = reference + 4U * i < space_.base_size;
        const bool is_unchanged = is_old && magnitude_of(change) <= kProductDeltaMax;
        const bool is_scaled = magnitude_of(delta) <= kProductDeltaMax &&
                               (!is_unchanged || magnitude_of(delta) <= magnitude_of(change));
        adaptive(tokens_.is_near[near_before], is_scaled ? 1 : 0);
        near_before = is_scaled ? 1 : 0;
        if (!is_scaled && is_old) {
            adaptive(tokens_.factor[0], is_unchanged ? 1 : 0);
        }
        if (is_scaled || is_unchanged) {
            number(FR_NUMBER_DELTA, fold(is_scaled ? delta : change));
        } else {
            float_value(bits, (product >> 23) & 255U);
        }
    }
}

void TokenWriter::moved(std::uint32_t distance, std::uint32_t count) {
    begin_segment(FR_SEGMENT_MOVED);
    number(FR_NUMBER_COUNT, count - 1);
    back(distance);
    std::uint32_t near_before = 1;
    std::uint32_t difference = 0;
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        const std::uint32_t next = space_.word_at(position_) - space_.word_at(position_ - distance);
        const std::uint32_t is_same = next == difference ? 1 : 0;
        adaptive(tokens_.is_near[near_before], is_same);
        if (is_same == 0) {
            number(FR_NUMBER_INTEGER, fold(static_cast<std::int32_t>(next - difference)));
        }
        near_before = is_same;
        difference = next;
    }
}

void TokenWriter::finish() {
    std::uint32_t checksum = FR_CHECKSUM_BEGIN;
    for (const std::uint8_t byte : space_.bytes.subspan(space_.base_size)) {
        checksum = fr_checksum_add(checksum, byte);
    }
    encoder_.finish(fr_checksum_end(checksum));
}

void TokenWriter::scaled(std::uint32_t count, std::size_t reference, std::uint32_t factor) {
    begin_segment(FR_SEGMENT_SCALED);
    count_of(count);
    reference_of(reference, factor);
    std::uint32_t near_before = 1;
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        std::int32_t predicted = 0;
        const auto old = static_cast<std::int32_t>(space_.word_at(reference + 4U * i));
        const bool is_in_range = fr_float_scale_integer(old, factor, &predicted);
        FRUGAL_ASSERT(is_in_range);
        const std::uint32_t word = space_.word_at(position_);
        const auto delta = static_cast<std::int32_t>(word - static_cast<std::uint32_t>(predicted));
        const auto change = static_cast<std::int32_t>(word - static_cast<std::uint32_t>(old));
        const bool is_scaled = magnitude_of(delta) <= magnitude_of(change);
        adaptive(tokens_.is_near[near_before], is_scaled ? 1 : 0);
        near_before = is_scaled ? 1 : 0;
        number(FR_NUMBER_DELTA, fold(is_scaled ? delta : change));
    }
}

}  // namespace frugal::model
