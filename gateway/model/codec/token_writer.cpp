// SPDX-License-Identifier: Apache-2.0
#include "model/codec/token_writer.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "model/codec/huffman_code.hpp"

namespace frugal::model {

namespace {

constexpr std::uint32_t kAfterLiteral = 0;
constexpr std::uint32_t kAfterNewCopy = 1;
constexpr std::uint32_t kAfterRepeatedCopy = 2;
constexpr std::uint32_t kMantissaLowBits = 20;

constexpr std::uint32_t kTailSettledShift = 6;
constexpr std::uint32_t kSettledShift = 7;

/// 0, -1, 1, -2, 2.. as 0, 1, 2, 3, 4..
std::uint32_t fold(std::int32_t value) {
    const auto bits = static_cast<std::uint32_t>(value);
    return value >= 0 ? bits * 2U : (0U - bits) * 2U - 1U;
}

void read_space(void* context, std::uint32_t address, std::uint8_t* out, std::uint32_t size) {
    const auto& space = *static_cast<const CodedSpace*>(context);
    std::copy_n(space.bytes.begin() + address, size, out);
}

}  // namespace

fr_weight_shape_t shape_of(const Region& region, std::size_t old_distance) {
    return {region.rows, region.columns, region.near_distance, region.far_distance,
            static_cast<std::uint32_t>(old_distance)};
}

TokenWriter::TokenWriter(CodedSpace space, std::uint8_t profile)
    : space_(space), profile_(profile), position_(space.base_size), byte_coder_(profile) {
    fr_token_model_init(&tokens_);
    fr_weight_model_init(&weight_model_);
    distances_.fill(1);
}

void TokenWriter::adaptive(fr_context_t& context, std::uint32_t bit) {
    encoder_.predicted(bit, fr_context_predict(&context));
    fr_context_update(&context, bit);
}

void TokenWriter::settling(std::uint16_t& probability, std::uint8_t& count, std::uint32_t bit,
                           std::uint32_t slowest) {
    encoder_.predicted(bit, probability);
    fr_settling_update(&probability, &count, bit, slowest);
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
    return position_ >= distance ? space_.bytes[position_ - distance] : 0;
}

std::uint32_t TokenWriter::alignment() const {
    return static_cast<std::uint32_t>((position_ - space_.base_size) & 3U);
}

std::uint32_t TokenWriter::word_at(std::size_t address) const {
    return static_cast<std::uint32_t>(space_.bytes[address]) |
           static_cast<std::uint32_t>(space_.bytes[address + 1]) << 8 |
           static_cast<std::uint32_t>(space_.bytes[address + 2]) << 16 |
           static_cast<std::uint32_t>(space_.bytes[address + 3]) << 24;
}

void TokenWriter::literal() {
    adaptive(tokens_.is_other[token_before_][alignment()], 0);
    const fr_byte_surroundings_t around = {byte_before(1), byte_before(4),
                                           byte_before(distances_[0]),
                                           static_cast<std::uint8_t>(alignment())};
    byte_coder_.code(encoder_, around, space_.bytes[position_]);
    token_before_ = kAfterLiteral;
    ++position_;
}

void TokenWriter::copy(std::uint32_t distance, std::uint32_t length) {
    FRUGAL_ASSERT(distance > 0 && distance <= position_ && length >= FR_CODEC_COPY_MIN);
    adaptive(tokens_.is_other[token_before_][alignment()], 1);
    adaptive(tokens_.is_segment[token_before_], 0);
    const auto known = std::find(distances_.begin(), distances_.end(), distance);
    const bool is_repeated = known != distances_.end();
    adaptive(tokens_.is_repeated[token_before_], is_repeated ? 1 : 0);
    if (is_repeated) {
        const auto index = static_cast<std::uint32_t>(known - distances_.begin());
        adaptive(tokens_.repeated_distance[1], index == 0 ? 0 : 1);
        if (index > 0) {
            adaptive(tokens_.repeated_distance[2], index - 1);
        }
        std::rotate(distances_.begin(), known, known + 1);
    } else {
        number(tokens_.distance, tokens_.distance_low, distance - 1);
        distances_ = {distance, distances_[0], distances_[1]};
    }
    token_before_ = is_repeated ? kAfterRepeatedCopy : kAfterNewCopy;
    number(tokens_.length[is_repeated ? 1 : 0], nullptr, length - FR_CODEC_COPY_MIN);
    position_ += length;
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
        number(tokens_.count, nullptr, count - 1);
    }
    last_count_ = count;
}

void TokenWriter::raw(std::uint32_t size_bytes) {
    begin_segment(FR_SEGMENT_RAW);
    number(tokens_.count, nullptr, size_bytes - 1);
    for (std::uint32_t i = 0; i < size_bytes; ++i) {
        encoder_.plain(space_.bytes[position_++], 8);
    }
}

void TokenWriter::tail(std::int32_t value) {
    const fr_bin_model_t& model = bin_model_;
    const std::int32_t distance = model.high == 128 ? value - model.low : model.high - 1 - value;
    const auto more = static_cast<std::uint32_t>(distance + 1);
    const auto length = static_cast<std::uint32_t>(std::bit_width(more) - 1);
    std::uint32_t node = 1;
    for (int i = 2; i >= 0; --i) {
        const std::uint32_t bit = (length >> i) & 1U;
        settling(bin_model_.tails[model.bin_class][node],
                 bin_model_.tail_counts[model.bin_class][node], bit, kTailSettledShift);
        node = node * 2 + bit;
    }
    encoder_.plain(more & ((1U << length) - 1), length);
}

void TokenWriter::binned_weight(const fr_weight_surroundings_t& around, std::int32_t value) {
    fr_bin_model_begin(&bin_model_, &around);
    fr_bin_model_t& model = bin_model_;
    const std::uint32_t state = around.special_state;
    const bool is_special = value == model.special;
    settling(model.specials[model.bin_class][state], model.special_counts[model.bin_class][state],
             is_special ? 1 : 0, kSettledShift);
    if (!is_special) {
        std::int32_t boundary = 0;
        while (fr_bin_model_next(&model, &boundary)) {
            const std::uint32_t bit = value >= boundary ? 1 : 0;
            encoder_.predicted(bit, model.bins[model.bucket][model.node]);
            fr_bin_model_take(&model, boundary, bit);
        }
        const std::uint32_t room = fr_bin_model_room(&model);
        if (room == 0) {
            tail(value);
        } else if (room > 1) {
            std::uint32_t index = 0;
            while (fr_bin_model_value(&model, index) != value) {
                ++index;
            }
            encoder_.uniform(index, room);
        }
    }
    fr_bin_model_end(&model, &around, value);
}

void TokenWriter::mixed_weight(const fr_weight_surroundings_t& around, std::int32_t value) {
    fr_weight_model_begin(&weight_model_, &around);
    const auto code = static_cast<std::uint32_t>(value + 128);
    for (int i = 7; i >= 0; --i) {
        const std::uint32_t bit = (code >> i) & 1U;
        encoder_.predicted(bit, fr_weight_model_predict(&weight_model_));
        fr_weight_model_update(&weight_model_, bit);
    }
    fr_weight_model_end(&weight_model_, &around);
}

void TokenWriter::weight(fr_weight_tensor_t& tensor) {
    fr_weight_surroundings_t around;
    fr_weight_tensor_look(&tensor, read_space, &space_, &around);
    const auto value = static_cast<std::int8_t>(space_.bytes[position_]);
    if (profile_ == 1) {
        binned_weight(around, value);
    } else {
        mixed_weight(around, value);
    }
    fr_weight_tensor_step(&tensor, value);
    ++position_;
}

void TokenWriter::weight_rows(const fr_weight_shape_t& shape) {
    fr_weight_tensor_t tensor;
    fr_weight_tensor_begin(&tensor, static_cast<std::uint32_t>(position_), &shape, profile_);
    fr_bin_model_init(&bin_model_, shape.old_distance != 0);
    fr_weight_model_begin_tensor(&weight_model_, &shape);
    while (!fr_weight_tensor_is_done(&tensor)) {
        const base::ByteView row = space_.bytes.subspan(position_, shape.columns);
        const bool is_zero =
            std::all_of(row.begin(), row.end(), [](auto byte) { return byte == 0; });
        adaptive(tokens_.zero_row, is_zero ? 1 : 0);
        if (is_zero) {
            fr_weight_tensor_skip_row(&tensor);
            position_ += shape.columns;
            continue;
        }
        fr_bin_model_begin_row(&bin_model_);
        fr_weight_model_begin_row(&weight_model_);
        for (std::uint32_t i = 0; i < shape.columns; ++i) {
            weight(tensor);
        }
    }
}

void TokenWriter::weight_code(const fr_weight_shape_t& shape) {
    const std::size_t end = position_ + static_cast<std::size_t>(shape.rows) * shape.columns;
    const auto symbol_at = [&](std::size_t at) {
        const std::uint32_t old =
            shape.old_distance == 0 ? 0 : space_.bytes[at - shape.old_distance];
        return (space_.bytes[at] - old + 128U) & 255U;
    };
    std::array<std::uint32_t, 256> frequencies{};
    for (std::size_t at = position_; at < end; ++at) {
        ++frequencies[symbol_at(at)];
    }
    const auto code = make_huffman_code(frequencies);
    FRUGAL_ASSERT(code);
    for (std::uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        number(tokens_.integer, nullptr, code->table.counts[length]);
    }
    std::uint32_t length_before = 0;
    for (std::uint32_t i = 0; i < code->symbol_count; ++i) {
        const std::uint32_t symbol = code->table.symbols[i];
        if (code->lengths[symbol] != length_before) {
            encoder_.plain(symbol, 8);
        } else {
            number(tokens_.delta, nullptr, symbol - code->table.symbols[i - 1] - 1U);
        }
        length_before = code->lengths[symbol];
    }
    for (; position_ < end; ++position_) {
        const std::uint32_t symbol = symbol_at(position_);
        encoder_.plain(code->codes[symbol], code->lengths[symbol]);
    }
}

void TokenWriter::weights(const fr_weight_shape_t& shape) {
    begin_segment(FR_SEGMENT_WEIGHTS);
    number(tokens_.count, nullptr, shape.rows - 1);
    number(tokens_.count, nullptr, shape.columns - 1);
    number(tokens_.count, nullptr, shape.near_distance);
    number(tokens_.count, nullptr, shape.far_distance);
    number(tokens_.count, nullptr, shape.old_distance);
    if (profile_ == 0) {
        weight_code(shape);
    } else {
        weight_rows(shape);
    }
    byte_coder_.after_tensor();
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

void TokenWriter::reference_of(std::size_t reference, std::uint32_t factor) {
    number(tokens_.distance, tokens_.distance_low,
           static_cast<std::uint32_t>(position_ - reference - 1));
    const bool is_range = (factor & 0x7FFFFFFFU) == FR_CODEC_FACTOR_RANGE;
    const bool is_one = factor == FR_CODEC_FACTOR_ONE;
    tree(tokens_.factor, 2, is_one ? 3 : is_range ? factor >> 31 : 2);
    if (!is_range && !is_one) {
        encoder_.plain(factor, 32);
    }
}

void TokenWriter::products(std::uint32_t count, std::size_t reference, std::uint32_t factor) {
    begin_segment(FR_SEGMENT_PRODUCTS);
    count_of(count);
    reference_of(reference, factor);
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
            number(tokens_.delta, nullptr, fold(delta));
        } else {
            float_value(bits, (product >> 23) & 255U);
        }
        near_before = is_near ? 1 : 0;
    }
}

void TokenWriter::scaled(std::uint32_t count, std::size_t reference, std::uint32_t factor) {
    begin_segment(FR_SEGMENT_SCALED);
    count_of(count);
    reference_of(reference, factor);
    for (std::uint32_t i = 0; i < count; ++i, position_ += 4) {
        std::int32_t predicted = 0;
        const auto old = static_cast<std::int32_t>(word_at(reference + 4U * i));
        const bool is_scaled = fr_float_scale_integer(old, factor, &predicted);
        FRUGAL_ASSERT(is_scaled);
        const auto delta =
            static_cast<std::int32_t>(word_at(position_) - static_cast<std::uint32_t>(predicted));
        number(tokens_.delta, nullptr, fold(delta));
    }
}

}  // namespace frugal::model
