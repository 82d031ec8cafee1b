// SPDX-License-Identifier: Apache-2.0
#include "codec/segments.h"

#include <string.h>

#include "codec/bits.h"
#include "frugal/limits.h"

#define FLOAT_LOW_BITS 20u
#define EXPONENT_ESCAPE 15u

fr_codec_fault_t fr_segment_begin(fr_decoder_t* decoder) {
    const uint32_t kind = fr_bits_tree(decoder, decoder->tokens.segment_kind, 3);
    if (kind > FR_SEGMENT_PRODUCTS) {
        return FR_CODEC_FAULT_SEGMENT_KIND;
    }
    if (++decoder->segments > decoder->header.segment_count) {
        return FR_CODEC_FAULT_SEGMENT_COUNT;
    }
    decoder->segment_kind = (uint8_t)kind;
    decoder->token_before = 0;
    decoder->step = kind == FR_SEGMENT_WEIGHTS ? FR_STEP_DIMENSION_1 : FR_STEP_COUNT;
    return FR_CODEC_FAULT_NONE;
}

// ---- what a segment states about itself

static fr_codec_fault_t read_count(fr_decoder_t* decoder) {
    const bool is_raw = decoder->segment_kind == FR_SEGMENT_RAW;
    uint32_t count = decoder->last_count;
    if (is_raw || fr_bits_adaptive(decoder, &decoder->tokens.same_count) == 0) {
        if (!fr_bits_number(decoder, &decoder->tokens.count, NULL, &count)) {
            return FR_CODEC_FAULT_NUMBER;
        }
        ++count;
    }
    const uint32_t remaining = fr_decoder_remaining(decoder);
    if (count == 0 || count > (is_raw ? remaining : remaining / 4u)) {
        return FR_CODEC_FAULT_SEGMENT_LENGTH;
    }
    decoder->run = count;
    if (is_raw) {
        decoder->step = FR_STEP_RAW;
        return FR_CODEC_FAULT_NONE;
    }
    decoder->last_count = count;
    if (decoder->segment_kind == FR_SEGMENT_INTEGERS) {
        decoder->step = FR_STEP_INTEGER;
        return FR_CODEC_FAULT_NONE;
    }
    if (decoder->segment_kind == FR_SEGMENT_FLOATS) {
        decoder->exponent_top = (uint8_t)fr_bits_plain(decoder, 8);
        decoder->step = FR_STEP_FLOAT;
        return FR_CODEC_FAULT_NONE;
    }
    decoder->near_before = 1;
    decoder->step = FR_STEP_REFERENCE;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t begin_weights(fr_decoder_t* decoder) {
    const uint32_t rows = decoder->dimensions[0] + 1u;
    const uint32_t columns = decoder->dimensions[1] + 1u;
    const uint32_t near_distance = decoder->dimensions[2];
    const uint32_t far_distance = decoder->dimensions[3];
    if (rows == 0 || rows > FR_WEIGHT_ROWS_MAX || columns == 0 || columns > FR_WEIGHT_COLUMNS_MAX ||
        near_distance >= columns || far_distance >= columns ||
        (uint64_t)rows * columns > fr_decoder_remaining(decoder)) {
        return FR_CODEC_FAULT_DIMENSIONS;
    }
    fr_weight_tensor_begin(&decoder->tensor, decoder->produced, rows, columns, near_distance,
                           far_distance);
    fr_weight_model_init(&decoder->model.weights);
    decoder->step = FR_STEP_ROW;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_dimension(fr_decoder_t* decoder, uint32_t index) {
    if (!fr_bits_number(decoder, &decoder->tokens.count, NULL, &decoder->dimensions[index])) {
        return FR_CODEC_FAULT_NUMBER;
    }
    ++decoder->step;
    return index == 3u && decoder->starved == 0 ? begin_weights(decoder) : FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_reference(fr_decoder_t* decoder) {
    uint32_t distance = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.distance, decoder->tokens.distance_low,
                        &distance)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    // The whole vector must have been produced: its end is not behind this segment's start.
    if (distance >= decoder->produced || distance + 1u < decoder->run * 4u) {
        return FR_CODEC_FAULT_REFERENCE;
    }
    decoder->reference = decoder->produced - (distance + 1u);
    decoder->step = FR_STEP_FACTOR;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_factor(fr_decoder_t* decoder) {
    const uint32_t choice = fr_bits_tree(decoder, decoder->tokens.factor, 2);
    switch (choice) {
        case 0:
            decoder->factor = FR_CODEC_FACTOR_RANGE;
            break;
        case 1:
            decoder->factor = FR_CODEC_FACTOR_RANGE | 0x80000000u;
            break;
        case 2:
            decoder->factor = fr_bits_plain(decoder, 32);
            break;
        default:
            return FR_CODEC_FAULT_NUMBER;
    }
    decoder->step = FR_STEP_PRODUCT;
    return FR_CODEC_FAULT_NONE;
}

// ---- what a segment holds

static void end_item(fr_decoder_t* decoder) {
    if (--decoder->run == 0) {
        decoder->step = FR_STEP_TOKEN;
    }
}

static void emit_word(fr_decoder_t* decoder, uint32_t word) {
    for (uint32_t i = 0; i < 4u; ++i) {
        fr_decoder_emit(decoder, (uint8_t)(word >> (8u * i)));
    }
    end_item(decoder);
}

static fr_codec_fault_t read_raw(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, (uint8_t)fr_bits_plain(decoder, 8));
    end_item(decoder);
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_integer(fr_decoder_t* decoder) {
    uint32_t magnitude = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.integer, NULL, &magnitude)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    uint32_t negative = 0;
    if (magnitude != 0) {
        negative = fr_bits_adaptive(decoder, &decoder->tokens.negative[0]);
    }
    if (magnitude > 0x7FFFFFFFu + negative) {
        return FR_CODEC_FAULT_NUMBER;
    }
    emit_word(decoder, negative != 0 ? 0u - magnitude : magnitude);
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_float(fr_decoder_t* decoder, uint32_t* bits) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t below = fr_bits_tree(decoder, tokens->exponent, 4);
    uint32_t exponent = decoder->exponent_top;
    if (below == EXPONENT_ESCAPE) {
        exponent = fr_bits_plain(decoder, 8);
    } else if (below > exponent) {
        return FR_CODEC_FAULT_NUMBER;
    } else {
        exponent -= below;
    }
    const uint32_t negative = fr_bits_adaptive(decoder, &tokens->negative[1]);
    const uint32_t high = fr_bits_tree(decoder, tokens->mantissa, 3);
    const uint32_t low = fr_bits_plain(decoder, FLOAT_LOW_BITS);
    *bits = (negative << 31) | (exponent << 23) | (high << FLOAT_LOW_BITS) | low;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_plain_float(fr_decoder_t* decoder) {
    uint32_t bits = 0;
    const fr_codec_fault_t fault = read_float(decoder, &bits);
    if (fault == FR_CODEC_FAULT_NONE) {
        emit_word(decoder, bits);
    }
    return fault;
}

static fr_codec_fault_t read_product(fr_decoder_t* decoder) {
    uint32_t reference = 0;
    for (uint32_t i = 0; i < 4u; ++i) {
        reference |= (uint32_t)fr_decoder_byte_at(decoder, decoder->reference + i) << (8u * i);
    }
    uint32_t bits = 0;
    if (!fr_float_multiply(reference, decoder->factor, &bits)) {
        return FR_CODEC_FAULT_SCALE;
    }
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    const uint32_t near = fr_bits_adaptive(decoder, &decoder->tokens.is_near[decoder->near_before]);
    if (near != 0) {
        uint32_t folded = 0;
        if (!fr_bits_number(decoder, &decoder->tokens.delta, NULL, &folded)) {
            return FR_CODEC_FAULT_NUMBER;
        }
        bits += (folded & 1u) != 0 ? 0u - (folded / 2u + 1u) : folded / 2u;
    } else {
        decoder->exponent_top = (uint8_t)(bits >> 23);
        fault = read_float(decoder, &bits);
    }
    decoder->near_before = (uint8_t)near;
    decoder->reference += 4u;
    if (fault == FR_CODEC_FAULT_NONE) {
        emit_word(decoder, bits);
    }
    return fault;
}

// ---- weights

static uint8_t read_weight_byte(void* context, uint32_t offset) {
    return fr_decoder_byte_at((fr_decoder_t*)context, offset);
}

static void end_row(fr_decoder_t* decoder) {
    if (!fr_weight_tensor_is_done(&decoder->tensor)) {
        decoder->step = FR_STEP_ROW;
        return;
    }
    fr_byte_model_init(&decoder->model.bytes);
    decoder->step = FR_STEP_TOKEN;
}

static fr_codec_fault_t read_row(fr_decoder_t* decoder) {
    if (fr_bits_adaptive(decoder, &decoder->tokens.zero_row) != 0) {
        decoder->run = decoder->tensor.columns;
        decoder->step = FR_STEP_ZERO_ROW;
    } else {
        fr_weight_model_begin_row(&decoder->model.weights);
        decoder->step = FR_STEP_WEIGHT;
    }
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t emit_zero(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, 0);
    if (--decoder->run == 0) {
        fr_weight_tensor_skip_row(&decoder->tensor);
        end_row(decoder);
    }
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_weight(fr_decoder_t* decoder) {
    fr_weight_model_t* model = &decoder->model.weights;
    fr_weight_surroundings_t around;
    fr_weight_tensor_look(&decoder->tensor, read_weight_byte, decoder, &around);
    fr_weight_model_begin(model, &around);
    for (uint32_t i = 0; i < 8u; ++i) {
        fr_weight_model_update(model, fr_bits_predicted(decoder, fr_weight_model_predict(model)));
    }
    fr_decoder_emit(decoder, (uint8_t)fr_weight_model_end(model, &around));
    fr_weight_tensor_step(&decoder->tensor);
    if (decoder->tensor.column == 0) {
        end_row(decoder);
    }
    return FR_CODEC_FAULT_NONE;
}

fr_codec_fault_t fr_segment_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_COUNT:
            return read_count(decoder);
        case FR_STEP_DIMENSION_1:
        case FR_STEP_DIMENSION_2:
        case FR_STEP_DIMENSION_3:
        case FR_STEP_DIMENSION_4:
            return read_dimension(decoder, (uint32_t)decoder->step - FR_STEP_DIMENSION_1);
        case FR_STEP_REFERENCE:
            return read_reference(decoder);
        case FR_STEP_FACTOR:
            return read_factor(decoder);
        case FR_STEP_RAW:
            return read_raw(decoder);
        case FR_STEP_ROW:
            return read_row(decoder);
        case FR_STEP_WEIGHT:
            return read_weight(decoder);
        case FR_STEP_ZERO_ROW:
            return emit_zero(decoder);
        case FR_STEP_INTEGER:
            return read_integer(decoder);
        case FR_STEP_FLOAT:
            return read_plain_float(decoder);
        default:
            return read_product(decoder);
    }
}
