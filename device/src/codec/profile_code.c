// SPDX-License-Identifier: Apache-2.0
// Profile 0: the weights of a tensor by a canonical Huffman code.
#include "codec/bits.h"
#include "codec/segments.h"

#define CODED_NEED 4u

static fr_huffman_t* code_of(const fr_decoder_t* decoder) {
    return &((fr_codec_memory_0_t*)decoder->config.memory)->code;
}

static void begin_tensor(fr_decoder_t* decoder) {
    decoder->step = FR_STEP_CODE_COUNTS;
}

static fr_codec_fault_t read_code_counts(fr_decoder_t* decoder) {
    fr_huffman_t* code = code_of(decoder);
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
    fr_huffman_t* code = code_of(decoder);
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
    do {
        const uint32_t symbol = fr_bits_code(decoder, code_of(decoder));
        if (symbol > 255u) {
            return FR_CODEC_FAULT_CODE;
        }
        uint32_t value = symbol - 128u;
        if (decoder->shape.old_distance != 0) {
            uint8_t old = 0;
            fr_decoder_read(decoder, fr_decoder_address(decoder) - decoder->shape.old_distance,
                            &old, 1);
            value += old;
        }
        fr_decoder_emit(decoder, (uint8_t)value);
        if (--decoder->run == 0) {
            fr_decoder_begin_bytes(decoder);
            decoder->step = FR_STEP_TOKEN;
            break;
        }
    } while (fr_decoder_has_room(decoder, CODED_NEED));
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t run_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_CODE_COUNTS:
            return read_code_counts(decoder);
        case FR_STEP_CODE_SYMBOLS:
            return read_code_symbol(decoder);
        default:
            return read_coded(decoder);
    }
}

const fr_profile_t fr_profile_0 = {.number = 0,
                                   .rows_kept = 0,
                                   .memory_bytes = sizeof(fr_codec_memory_0_t),
                                   .begin_tensor = begin_tensor,
                                   .step = run_step,
                                   .attach = NULL,
                                   .read_bin = NULL};
