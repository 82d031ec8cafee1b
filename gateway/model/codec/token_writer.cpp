// SPDX-License-Identifier: Apache-2.0
#include "model/codec/token_writer.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace frugal::model {

namespace {

constexpr std::uint32_t kAfterLiteral = 0;
constexpr std::uint32_t kAfterNewCopy = 1;
constexpr std::uint32_t kAfterRepeatedCopy = 2;
constexpr std::uint32_t kMantissaLowBits = 20;

std::uint8_t read_file(void* context, std::uint32_t offset) {
    return (*static_cast<const base::ByteView*>(context))[offset];
}

}  // namespace

TokenWriter::TokenWriter(base::ByteView file) : file_(file) {
    fr_token_model_init(&tokens_);
    fr_byte_model_init(&byte_model_);
}

void TokenWriter::adaptive(fr_context_t& context, std::uint32_t bit) {
    encoder_.predicted(bit, fr_context_predict(&context));
    fr_context_update(&context, bit);
}

void TokenWriter::tree(fr_context_t* contexts, std::uint32_t count, std::uint32_t value) {
    std::uint32_t node = 1;
    for (std::uint32_t i = count; i > 0; --i) {
        const std::uint32_t bit = (value >> (i - 1)) & 1U;
        adaptive(contexts[node], bit);
        node = node * 2 + bit;
    }
}

void TokenWriter::number(fr_number_model_t& model, fr_context_t* low, std::uint32_t value) {
    FRUGAL_ASSERT(value <= FR_NUMBER_MAX);
    const std::uint32_t more = value + 1;
    const auto length = static_cast<std::uint32_t>(std::bit_width(more) - 1);
    const std::uint32_t length_class = std::min(length, FR_NUMBER_CLASS_ESCAPE);
    tree(model.length, FR_NUMBER_CLASS_BITS, length_class);
    if (length_class == FR_NUMBER_CLASS_ESCAPE) {
        encoder_.plain(length - FR_NUMBER_CLASS_ESCAPE, 5);
    }
    std::uint32_t rest = length;
    if (rest > 0) {
        --rest;
        adaptive(tokens_.second[length_class], (more >> rest) & 1U);
    }
    const std::uint32_t modelled = low == nullptr ? 0 : std::min(rest, 2U);
    encoder_.plain(more >> modelled, rest - modelled);
    if (modelled > 0) {
        tree(low, modelled, more & ((1U << modelled) - 1));
    }
}

std::uint8_t TokenWriter::byte_before(std::uint32_t distance) const {
    return position_ >= distance ? file_[position_ - distance] : 0;
}

std::uint32_t TokenWriter::word_at(std::size_t offset) const {
    return static_cast<std::uint32_t>(file_[offset]) |
           static_cast<std::uint32_t>(file_[offset + 1]) << 8 |
           static_cast<std::uint32_t>(file_[offset + 2]) << 16 |
           static_cast<std::uint32_t>(file_[offset + 3]) << 24;
}

void TokenWriter::literal() {
    adaptive(tokens_.is_other[token_before_][position_ & 3U], 0);
    const fr_byte_surroundings_t around = {byte_before(1), byte_before(4),
                                           byte_before(distances_[0]),
                                           static_cast<std::uint8_t>(position_ & 3U)};
    fr_byte_model_begin(&byte_model_, &around);
    for (int i = 7; i >= 0; --i) {
        const std::uint32_t bit = (file_[position_] >> i) & 1U;
        encoder_.predicted(bit, fr_byte_model_predict(&byte_model_));
        fr_byte_model_update(&byte_model_, bit);
    }
    token_before_ = kAfterLiteral;
    ++position_;
}

void TokenWriter::copy(std::uint32_t distance, std::uint32_t length) {
    FRUGAL_ASSERT(distance > 0 && distance <= position_ && length >= FR_CODEC_COPY_MIN);
    adaptive(tokens_.is_other[token_before_][position_ & 3U], 1);
    adaptive(tokens_.is_segment[token_before_], 0);
    const bool is_repeated = distance == distances_[0] || distance == distances_[1];
    adaptive(tokens_.is_repeated[token_before_], is_repeated ? 1 : 0);
    if (is_repeated) {
        adaptive(tokens_.is_second_distance, distance == distances_[0] ? 0 : 1);
    } else {
        number(tokens_.distance, tokens_.distance_low, distance - 1);
    }
    token_before_ = is_repeated ? kAfterRepeatedCopy : kAfterNewCopy;
    number(tokens_.length[is_repeated ? 1 : 0], nullptr, length - FR_CODEC_COPY_MIN);
    if (distance != distances_[0]) {
        distances_[1] = distances_[0];
        distances_[0] = distance;
    }
    position_ += length;
}

void TokenWriter::begin_segment(fr_segment_kind_t kind) {
    adaptive(tokens_.is_other[token_before_][position_ & 3U], 1);
    adaptive(tokens_.is_segment[token_before_], 1);
    tree(tokens_.segment_kind, 3, kind);
    token_before_ = kAfterLiteral;
    ++segments_;
}

void TokenWriter::count_of(std::uint32_t count) {
    adaptive(tokens_.same_count, count == last_count_ ? 1 : 0);
    if (count != last_count_) {
        number(tokens_.count, nullptr, count - 1);
    }
    last_count_ = count;
}

void TokenWriter::raw(std::uint32_t size_bytes) {
    begin_segment(FR_SEGMENT_RAW);
    number(tokens_.count, nullptr, size_bytes - 1);
    for (std::uint32_t i = 0; i < size_bytes; ++i) {
        encoder_.plain(file_[position_++], 8);
    }
}

void TokenWriter::weight(fr_weight_tensor_t& tensor) {
    fr_weight_surroundings_t around;
    fr_weight_tensor_look(&tensor, read_file, &file_, &around);
    fr_weight_model_begin(&weight_model_, &around);
    const std::uint32_t value = (file_[position_] + 128U) & 255U;
    for (int i = 7; i >= 0; --i) {
        const std::uint32_t bit = (value >> i) & 1U;
        encoder_.predicted(bit, fr_weight_model_predict(&weight_model_));
        fr_weight_model_update(&weight_model_, bit);
    }
    fr_weight_model_end(&weight_model_, &around);
    fr_weight_tensor_step(&tensor);
    ++position_;
}

void TokenWriter::weights(const Region& region) {
    begin_segment(FR_SEGMENT_WEIGHTS);
    number(tokens_.count, nullptr, region.rows - 1);
    number(tokens_.count, nullptr, region.columns - 1);
    number(tokens_.count, nullptr, region.near_distance);
    number(tokens_.count, nullptr, region.far_distance);
    fr_weight_tensor_t tensor;
    fr_weight_tensor_begin(&tensor, static_cast<std::uint32_t>(position_), region.rows,
                           region.columns, region.near_distance, region.far_distance);
    fr_weight_model_init(&weight_model_);
    while (!fr_weight_tensor_is_done(&tensor)) {
        const base::ByteView row = file_.subspan(position_, region.columns);
        const bool is_zero =
            std::all_of(row.begin(), row.end(), [](auto byte) { return byte == 0; });
        adaptive(tokens_.zero_row, is_zero ? 1 : 0);
        if (is_zero) {
            fr_weight_tensor_skip_row(&tensor);
            position_ += region.columns;
            continue;
        }
        fr_weight_model_begin_row(&weight_model_);
        for (std::uint32_t i = 0; i < region.columns; ++i) {
            weight(tensor);
        }
    }
    fr_byte_model_init(&byte_model_);
}

void TokenWriter::integers(std::uint32_t count) {
    begin_segment(FR_SEGMENT_INTEGERS);
    count_of(count);
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        const std::uint32_t word = word_at(position_);
        const bool is_negative = (word >> 31) != 0;
        const std::uint32_t magnitude = is_negative ? 0U - word : word;
        number(tokens_.integer, nullptr, magnitude);
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
        exponent_top = std::max(exponent_top, (word_at(position_ + 4U * i) >> 23) & 255U);
    }
    encoder_.plain(exponent_top, 8);
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        float_value(word_at(position_), exponent_top);
    }
}

void TokenWriter::products(std::uint32_t count, std::size_t reference, std::uint32_t factor) {
    begin_segment(FR_SEGMENT_PRODUCTS);
    count_of(count);
    number(tokens_.distance, tokens_.distance_low,
           static_cast<std::uint32_t>(position_ - reference - 1));
    const bool is_range = (factor & 0x7FFFFFFFU) == FR_CODEC_FACTOR_RANGE;
    tree(tokens_.factor, 2, is_range ? factor >> 31 : 2);
    if (!is_range) {
        encoder_.plain(factor, 32);
    }
    std::uint32_t near_before = 1;
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        std::uint32_t product = 0;
        const bool is_product = fr_float_multiply(word_at(reference + 4U * i), factor, &product);
        FRUGAL_ASSERT(is_product);
        const std::uint32_t bits = word_at(position_);
        const auto delta = static_cast<std::int32_t>(bits - product);
        const bool is_near = delta >= -kProductDeltaMax && delta <= kProductDeltaMax;
        adaptive(tokens_.is_near[near_before], is_near ? 1 : 0);
        if (is_near) {
            const std::int32_t folded = delta >= 0 ? delta * 2 : -delta * 2 - 1;
            number(tokens_.delta, nullptr, static_cast<std::uint32_t>(folded));
        } else {
            float_value(bits, (product >> 23) & 255U);
        }
        near_before = is_near ? 1 : 0;
    }
}

double region_cost_bits(base::ByteView file, const Region& region) {
    // The cost hardly depends on where the region lies, so it is written as if it came first.
    TokenWriter writer(file.subspan(region.offset, region.size_bytes));
    const auto count = static_cast<std::uint32_t>(region.size_bytes / 4);
    switch (region.kind) {
        case RegionKind::kWeights:
            writer.weights(region);
            break;
        case RegionKind::kIntegers:
            writer.integers(count);
            break;
        case RegionKind::kFloats:
            writer.floats(count);
            break;
    }
    return writer.cost_bits();
}

}  // namespace frugal::model
