// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/bits.h"
#include "codec/segments.h"
#include "frugal/codec.h"
#include "frugal/limits.h"

enum { TOKEN_LITERAL = 0, TOKEN_COPY_NEW = 1, TOKEN_COPY_REPEATED = 2 };

// ---- output

uint8_t fr_decoder_byte_at(fr_decoder_t* decoder, uint32_t offset) {
    if (offset >= decoder->call_start) {
        return decoder->call_output[offset - decoder->call_start];
    }
    uint8_t byte = 0;
    if (decoder->config.read_output(decoder->config.context, offset, &byte, 1) != FR_OK) {
        decoder->fault = FR_CODEC_FAULT_READ_BACK;
        return 0;
    }
    return byte;
}

void fr_decoder_emit(fr_decoder_t* decoder, uint8_t byte) {
    decoder->pending[decoder->pending_count++] = byte;
    ++decoder->produced;
}

uint32_t fr_decoder_remaining(const fr_decoder_t* decoder) {
    return decoder->header.decoded_size - decoder->produced;
}

// ---- tokens: a literal byte, a copy, or the start of a segment

static uint8_t byte_before(fr_decoder_t* decoder, uint32_t distance) {
    const uint32_t at = decoder->produced;
    return at >= distance ? fr_decoder_byte_at(decoder, at - distance) : 0;
}

static void read_literal(fr_decoder_t* decoder) {
    const fr_byte_surroundings_t around = {
        byte_before(decoder, 1),
        byte_before(decoder, 4),
        byte_before(decoder, decoder->distances[0]),
        (uint8_t)(decoder->produced & 3u),
    };
    fr_byte_model_t* model = &decoder->model.bytes;
    fr_byte_model_begin(model, &around);
    for (uint32_t i = 0; i < 8u; ++i) {
        fr_byte_model_update(model, fr_bits_predicted(decoder, fr_byte_model_predict(model)));
    }
    fr_decoder_emit(decoder, (uint8_t)model->node);
    decoder->token_before = TOKEN_LITERAL;
}

static fr_codec_fault_t read_distance(fr_decoder_t* decoder) {
    fr_token_model_t* tokens = &decoder->tokens;
    uint32_t distance = decoder->distances[0];
    if (fr_bits_adaptive(decoder, &tokens->is_repeated[decoder->token_before]) == 0) {
        if (!fr_bits_number(decoder, &tokens->distance, tokens->distance_low, &distance)) {
            return FR_CODEC_FAULT_NUMBER;
        }
        ++distance;
        decoder->token_before = TOKEN_COPY_NEW;
    } else {
        if (fr_bits_adaptive(decoder, &tokens->is_second_distance) != 0) {
            distance = decoder->distances[1];
        }
        decoder->token_before = TOKEN_COPY_REPEATED;
    }
    if (distance == 0 || distance > decoder->produced) {
        return FR_CODEC_FAULT_COPY_DISTANCE;
    }
    if (distance != decoder->distances[0]) {
        decoder->distances[1] = decoder->distances[0];
        decoder->distances[0] = distance;
    }
    decoder->step = FR_STEP_COPY_LENGTH;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t read_token(fr_decoder_t* decoder) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t before = decoder->token_before;
    if (fr_bits_adaptive(decoder, &tokens->is_other[before][decoder->produced & 3u]) == 0) {
        read_literal(decoder);
        return FR_CODEC_FAULT_NONE;
    }
    if (fr_bits_adaptive(decoder, &tokens->is_segment[before]) == 0) {
        return read_distance(decoder);
    }
    return fr_segment_begin(decoder);
}

static fr_codec_fault_t read_copy_length(fr_decoder_t* decoder) {
    const uint32_t which = decoder->token_before == TOKEN_COPY_REPEATED ? 1u : 0u;
    uint32_t length = 0;
    if (!fr_bits_number(decoder, &decoder->tokens.length[which], NULL, &length)) {
        return FR_CODEC_FAULT_NUMBER;
    }
    if (length > fr_decoder_remaining(decoder) ||
        length + FR_CODEC_COPY_MIN > fr_decoder_remaining(decoder)) {
        return FR_CODEC_FAULT_COPY_LENGTH;
    }
    decoder->run = length + FR_CODEC_COPY_MIN;
    decoder->step = FR_STEP_COPY;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t copy_byte(fr_decoder_t* decoder) {
    fr_decoder_emit(decoder, byte_before(decoder, decoder->distances[0]));
    if (--decoder->run == 0) {
        decoder->step = FR_STEP_TOKEN;
    }
    return FR_CODEC_FAULT_NONE;
}

// ---- the stream's two ends

static fr_codec_fault_t begin_stream(fr_decoder_t* decoder) {
    fr_codec_fault_t fault;
    const fr_status_t status =
        fr_codec_read_header(decoder->input, decoder->input_held, decoder->config.decoded_size_max,
                             &decoder->header, &fault);
    if (status != FR_OK) {
        return fault;
    }
    if (decoder->received > decoder->header.stream_size) {
        return FR_CODEC_FAULT_TRAILING;
    }
    decoder->input_used = FR_CODEC_HEADER_SIZE;
    decoder->consumed = FR_CODEC_HEADER_SIZE;
    fr_bits_begin(decoder);
    fr_token_model_init(&decoder->tokens);
    fr_byte_model_init(&decoder->model.bytes);
    decoder->step = FR_STEP_TOKEN;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t end_stream(fr_decoder_t* decoder) {
    decoder->step = FR_STEP_DONE;
    if (decoder->consumed != decoder->header.stream_size) {
        return FR_CODEC_FAULT_TRAILING;
    }
    if (decoder->segments != decoder->header.segment_count) {
        return FR_CODEC_FAULT_SEGMENT_COUNT;
    }
    return decoder->code == 0 ? FR_CODEC_FAULT_NONE : FR_CODEC_FAULT_FINAL_STATE;
}

static fr_codec_fault_t run_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_HEADER:
            return begin_stream(decoder);
        case FR_STEP_TOKEN:
            return fr_decoder_remaining(decoder) == 0 ? end_stream(decoder) : read_token(decoder);
        case FR_STEP_COPY_LENGTH:
            return read_copy_length(decoder);
        case FR_STEP_COPY:
            return copy_byte(decoder);
        default:
            return fr_segment_step(decoder);
    }
}

// A step never waits in its middle: it starts when all it can take is here or nothing follows.
static bool is_fed(const fr_decoder_t* decoder) {
    const uint32_t held = (uint32_t)decoder->input_held - decoder->input_used;
    if (decoder->step == FR_STEP_HEADER) {
        return held >= FR_CODEC_HEADER_SIZE + 4u;
    }
    return held >= FR_CODEC_ATOM_SIZE || decoder->received >= decoder->header.stream_size;
}

static void step_once(fr_decoder_t* decoder) {
    const fr_codec_fault_t fault = run_step(decoder);
    if (decoder->fault != FR_CODEC_FAULT_NONE) {
        decoder->pending_count = 0;  // the read back failed inside the step
    } else if (decoder->starved != 0) {
        decoder->fault = FR_CODEC_FAULT_TRUNCATED;
        decoder->pending_count = 0;
    } else {
        decoder->fault = (uint8_t)fault;
    }
}

// ---- the interface

fr_status_t fr_decoder_init(fr_decoder_t* decoder, const fr_decoder_config_t* config) {
    memset(decoder, 0, sizeof(*decoder));
    if (config->read_output == NULL || config->decoded_size_max == 0) {
        return FR_ERROR_ARGUMENT;
    }
    decoder->config = *config;
    decoder->step = FR_STEP_HEADER;
    decoder->distances[0] = 1;
    decoder->distances[1] = 1;
    return FR_OK;
}

fr_status_t fr_decoder_sink(fr_decoder_t* decoder, const uint8_t* input, size_t size,
                            size_t* taken) {
    *taken = 0;
    if (decoder->fault != FR_CODEC_FAULT_NONE) {
        return fr_codec_fault_status((fr_codec_fault_t)decoder->fault);
    }
    if (decoder->input_used > 0) {
        decoder->input_held = (uint8_t)(decoder->input_held - decoder->input_used);
        memmove(decoder->input, decoder->input + decoder->input_used, decoder->input_held);
        decoder->input_used = 0;
    }
    const size_t room = sizeof(decoder->input) - decoder->input_held;
    const size_t count = size < room ? size : room;
    if (decoder->step != FR_STEP_HEADER &&
        count > decoder->header.stream_size - decoder->received) {
        decoder->fault = FR_CODEC_FAULT_TRAILING;
        return fr_codec_fault_status(FR_CODEC_FAULT_TRAILING);
    }
    if (count > 0) {
        memcpy(decoder->input + decoder->input_held, input, count);
    }
    decoder->input_held = (uint8_t)(decoder->input_held + count);
    decoder->received += (uint32_t)count;
    *taken = count;
    return FR_OK;
}

static size_t give_pending(fr_decoder_t* decoder, uint8_t* output, size_t room) {
    size_t given = 0;
    while (given < room && decoder->pending_given < decoder->pending_count) {
        output[given++] = decoder->pending[decoder->pending_given++];
    }
    if (decoder->pending_given == decoder->pending_count) {
        decoder->pending_given = 0;
        decoder->pending_count = 0;
    }
    return given;
}

fr_status_t fr_decoder_poll(fr_decoder_t* decoder, uint8_t* output, size_t capacity,
                            size_t* produced) {
    decoder->call_output = output;
    decoder->call_start = decoder->produced - (decoder->pending_count - decoder->pending_given);
    size_t given = give_pending(decoder, output, capacity);
    while (decoder->pending_count == 0 && decoder->fault == FR_CODEC_FAULT_NONE &&
           decoder->step != FR_STEP_DONE && is_fed(decoder)) {
        // The end of the stream is looked at even when the caller's buffer is full.
        if (given == capacity && fr_decoder_remaining(decoder) != 0) {
            break;
        }
        step_once(decoder);
        given += give_pending(decoder, output + given, capacity - given);
    }
    decoder->call_output = NULL;
    *produced = given;
    return fr_codec_fault_status((fr_codec_fault_t)decoder->fault);
}

fr_status_t fr_decoder_finish(fr_decoder_t* decoder) {
    if (decoder->fault == FR_CODEC_FAULT_NONE && decoder->step != FR_STEP_DONE) {
        const bool is_waiting_for_poll = decoder->pending_count != 0 || is_fed(decoder);
        if (is_waiting_for_poll) {
            return FR_ERROR_STATE;
        }
        decoder->fault = FR_CODEC_FAULT_TRUNCATED;
    }
    if (decoder->pending_count != 0) {
        return FR_ERROR_STATE;
    }
    return fr_codec_fault_status((fr_codec_fault_t)decoder->fault);
}

fr_codec_fault_t fr_decoder_fault(const fr_decoder_t* decoder) {
    return (fr_codec_fault_t)decoder->fault;
}
