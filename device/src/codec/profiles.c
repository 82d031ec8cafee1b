// SPDX-License-Identifier: Apache-2.0
// What the profiles differ in: how a literal byte and a weight are coded.
#include "codec/bits.h"
#include "codec/segments.h"

static fr_codec_memory_0_t* memory_0(const fr_decoder_t* decoder) {
    return (fr_codec_memory_0_t*)decoder->config.memory;
}

static fr_codec_memory_1_t* memory_1(const fr_decoder_t* decoder) {
    return (fr_codec_memory_1_t*)decoder->config.memory;
}

static fr_codec_memory_2_t* memory_2(const fr_decoder_t* decoder) {
    return (fr_codec_memory_2_t*)decoder->config.memory;
}

// ---- bytes

static void begin_bytes(fr_decoder_t* decoder) {
    if (decoder->header.profile == 0) {
        fr_nibble_model_init(&memory_0(decoder)->bytes);
    } else if (decoder->header.profile == 1u) {
        fr_codec_memory_1_t* memory = memory_1(decoder);
        fr_byte_model_init(&memory->bytes.model, memory->bytes.slots, FR_CODEC_BYTE_SLOTS_1);
    }
}

void fr_profile_begin_stream(fr_decoder_t* decoder) {
    if (decoder->header.profile == 2u) {
        fr_codec_memory_2_t* memory = memory_2(decoder);
        fr_byte_model_init(&memory->bytes.model, memory->bytes.slots, FR_CODEC_BYTE_SLOTS_2);
        fr_weight_model_init(&memory->weights.model);
    } else {
        begin_bytes(decoder);
    }
}

static uint8_t byte_before(fr_decoder_t* decoder, uint32_t distance) {
    const uint32_t at = fr_decoder_address(decoder);
    uint8_t byte = 0;
    if (at >= distance) {
        fr_decoder_read(decoder, at - distance, &byte, 1);
    }
    return byte;
}

static uint8_t read_mixed_byte(fr_decoder_t* decoder, fr_byte_model_t* model) {
    const fr_byte_surroundings_t around = {
        byte_before(decoder, 1),
        byte_before(decoder, 4),
        byte_before(decoder, decoder->distances[0]),
        (uint8_t)(decoder->produced & 3u),
    };
    fr_byte_model_begin(model, &around);
    for (uint32_t i = 0; i < 8u; ++i) {
        fr_byte_model_update(model, fr_bits_predicted(decoder, fr_byte_model_predict(model)));
    }
    return (uint8_t)model->node;
}

uint8_t fr_profile_read_byte(fr_decoder_t* decoder) {
    if (decoder->header.profile == 2u) {
        return read_mixed_byte(decoder, &memory_2(decoder)->bytes.model);
    }
    if (decoder->header.profile == 1u) {
        return read_mixed_byte(decoder, &memory_1(decoder)->bytes.model);
    }
    fr_nibble_model_t* model = &memory_0(decoder)->bytes;
    const uint32_t alignment = decoder->produced & 3u;
    const uint32_t high = fr_bits_tree(decoder, fr_nibble_contexts(model, alignment, 1), 4);
    return (uint8_t)(high * 16u +
                     fr_bits_tree(decoder, fr_nibble_contexts(model, alignment, 16u + high), 4));
}

// ---- weights by a Huffman code

static fr_codec_fault_t read_code_counts(fr_decoder_t* decoder) {
    fr_huffman_t* code = &memory_0(decoder)->code;
    for (uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        uint32_t count = 0;
        if (!fr_bits_number(decoder, &decoder->tokens.integer, NULL, &count) || count > 255u) {
            return FR_CODEC_FAULT_CODE;
        }
        code->counts[length] = (uint8_t)count;
    }
    if (!fr_huffman_is_complete(code, &decoder->reference)) {
        return FR_CODEC_FAULT_CODE;
    }
    decoder->run = 0;
    decoder->step = FR_STEP_CODE_SYMBOLS;
    return FR_CODEC_FAULT_NONE;
}

static bool is_first_of_length(const fr_huffman_t* code, uint32_t index) {
    uint32_t first = 0;
    for (uint32_t length = 1; first < index; ++length) {
        first += code->counts[length];
    }
    return first == index;
}

// Symbols ascend within a length; a repeated one can only be of another length.
static fr_codec_fault_t read_code_symbol(fr_decoder_t* decoder) {
    fr_huffman_t* code = &memory_0(decoder)->code;
    const uint32_t index = decoder->run;
    uint32_t symbol = 0;
    if (is_first_of_length(code, index)) {
        symbol = fr_bits_plain(decoder, 8);
    } else if (!fr_bits_number(decoder, &decoder->tokens.delta, NULL, &symbol) || symbol > 255u) {
        return FR_CODEC_FAULT_CODE;
    } else {
        symbol += code->symbols[index - 1u] + 1u;
    }
    if (symbol > 255u) {
        return FR_CODEC_FAULT_CODE;
    }
    for (uint32_t i = 0; i < index; ++i) {
        if (code->symbols[i] == symbol) {
            return FR_CODEC_FAULT_CODE;
        }
    }
    code->symbols[index] = (uint8_t)symbol;
    if (++decoder->run == decoder->reference) {
        decoder->run = decoder->shape.rows * decoder->shape.columns;
        decoder->step = FR_STEP_CODED;
    }
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_coded(fr_decoder_t* decoder) {
    const uint32_t symbol = fr_bits_code(decoder, &memory_0(decoder)->code);
    if (symbol > 255u) {
        return FR_CODEC_FAULT_CODE;
    }
    uint32_t value = symbol - 128u;
    if (decoder->shape.old_distance != 0) {
        value += byte_before(decoder, decoder->shape.old_distance);
    }
    fr_decoder_emit(decoder, (uint8_t)value);
    if (--decoder->run == 0) {
        begin_bytes(decoder);
        decoder->step = FR_STEP_TOKEN;
    }
    return FR_CODEC_FAULT_NONE;
}

// ---- weights by row, profiles 1 and 2

static fr_weight_tensor_t* tensor_of(const fr_decoder_t* decoder) {
    return decoder->header.profile == 1u ? &memory_1(decoder)->weights.tensor
                                         : &memory_2(decoder)->weights.tensor;
}

void fr_profile_begin_tensor(fr_decoder_t* decoder) {
    if (decoder->header.profile == 0) {
        decoder->step = FR_STEP_CODE_COUNTS;
        return;
    }
    fr_weight_tensor_begin(tensor_of(decoder), fr_decoder_address(decoder), &decoder->shape,
                           decoder->header.profile);
    if (decoder->header.profile == 1u) {
        fr_bin_model_init(&memory_1(decoder)->weights.model, decoder->shape.old_distance != 0);
    } else {
        fr_weight_model_begin_tensor(&memory_2(decoder)->weights.model, &decoder->shape);
    }
    decoder->step = FR_STEP_ROW;
}

static void end_row(fr_decoder_t* decoder) {
    if (!fr_weight_tensor_is_done(tensor_of(decoder))) {
        decoder->step = FR_STEP_ROW;
        return;
    }
    if (decoder->header.profile == 1u) {
        begin_bytes(decoder);
    }
    decoder->step = FR_STEP_TOKEN;
}

static fr_codec_fault_t read_row(fr_decoder_t* decoder) {
    if (fr_bits_adaptive(decoder, &decoder->tokens.zero_row) != 0) {
        decoder->run = decoder->shape.columns;
        decoder->step = FR_STEP_ZERO_ROW;
        return FR_CODEC_FAULT_NONE;
    }
    if (decoder->header.profile == 1u) {
        fr_bin_model_begin_row(&memory_1(decoder)->weights.model);
    } else {
        fr_weight_model_begin_row(&memory_2(decoder)->weights.model);
    }
    decoder->step = FR_STEP_WEIGHT;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t emit_zero(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, 0);
    if (--decoder->run == 0) {
        fr_weight_tensor_skip_row(tensor_of(decoder));
        end_row(decoder);
    }
    return FR_CODEC_FAULT_NONE;
}

static int32_t read_mixed_value(fr_decoder_t* decoder, fr_weight_model_t* model,
                                const fr_weight_surroundings_t* around) {
    fr_weight_model_begin(model, around);
    for (uint32_t i = 0; i < 8u; ++i) {
        fr_weight_model_update(model, fr_bits_predicted(decoder, fr_weight_model_predict(model)));
    }
    return fr_weight_model_end(model, around);
}

static fr_codec_fault_t read_weight(fr_decoder_t* decoder) {
    fr_weight_tensor_t* tensor = tensor_of(decoder);
    fr_weight_surroundings_t around;
    int32_t value = 0;
    fr_weight_tensor_look(tensor, fr_decoder_read, decoder, &around);
    if (decoder->header.profile == 1u) {
        fr_bin_model_t* model = &memory_1(decoder)->weights.model;
        if (!fr_bins_read(decoder, model, &around, &value)) {
            return FR_CODEC_FAULT_NUMBER;
        }
    } else {
        value = read_mixed_value(decoder, &memory_2(decoder)->weights.model, &around);
    }
    fr_decoder_emit(decoder, (uint8_t)value);
    fr_weight_tensor_step(tensor, (int8_t)value);
    if (tensor->column == 0) {
        end_row(decoder);
    }
    return FR_CODEC_FAULT_NONE;
}

fr_codec_fault_t fr_profile_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_CODE_COUNTS:
            return read_code_counts(decoder);
        case FR_STEP_CODE_SYMBOLS:
            return read_code_symbol(decoder);
        case FR_STEP_CODED:
            return read_coded(decoder);
        case FR_STEP_ROW:
            return read_row(decoder);
        case FR_STEP_ZERO_ROW:
            return emit_zero(decoder);
        default:
            return read_weight(decoder);
    }
}
