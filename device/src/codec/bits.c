// SPDX-License-Identifier: Apache-2.0
#include "codec/bits.h"

#include "codec/segments.h"

uint32_t fr_bits_byte(fr_decoder_t* decoder) {
    if (decoder->input_used == decoder->input_held) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_TRUNCATED);
        return 0;
    }
    return decoder->input[decoder->input_used++];
}

static void shift_in(fr_decoder_t* decoder) {
    do {
        decoder->range <<= 8;
        decoder->code = (decoder->code << 8) | fr_bits_byte(decoder);
    } while (decoder->range < FR_RANGE_MIN);
}

void fr_bits_begin(fr_decoder_t* decoder) {
    decoder->code = fr_bits_byte(decoder);
    decoder->range = 1;  // three bytes short of FR_RANGE_MIN
    shift_in(decoder);
    decoder->range = 0xFFFFFFFFu;
}

uint32_t fr_bits_predicted(fr_decoder_t* decoder, uint32_t probability) {
    const uint32_t bound = (decoder->range >> 16) * probability;
    uint32_t bit = 0;
    if (decoder->code < bound) {
        decoder->range = bound;
        bit = 1;
    } else {
        decoder->code -= bound;
        decoder->range -= bound;
    }
    if (decoder->range < FR_RANGE_MIN) {
        shift_in(decoder);
    }
    return bit;
}

uint32_t fr_bits_adaptive(fr_decoder_t* decoder, fr_context_t* context) {
    const uint32_t bit = fr_bits_predicted(decoder, fr_context_predict(context));
    fr_context_update(context, bit);
    return bit;
}

uint32_t fr_bits_plain(fr_decoder_t* decoder, uint32_t count) {
    uint32_t value = 0;
    for (; count > 0; --count) {
        decoder->range >>= 1;
        value <<= 1;
        if (decoder->code >= decoder->range) {
            decoder->code -= decoder->range;
            ++value;
        }
        if (decoder->range < FR_RANGE_MIN) {
            shift_in(decoder);
        }
    }
    return value;
}

uint32_t fr_bits_uniform(fr_decoder_t* decoder, uint32_t count) {
    decoder->range /= count;
    uint32_t value = decoder->code / decoder->range;
    if (value >= count) {
        value = count - 1u;
    }
    decoder->code -= value * decoder->range;
    if (decoder->range < FR_RANGE_MIN) {
        shift_in(decoder);
    }
    return value;
}

uint32_t fr_bits_settling(fr_decoder_t* decoder, fr_weight_model_t* model, uint32_t index,
                          uint32_t slowest) {
    const uint32_t bit = fr_bits_predicted(decoder, model->probabilities[index]);
    fr_weight_model_settle(model, index, bit, slowest);
    return bit;
}

uint32_t fr_bits_tree(fr_decoder_t* decoder, fr_context_t* contexts, uint32_t count) {
    uint32_t node = 1;
    for (uint32_t i = 0; i < count; ++i) {
        node = node * 2u + fr_bits_adaptive(decoder, &contexts[node]);
    }
    return node - (1u << count);
}

uint32_t fr_bits_number(fr_decoder_t* decoder, fr_number_t which) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t length_class =
        fr_bits_tree(decoder, tokens->numbers[which].length, FR_NUMBER_CLASS_BITS);
    uint32_t rest = length_class;
    if (length_class == FR_NUMBER_CLASS_ESCAPE) {
        rest += fr_bits_plain(decoder, 5);
    }
    if (rest > 31u) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_NUMBER);
        return 0;
    }
    uint32_t number = 1;
    if (rest > 0) {
        number = 2u + fr_bits_adaptive(decoder, &tokens->second[length_class]);
        --rest;
    }
    uint32_t modelled = 0;
    if (which <= FR_NUMBER_DISTANCE) {
        modelled = rest < 2u ? rest : 2u;
        rest -= modelled;
    }
    number = (number << rest) | fr_bits_plain(decoder, rest);
    number = (number << modelled) | fr_bits_tree(decoder, tokens->distance_low, modelled);
    return number - 1u;
}

uint32_t fr_bits_ascending(fr_decoder_t* decoder, uint32_t before) {
    const uint32_t more = fr_bits_number(decoder, FR_NUMBER_DELTA);
    if (more >= 255u - before) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_CODE);
    }
    return before + 1u + more;
}

uint32_t fr_bits_code(fr_decoder_t* decoder, const fr_huffman_t* huffman) {
    uint32_t range = decoder->range;
    uint32_t code = decoder->code;
    uint32_t bits = 0;   // read so far, less the first code of this length
    uint32_t index = 0;  // of the first symbol of this length
    uint32_t symbol = 256;
    for (uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        range >>= 1;
        bits *= 2u;
        if (code >= range) {
            code -= range;
            ++bits;
        }
        if (range < FR_RANGE_MIN) {
            range <<= 8;
            code = (code << 8) | fr_bits_byte(decoder);
        }
        const uint32_t count = huffman->counts[length];
        if (bits < count) {
            symbol = huffman->symbols[index + bits];
            break;
        }
        bits -= count;
        index += count;
    }
    decoder->range = range;
    decoder->code = code;
    return symbol;
}
