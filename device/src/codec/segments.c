// SPDX-License-Identifier: Apache-2.0
#include "codec/segments.h"

#include "codec/bits.h"

#define FLOAT_LOW_BITS 20u
#define EXPONENT_ESCAPE 15u

void fr_segment_begin(fr_decoder_t* decoder) {
    const uint32_t kind = fr_bits_tree(decoder, decoder->tokens.segment_kind, 3);
    if (kind > FR_SEGMENT_MOVED) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_SEGMENT_KIND);
    }
    if (++decoder->segments > FR_CODEC_SEGMENTS_MAX) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_SEGMENT_COUNT);
    }
    decoder->segment_kind = (uint8_t)kind;
    decoder->token_before = 0;
    decoder->run = 0;
    decoder->step = kind == FR_SEGMENT_WEIGHTS ? FR_STEP_DIMENSION : FR_STEP_COUNT;
}

// ---- what a segment states about itself

static void read_count(fr_decoder_t* decoder) {
    const uint32_t kind = decoder->segment_kind;
    uint32_t room = fr_decoder_remaining(decoder);
    if (kind != FR_SEGMENT_RAW) {
        room /= 4u;
    }
    if (kind == FR_SEGMENT_RAW || kind == FR_SEGMENT_MOVED) {
        decoder->run = fr_bits_number(decoder, FR_NUMBER_COUNT) + 1u;
    } else {
        if (fr_bits_adaptive(decoder, &decoder->tokens.same_count) == 0) {
            decoder->last_count = fr_bits_number(decoder, FR_NUMBER_COUNT) + 1u;
        }
        decoder->run = decoder->last_count;
    }
    if (decoder->run == 0 || decoder->run > room) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_SEGMENT_LENGTH);
    }
    decoder->near_before = 1;
    decoder->step = (uint8_t)(FR_STEP_RAW + kind);
    if (kind == FR_SEGMENT_FLOATS) {
        decoder->exponent_top = (uint8_t)fr_bits_plain(decoder, 8);
    } else if (kind >= FR_SEGMENT_PRODUCTS) {
        decoder->step = FR_STEP_REFERENCE;
    }
}

fr_codec_fault_t fr_weight_shape_judge(const fr_weight_shape_t* shape, uint32_t room,
                                       uint32_t address) {
    // Below 2^16 each, rows times columns fit 32 bits.
    if (shape->rows > FR_WEIGHT_ROWS_MAX || shape->rows == 0 || shape->columns == 0 ||
        shape->columns > FR_WEIGHT_COLUMNS_MAX || shape->near_distance >= shape->columns ||
        shape->far_distance >= shape->columns || shape->rows * shape->columns > room) {
        return FR_CODEC_FAULT_DIMENSIONS;
    }
    // The old tensor lies wholly before this one.
    return shape->old_distance != 0 && (shape->old_distance < shape->rows * shape->columns ||
                                        shape->old_distance > address)
               ? FR_CODEC_FAULT_REFERENCE
               : FR_CODEC_FAULT_NONE;
}

static void begin_weights(fr_decoder_t* decoder) {
    fr_decoder_fail(decoder, fr_weight_shape_judge(&decoder->shape, fr_decoder_remaining(decoder),
                                                   fr_decoder_address(decoder)));
    decoder->step = decoder->profile->first_step;
}

static void read_dimension(fr_decoder_t* decoder) {
    uint32_t* const numbers = (uint32_t*)&decoder->shape;
    const uint32_t index = decoder->run++;
    numbers[index] = fr_bits_number(decoder, FR_NUMBER_COUNT) + (index < 2u ? 1u : 0u);
    if (decoder->run == FR_WEIGHT_NUMBERS) {
        begin_weights(decoder);
    }
}

static void read_reference(fr_decoder_t* decoder) {
    const bool is_moved = decoder->segment_kind == FR_SEGMENT_MOVED;
    fr_decoder_read_distance(decoder);
    // The whole vector must lie before: its end is not behind this segment's start. Moved words may
    // follow from each other.
    if (decoder->distances[0] < (is_moved ? 4u : decoder->run * 4u)) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_REFERENCE);
    }
    decoder->parameter = 0;
    decoder->step = is_moved ? FR_STEP_MOVED : FR_STEP_FACTOR;
}

// One that is none of the common ones.
static uint32_t told_factor(fr_decoder_t* decoder) {
    const uint32_t form = fr_bits_plain(decoder, 2);
    if (form == FR_FACTOR_WHOLE_RANGE) {
        return FR_CODEC_FACTOR_WHOLE;
    }
    if (form == FR_FACTOR_EARLIER) {
        const uint32_t address = fr_decoder_address(decoder);
        const uint32_t distance = fr_bits_number(decoder, FR_NUMBER_DISTANCE) + 1u;
        // A reference, which is never shorter than a word, lies before: there is room for one.
        if (distance - 4u > address - 4u) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_REFERENCE);
            return 0;
        }
        return fr_decoder_word_at(decoder, address - distance);
    }
    return fr_bits_plain(decoder, 32u - 8u * form) << (8u * form);
}

static void read_factor(fr_decoder_t* decoder) {
    const uint32_t choice = fr_bits_tree(decoder, decoder->tokens.factor, 2);
    if (choice == 3u) {
        decoder->parameter = FR_CODEC_FACTOR_ONE;
    } else if (choice == 2u) {
        decoder->parameter = told_factor(decoder);
    } else {
        decoder->parameter = FR_CODEC_FACTOR_RANGE | choice << 31;  // or its negative
    }
    decoder->step = (uint8_t)(FR_STEP_RAW + decoder->segment_kind);
}

// ---- what a segment holds

static void end_item(fr_decoder_t* decoder) {
    if (--decoder->run == 0) {
        decoder->step = FR_STEP_TOKEN;
    }
}

static void emit_word(fr_decoder_t* decoder, uint32_t word) {
    for (uint32_t i = 0; i < 4u; ++i) {
        fr_decoder_emit(decoder, word);
        word >>= 8;
    }
    end_item(decoder);
}

static void read_raw(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, fr_bits_plain(decoder, 8));
    end_item(decoder);
}

static void read_integer(fr_decoder_t* decoder) {
    const uint32_t magnitude = fr_bits_number(decoder, FR_NUMBER_INTEGER);
    uint32_t negative = 0;
    if (magnitude != 0) {
        negative = fr_bits_adaptive(decoder, &decoder->tokens.negative[0]);
    }
    if (magnitude > 0x7FFFFFFFu + negative) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_NUMBER);
    }
    emit_word(decoder, negative != 0 ? 0u - magnitude : magnitude);
}

static uint32_t read_float(fr_decoder_t* decoder, uint32_t exponent_top) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t below = fr_bits_tree(decoder, tokens->exponent, 4);
    uint32_t exponent = exponent_top - below;
    if (below == EXPONENT_ESCAPE) {
        exponent = fr_bits_plain(decoder, 8);
    } else if (below > exponent_top) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_NUMBER);
    }
    const uint32_t negative = fr_bits_adaptive(decoder, &tokens->negative[1]);
    const uint32_t high = fr_bits_tree(decoder, tokens->mantissa, 3);
    const uint32_t low = fr_bits_plain(decoder, FLOAT_LOW_BITS);
    return (negative << 31) | (exponent << 23) | (high << FLOAT_LOW_BITS) | low;
}

// What a value near its reference is told from; false if it is told as it is.
static bool choose_near(fr_decoder_t* decoder, uint32_t scaled, uint32_t unscaled, uint32_t* near) {
    const uint32_t is_scaled =
        fr_bits_adaptive(decoder, &decoder->tokens.is_near[decoder->near_before]);
    decoder->near_before = (uint8_t)is_scaled;
    *near = is_scaled != 0 ? scaled : unscaled;
    if (is_scaled != 0 || decoder->segment_kind == FR_SEGMENT_SCALED) {
        return true;
    }
    // It may be what it was in the base.
    return fr_decoder_address(decoder) - decoder->distances[0] < decoder->config.base_size &&
           fr_bits_adaptive(decoder, &decoder->tokens.factor[0]) != 0;
}

static uint32_t reference_word(fr_decoder_t* decoder) {
    return fr_decoder_word_at(decoder, fr_decoder_address(decoder) - decoder->distances[0]);
}

// The parameter is what words differ by.
static void read_moved(fr_decoder_t* decoder) {
    const uint32_t is_same =
        fr_bits_adaptive(decoder, &decoder->tokens.is_near[decoder->near_before]);
    decoder->near_before = (uint8_t)is_same;
    if (is_same == 0) {
        decoder->parameter += fr_unfold(fr_bits_number(decoder, FR_NUMBER_INTEGER));
    }
    emit_word(decoder, reference_word(decoder) + decoder->parameter);
}

static void read_product(fr_decoder_t* decoder) {
    const uint32_t unscaled = reference_word(decoder);
    uint32_t scaled = 0;
    const bool is_scaled =
        decoder->segment_kind == FR_SEGMENT_SCALED
            ? fr_float_scale_integer((int32_t)unscaled, decoder->parameter, (int32_t*)&scaled)
            : fr_float_multiply(unscaled, decoder->parameter, &scaled);
    if (!is_scaled) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_SCALE);
    }
    uint32_t word = 0;
    if (choose_near(decoder, scaled, unscaled, &word)) {
        word += fr_unfold(fr_bits_number(decoder, FR_NUMBER_DELTA));
    } else {
        word = read_float(decoder, (scaled >> 23) & 255u);
    }
    emit_word(decoder, word);
}

void fr_segment_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_COUNT:
            read_count(decoder);
            break;
        case FR_STEP_DIMENSION:
            read_dimension(decoder);
            break;
        case FR_STEP_REFERENCE:
            read_reference(decoder);
            break;
        case FR_STEP_FACTOR:
            read_factor(decoder);
            break;
        case FR_STEP_RAW:
            read_raw(decoder);
            break;
        case FR_STEP_INTEGER:
            read_integer(decoder);
            break;
        case FR_STEP_FLOAT:
            emit_word(decoder, read_float(decoder, decoder->exponent_top));
            break;
        case FR_STEP_PRODUCT:
        case FR_STEP_SCALED:
            read_product(decoder);
            break;
        case FR_STEP_MOVED:
            read_moved(decoder);
            break;
        default:
            decoder->profile->step(decoder);
            break;
    }
}
