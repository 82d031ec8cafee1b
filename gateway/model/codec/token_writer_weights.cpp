// SPDX-License-Identifier: Apache-2.0
// The segments of weights of a TokenWriter.
#include <algorithm>
#include <array>
#include <bit>

#include "base/assert.hpp"
#include "model/codec/huffman_code.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

namespace {

constexpr std::uint32_t kRowsKept[FR_CODEC_PROFILES] = {0, FR_WEIGHT_ROWS_KEPT_BINS,
                                                        FR_WEIGHT_ROWS_KEPT_MIXING};

void read_space(void* context, std::uint32_t address, std::uint8_t* out, std::uint32_t size) {
    const auto& space = *static_cast<const CodedSpace*>(context);
    std::copy_n(space.bytes.begin() + address, size, out);
}

}  // namespace

fr_weight_shape_t shape_of(const Region& region, std::size_t old_distance) {
    return {region.rows, region.columns, region.near_distance, region.far_distance,
            static_cast<std::uint32_t>(old_distance)};
}

void TokenWriter::tail(std::int32_t coded) {
    fr_weight_model_t& model = weight_model_;
    const bool is_outermost = coded == fr_weight_model_outermost(&model);
    settling(fr_weight_bit_extreme(&model), is_outermost ? 1 : 0, FR_WEIGHT_TAIL_SETTLED);
    if (is_outermost) {
        return;
    }
    const std::int32_t distance =
        model.high == model.highest ? coded - model.low : model.high - 1 - coded;
    const auto more = static_cast<std::uint32_t>(distance + 1);
    const auto length = static_cast<std::uint32_t>(std::bit_width(more) - 1);
    std::uint32_t node = 1;
    for (std::uint32_t i = FR_WEIGHT_TAIL_BITS; i-- > 0;) {
        const std::uint32_t bit = (length >> i) & 1U;
        settling(fr_weight_bit_tail(&model, node), bit, FR_WEIGHT_TAIL_SETTLED);
        node = node * 2 + bit;
    }
    encoder_.plain(more & ((1U << length) - 1), length);
}

void TokenWriter::coded_weight(std::uint32_t special_state, std::int32_t coded) {
    fr_weight_model_t& model = weight_model_;
    if (model.has_special) {
        const bool is_special = coded == model.special;
        settling(fr_weight_bit_special(&model, special_state), is_special ? 1 : 0,
                 FR_WEIGHT_SETTLED);
        if (is_special) {
            return;
        }
    }
    std::int32_t boundary = 0;
    while (fr_weight_model_next(&model, &boundary)) {
        const std::uint32_t bit = coded >= boundary ? 1 : 0;
        encoder_.predicted(bit, fr_weight_model_predict(&model, boundary));
        fr_weight_model_take(&model, boundary, bit);
    }
    const std::uint32_t room = fr_weight_model_room(&model);
    if (room == 0) {
        tail(coded);
    } else if (room > 1) {
        std::uint32_t index = 0;
        while (fr_weight_model_value(&model, index) != coded) {
            ++index;
        }
        encoder_.uniform(index, room);
    }
}

void TokenWriter::weight(fr_weight_tensor_t& tensor) {
    fr_weight_tensor_look(&tensor, read_space, &space_);
    fr_weight_model_begin(&weight_model_, &tensor);
    const std::int32_t coded =
        fr_palette_rank(&tensor.palette, static_cast<std::int8_t>(space_.bytes[position_]));
    coded_weight(fr_weight_tensor_special_state(&tensor), coded);
    fr_weight_model_end(&weight_model_, &tensor, coded);
    fr_weight_tensor_step(&tensor, coded);
    ++position_;
}

void TokenWriter::palette(fr_weight_tensor_t& tensor) {
    std::array<bool, 256> is_used{};
    const std::size_t size = static_cast<std::size_t>(tensor.shape.rows) * tensor.shape.columns;
    for (const std::uint8_t byte : space_.bytes.subspan(position_, size)) {
        is_used[byte ^ 128U] = true;
    }
    const auto count = static_cast<std::uint32_t>(std::count(is_used.begin(), is_used.end(), true));
    FRUGAL_ASSERT(count <= FR_PALETTE_MAX);
    number(FR_NUMBER_COUNT, count);
    fr_palette_t& palette = tensor.palette;
    std::uint32_t next = 0;
    for (std::uint32_t symbol = 0; symbol < is_used.size(); ++symbol) {
        if (!is_used[symbol]) {
            continue;
        }
        if (palette.count == 0) {
            encoder_.plain(symbol, 8);
        } else {
            number(FR_NUMBER_DELTA, symbol - next);
        }
        next = symbol + 1;
        palette.values[palette.count++] = static_cast<std::int8_t>(symbol ^ 128U);
        palette.zero = static_cast<std::uint8_t>(palette.zero + (symbol < 128 ? 1 : 0));
    }
}

void TokenWriter::weight_rows(const fr_weight_shape_t& shape, WeightCoding coding) {
    fr_weight_tensor_t tensor;
    fr_weight_tensor_begin(&tensor, static_cast<std::uint32_t>(position_), &shape,
                           kRowsKept[profile_]);
    adaptive(tokens_.has_special, coding.has_special ? 1 : 0);
    if (coding.has_palette) {
        palette(tensor);
    } else {
        number(FR_NUMBER_COUNT, 0);
    }
    fr_weight_model_begin_tensor(&weight_model_, &tensor, coding.has_special);
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
        fr_weight_tensor_begin_row(&tensor);
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
        number(FR_NUMBER_INTEGER, code->table.counts[length]);
    }
    std::uint32_t length_before = 0;
    for (std::uint32_t i = 0; i < code->symbol_count; ++i) {
        const std::uint32_t symbol = code->table.symbols[i];
        if (code->lengths[symbol] != length_before) {
            encoder_.plain(symbol, 8);
        } else {
            number(FR_NUMBER_DELTA, symbol - code->table.symbols[i - 1] - 1U);
        }
        length_before = code->lengths[symbol];
    }
    for (; position_ < end; ++position_) {
        const std::uint32_t symbol = symbol_at(position_);
        encoder_.plain(code->codes[symbol], code->lengths[symbol]);
    }
}

void TokenWriter::weights(const fr_weight_shape_t& shape, WeightCoding coding) {
    begin_segment(FR_SEGMENT_WEIGHTS);
    number(FR_NUMBER_COUNT, shape.rows - 1);
    number(FR_NUMBER_COUNT, shape.columns - 1);
    number(FR_NUMBER_COUNT, shape.near_distance);
    number(FR_NUMBER_COUNT, shape.far_distance);
    number(FR_NUMBER_COUNT, shape.old_distance);
    if (profile_ == 0) {
        weight_code(shape);
    } else {
        weight_rows(shape, coding);
    }
    byte_coder_.reset();
}

}  // namespace frugal::model
