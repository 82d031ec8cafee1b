// SPDX-License-Identifier: Apache-2.0
// Profile 0: the weights of a tensor by a canonical Huffman code.
#include "codec/bits.h"
#include "codec/segments.h"

#define CODED_NEED 4u

static fr_huffman_t* code_of(const fr_decoder_t* decoder) {
    return &((fr_codec_memory_0_t*)decoder->config.memory)->code;
}

static void read_code_counts(fr_decoder_t* decoder) {
    fr_huffman_t* code = code_of(decoder);
    for (uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        const uint32_t count = fr_bits_number(decoder, FR_NUMBER_INTEGER);
        if (count > 255u) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
        }
        code->counts[length] = (uint8_t)count;
    }
    if (!fr_huffman_is_complete(code, &decoder->parameter)) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
    }
    decoder->run = 0;
    decoder->step = FR_STEP_CODE_SYMBOLS;
}

static bool is_first_of_length(const fr_huffman_t* code, uint32_t index) {
    uint32_t first = 0;
    for (uint32_t length = 1; first < index; ++length) {
        first += code->counts[length];
    }
    return first == index;
}

// Symbols ascend within a length; a repeated one can only be of another length.
static void read_code_symbol(fr_decoder_t* decoder) {
    fr_huffman_t* code = code_of(decoder);
    const uint32_t index = decoder->run++;
    const uint32_t symbol = is_first_of_length(code, index)
                                ? fr_bits_plain(decoder, 8)
                                : fr_bits_ascending(decoder, code->symbols[index - 1u]);
    for (uint32_t i = 0; i < index; ++i) {
        if (code->symbols[i] == symbol) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
        }
    }
    code->symbols[index] = (uint8_t)symbol;
    if (decoder->run == decoder->parameter) {
        decoder->run = decoder->shape.rows * decoder->shape.columns;
        decoder->step = FR_STEP_CODED;
    }
}

static void read_coded(fr_decoder_t* decoder) {
    const uint32_t old_distance = decoder->shape.old_distance;
    do {
        const uint32_t symbol = fr_bits_code(decoder, code_of(decoder));
        if (symbol > 255u) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
        }
        uint8_t old = 0;
        if (old_distance != 0) {
            fr_decoder_read(decoder, fr_decoder_address(decoder) - old_distance, &old, 1);
        }
        fr_decoder_emit(decoder, symbol - 128u + old);
        if (--decoder->run == 0) {
            fr_decoder_begin_tokens(decoder);
            break;
        }
    } while (fr_decoder_has_room(decoder, CODED_NEED));
}

static void run_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_CODE_COUNTS:
            read_code_counts(decoder);
            break;
        case FR_STEP_CODE_SYMBOLS:
            read_code_symbol(decoder);
            break;
        default:
            read_coded(decoder);
            break;
    }
}

const fr_profile_t fr_profile_0 = {.memory_bytes = sizeof(fr_codec_memory_0_t),
                                   .number = 0,
                                   .first_step = FR_STEP_CODE_COUNTS,
                                   .rows_kept = 0,
                                   .step = run_step,
                                   .attach = NULL,
                                   .read_bin = NULL};
