// SPDX-License-Identifier: Apache-2.0
// Profiles 1 and 2: the weights of a tensor row by row.
#include <string.h>

#include "codec/bits.h"
#include "codec/segments.h"
#include "codec/weight_steps.h"

#define WEIGHT_NEED 16u

static fr_weight_rows_t* rows_of(const fr_decoder_t* decoder) {
    return (fr_weight_rows_t*)decoder->config.memory;
}

// ---- what a tensor states about its values

static void begin_model(fr_decoder_t* decoder) {
    fr_weight_rows_t* rows = rows_of(decoder);
    rows->model.mixing = NULL;
    if (decoder->profile->attach != NULL) {
        decoder->profile->attach(decoder);
    }
    fr_weight_model_begin_tensor(&rows->model, &rows->tensor, decoder->parameter != 0);
    decoder->step = FR_STEP_ROW;
}

static void read_palette(fr_decoder_t* decoder) {
    fr_weight_tensor_begin(&rows_of(decoder)->tensor, fr_decoder_address(decoder), &decoder->shape,
                           decoder->profile->rows_kept);
    decoder->parameter = fr_bits_adaptive(decoder, &decoder->tokens.has_special);
    decoder->run = fr_bits_number(decoder, FR_NUMBER_COUNT);
    if (decoder->run > FR_PALETTE_MAX) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
    }
    decoder->step = FR_STEP_PALETTE_VALUE;
    if (decoder->run == 0) {
        begin_model(decoder);
    }
}

static void read_palette_value(fr_decoder_t* decoder) {
    fr_palette_t* palette = &rows_of(decoder)->tensor.palette;
    const uint32_t count = palette->count++;
    const uint32_t symbol =
        count == 0 ? fr_bits_plain(decoder, 8)
                   : fr_bits_ascending(decoder, (uint32_t)(palette->values[count - 1u] + 128));
    palette->values[count] = (int8_t)(symbol - 128u);
    palette->zero = (uint8_t)(palette->zero + (symbol < 128u ? 1u : 0u));
    if (--decoder->run == 0) {
        begin_model(decoder);
    }
}

// ---- one weight

// Finds the bin. This is where a decoder spends its time: what changes stays in registers.
static void read_bin(fr_decoder_t* decoder, fr_weight_model_t* model) {
    uint16_t* const probabilities = &model->probabilities[fr_weight_bit_bin(model, 0)];
    uint8_t* const counts = &model->counts[fr_weight_bit_bin(model, 0)];
    const int32_t centre = fr_weight_centre(model);
    const int32_t scale = model->bin_scale;
    int32_t low = model->low;
    int32_t high = model->high;
    uint32_t range = decoder->range;
    uint32_t code = decoder->code;
    uint32_t node = 1;
    do {
        const int32_t boundary = fr_weight_boundary(centre, scale, node);
        // Where nothing is on one side there is no decision.
        if (boundary >= high) {
            node *= 2u;
            continue;
        }
        if (boundary <= low) {
            node = node * 2u + 1u;
            continue;
        }
        const uint32_t shift = fr_settling_shift(&counts[node], FR_WEIGHT_SETTLED);
        const uint32_t probability = probabilities[node];
        const uint32_t bound = (range >> 16) * probability;
        uint16_t* const settled = &probabilities[node];
        uint32_t change = 0;
        node *= 2u;
        if (code < bound) {
            range = bound;
            low = boundary;
            change = (FR_SETTLING_MAX - probability) >> shift;
            ++node;
        } else {
            code -= bound;
            range -= bound;
            high = boundary;
            change = 0u - ((probability - FR_SETTLING_MIN) >> shift);
        }
        *settled = (uint16_t)(probability + change);
        while (range < FR_RANGE_MIN) {
            range <<= 8;
            code = (code << 8) | fr_bits_byte(decoder);
        }
    } while (node < FR_WEIGHT_BINS);
    model->low = low;
    model->high = high;
    decoder->range = range;
    decoder->code = code;
}

static bool read_tail(fr_decoder_t* decoder, fr_weight_model_t* model, int32_t* coded) {
    *coded = fr_weight_model_outermost(model);
    if (fr_bits_settling(decoder, model, fr_weight_bit_extreme(model), FR_WEIGHT_TAIL_SETTLED) !=
        0) {
        return true;
    }
    uint32_t node = 1;
    for (uint32_t i = 0; i < FR_WEIGHT_TAIL_BITS; ++i) {
        node = node * 2u + fr_bits_settling(decoder, model, fr_weight_bit_tail(model, node),
                                            FR_WEIGHT_TAIL_SETTLED);
    }
    const uint32_t length = node - (1u << FR_WEIGHT_TAIL_BITS);
    const int32_t distance = (int32_t)((1u << length) + fr_bits_plain(decoder, length)) - 1;
    *coded = model->high == model->highest ? model->low + distance : model->high - 1 - distance;
    return distance < model->high - model->low;
}

static uint32_t is_special(fr_decoder_t* decoder, fr_weight_model_t* model) {
    const uint32_t state = fr_weight_tensor_special_state(&rows_of(decoder)->tensor);
    return fr_bits_settling(decoder, model, fr_weight_bit_special(model, state), FR_WEIGHT_SETTLED);
}

static bool read_value(fr_decoder_t* decoder, fr_weight_model_t* model, int32_t* coded) {
    *coded = model->special;
    if (model->has_special && is_special(decoder, model) != 0) {
        // Rank 0 lies behind a palette of negative values only.
        return model->special < model->highest;
    }
    decoder->profile->read_bin(decoder, model);
    const uint32_t room = fr_weight_room(model);
    if (room == 0) {
        return read_tail(decoder, model, coded);
    }
    *coded = fr_weight_value(model, room == 1u ? 0 : fr_bits_uniform(decoder, room));
    return true;
}

// ---- rows

static void end_row(fr_decoder_t* decoder) {
    if (fr_weight_tensor_is_done(&rows_of(decoder)->tensor)) {
        fr_decoder_begin_tokens(decoder);
    } else {
        decoder->step = FR_STEP_ROW;
    }
}

static void read_row(fr_decoder_t* decoder) {
    if (fr_bits_adaptive(decoder, &decoder->tokens.zero_row) != 0) {
        decoder->run = decoder->shape.columns;
        decoder->step = FR_STEP_ZERO_ROW;
        return;
    }
    fr_weight_tensor_begin_row(&rows_of(decoder)->tensor);
    fr_weight_model_begin_row(&rows_of(decoder)->model);
    decoder->step = FR_STEP_WEIGHT;
}

static void emit_zero(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, 0);
    if (--decoder->run == 0) {
        fr_weight_tensor_skip_row(&rows_of(decoder)->tensor);
        end_row(decoder);
    }
}

static void read_weights(fr_decoder_t* decoder) {
    fr_weight_tensor_t* tensor = &rows_of(decoder)->tensor;
    fr_weight_model_t* model = &rows_of(decoder)->model;
    do {
        int32_t coded = 0;
        fr_weight_tensor_look(tensor, fr_decoder_read, decoder);
        fr_weight_model_begin(model, tensor);
        if (!read_value(decoder, model, &coded)) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_NUMBER);
            return;
        }
        fr_weight_model_end(model, tensor, coded);
        fr_decoder_emit(decoder, (uint32_t)fr_palette_value(&tensor->palette, coded));
        fr_weight_tensor_step(tensor, coded);
        if (tensor->column == 0) {
            end_row(decoder);
            break;
        }
    } while (fr_decoder_has_room(decoder, WEIGHT_NEED));
}

void fr_rows_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_PALETTE:
            read_palette(decoder);
            break;
        case FR_STEP_PALETTE_VALUE:
            read_palette_value(decoder);
            break;
        case FR_STEP_ROW:
            read_row(decoder);
            break;
        case FR_STEP_ZERO_ROW:
            emit_zero(decoder);
            break;
        default:
            read_weights(decoder);
            break;
    }
}

const fr_profile_t fr_profile_1 = {.memory_bytes = sizeof(fr_codec_memory_1_t),
                                   .number = 1,
                                   .first_step = FR_STEP_PALETTE,
                                   .rows_kept = FR_WEIGHT_ROWS_KEPT_BINS,
                                   .step = fr_rows_step,
                                   .attach = NULL,
                                   .read_bin = read_bin};
