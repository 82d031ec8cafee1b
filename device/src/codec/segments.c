// SPDX-License-Identifier: Apache-2.0
#include "codec/segments.h"

#include <string.h>

#include "codec/bits.h"
#include "frugal/limits.h"

#define FLOAT_LOW_BITS 20u
#define EXPONENT_ESCAPE 15u

fr_codec_fault_t fr_segment_begin(fr_decoder_t* decoder) {
    const uint32_t kind = fr_bits_tree(decoder, decoder->tokens.segment_kind, 3);
    if (kind > FR_SEGMENT_SCALED) {
        return FR_CODEC_FAULT_SEGMENT_KIND;
    }
    if (++decoder->segments > FR_CODEC_SEGMENTS_MAX) {
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

fr_codec_fault_t fr_weight_shape_judge(const fr_weight_shape_t* shape, uint32_t room,
                                       uint32_t address) {
    if (shape->rows > FR_WEIGHT_ROWS_MAX || shape->rows == 0 || shape->columns == 0 ||
        shape->columns > FR_WEIGHT_COLUMNS_MAX || shape->near_distance >= shape->columns ||
        shape->far_distance >= shape->columns || (uint64_t)shape->rows * shape->columns > room) {
        return FR_CODEC_FAULT_DIMENSIONS;
    }
    // The old tensor lies wholly before this one.
    return shape->old_distance != 0 && (shape->old_distance < shape->rows * shape->columns ||
                                        shape->old_distance > address)
               ? FR_CODEC_FAULT_REFERENCE
               : FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t begin_weights(fr_decoder_t* decoder) {
    const fr_codec_fault_t fault = fr_weight_shape_judge(
        &decoder->shape, fr_decoder_remaining(decoder), fr_decoder_address(decoder));
    if (fault != FR_CODEC_FAULT_NONE) {
        return fault;
    }
    decoder->profile->begin_tensor(decoder);
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_dimension(fr_decoder_t* decoder) {
    fr_weight_shape_t* shape = &decoder->shape;
    uint32_t* const fields[5] = {&shape->rows, &shape->columns, &shape->near_distance,
                                 &shape->far_distance, &shape->old_distance};
    const uint32_t index = (uint32_t)decoder->step - FR_STEP_DIMENSION_1;
    uint32_t number = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.count, NULL, &number)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    *fields[index] = number + (index < 2u ? 1u : 0u);
    ++decoder->step;
    return index == 4u && decoder->fault == FR_CODEC_FAULT_NONE ? begin_weights(decoder)
                                                                : FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_reference(fr_decoder_t* decoder) {
    uint32_t distance = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.distance, decoder->tokens.distance_low,
                        &distance)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    // The whole vector must lie before: its end is not behind this segment's start.
    if (distance >= fr_decoder_address(decoder) || distance + 1u < decoder->run * 4u) {
        return FR_CODEC_FAULT_REFERENCE;
    }
    decoder->reference = fr_decoder_address(decoder) - (distance + 1u);
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
            decoder->factor = FR_CODEC_FACTOR_ONE;
            break;
    }
    decoder->step = decoder->segment_kind == FR_SEGMENT_PRODUCTS ? FR_STEP_PRODUCT : FR_STEP_SCALED;
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

// Whether a value is near what the factor says.
static bool read_near(fr_decoder_t* decoder) {
    const uint32_t near = fr_bits_adaptive(decoder, &decoder->tokens.is_near[decoder->near_before]);
    decoder->near_before = (uint8_t)near;
    return near != 0;
}

// If it is not, it may be what it was in the base.
static bool read_unchanged(fr_decoder_t* decoder) {
    return decoder->reference < decoder->config.base_size &&
           fr_bits_adaptive(decoder, &decoder->tokens.factor[0]) != 0;
}

static fr_codec_fault_t read_product(fr_decoder_t* decoder) {
    uint32_t bits = 0;
    const uint32_t reference = fr_decoder_word_at(decoder, decoder->reference);
    if (!fr_float_multiply(reference, decoder->factor, &bits)) {
        return FR_CODEC_FAULT_SCALE;
    }
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    const bool is_scaled = read_near(decoder);
    if (is_scaled || read_unchanged(decoder)) {
        uint32_t folded = 0;
        if (!fr_bits_number(decoder, &decoder->tokens.delta, NULL, &folded)) {
            return FR_CODEC_FAULT_NUMBER;
        }
        bits = (is_scaled ? bits : reference) + fr_unfold(folded);
    } else {
        decoder->exponent_top = (uint8_t)(bits >> 23);
        fault = read_float(decoder, &bits);
    }
    decoder->reference += 4u;
    if (fault == FR_CODEC_FAULT_NONE) {
        emit_word(decoder, bits);
    }
    return fault;
}

static fr_codec_fault_t read_scaled(fr_decoder_t* decoder) {
    int32_t predicted = 0;
    const int32_t old = (int32_t)fr_decoder_word_at(decoder, decoder->reference);
    if (!fr_float_scale_integer(old, decoder->factor, &predicted)) {
        return FR_CODEC_FAULT_SCALE;
    }
    if (!read_near(decoder)) {
        predicted = old;
    }
    uint32_t folded = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.delta, NULL, &folded)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    decoder->reference += 4u;
    emit_word(decoder, (uint32_t)predicted + fr_unfold(folded));
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
        case FR_STEP_DIMENSION_5:
            return read_dimension(decoder);
        case FR_STEP_REFERENCE:
            return read_reference(decoder);
        case FR_STEP_FACTOR:
            return read_factor(decoder);
        case FR_STEP_RAW:
            return read_raw(decoder);
        case FR_STEP_INTEGER:
            return read_integer(decoder);
        case FR_STEP_FLOAT:
            return read_plain_float(decoder);
        case FR_STEP_PRODUCT:
            return read_product(decoder);
        case FR_STEP_SCALED:
            return read_scaled(decoder);
        default:
            return decoder->profile->step(decoder);
    }
}
