// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/bits.h"
#include "codec/segments.h"
#include "frugal/codec.h"
#include "frugal/limits.h"

#define COPY_PIECE 16u

enum { TOKEN_LITERAL = 0, TOKEN_COPY_NEW = 1, TOKEN_COPY_REPEATED = 2 };

// ---- tokens: a literal byte, a copy, or the start of a segment

static uint32_t repeated_distance(fr_decoder_t* decoder) {
    fr_context_t* contexts = decoder->tokens.repeated_distance;
    if (fr_bits_adaptive(decoder, &contexts[1]) == 0) {
        return decoder->distances[0];
    }
    return decoder->distances[1u + fr_bits_adaptive(decoder, &contexts[2])];
}

static void remember_distance(fr_decoder_t* decoder, uint32_t distance) {
    uint32_t* distances = decoder->distances;
    if (distance == distances[0]) {
        return;
    }
    if (distance != distances[1]) {
        distances[2] = distances[1];
    }
    distances[1] = distances[0];
    distances[0] = distance;
}

// In a delta what was inserted or left out moves the place a copy comes from by a little.
static bool new_distance(fr_decoder_t* decoder, uint32_t* distance) {
    fr_token_model_t* tokens = &decoder->tokens;
    uint32_t number = 0;
    if (decoder->header.has_base && fr_bits_adaptive(decoder, &tokens->repeated_distance[0]) != 0) {
        const bool is_good = fr_bits_number(decoder, &tokens->count, NULL, &number);
        *distance = fr_distance_farthest(decoder->distances) + fr_unfold(number);
        return is_good;
    }
    const bool is_good = fr_bits_number(decoder, &tokens->distance, tokens->distance_low, &number);
    *distance = number + 1u;
    return is_good;
}

static fr_codec_fault_t read_distance(fr_decoder_t* decoder) {
    fr_token_model_t* tokens = &decoder->tokens;
    uint32_t distance = 0;
    if (fr_bits_adaptive(decoder, &tokens->is_repeated[decoder->token_before]) == 0) {
        if (!new_distance(decoder, &distance)) {
            return FR_CODEC_FAULT_NUMBER;
        }
        decoder->token_before = TOKEN_COPY_NEW;
    } else {
        distance = repeated_distance(decoder);
        decoder->token_before = TOKEN_COPY_REPEATED;
    }
    if (distance == 0 || distance > fr_decoder_address(decoder)) {
        return FR_CODEC_FAULT_COPY_DISTANCE;
    }
    remember_distance(decoder, distance);
    decoder->step = FR_STEP_COPY_LENGTH;
    return FR_CODEC_FAULT_NONE;
}

void fr_decoder_begin_bytes(fr_decoder_t* decoder) {
    fr_byte_model_init((fr_byte_model_t*)decoder->config.memory);
}

static void read_literal(fr_decoder_t* decoder) {
    fr_byte_model_t* model = (fr_byte_model_t*)decoder->config.memory;
    const uint32_t alignment = decoder->produced & 3u;
    const uint32_t high = fr_bits_tree(decoder, fr_byte_contexts(model, alignment, 1), 4);
    const uint32_t low = fr_bits_tree(decoder, fr_byte_contexts(model, alignment, 16u + high), 4);
    fr_decoder_emit(decoder, (uint8_t)(high * 16u + low));
}

static fr_codec_fault_t read_token(fr_decoder_t* decoder) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t before = decoder->token_before;
    if (fr_bits_adaptive(decoder, &tokens->is_other[before][decoder->produced & 3u]) == 0) {
        read_literal(decoder);
        decoder->token_before = TOKEN_LITERAL;
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

static fr_codec_fault_t copy_bytes(fr_decoder_t* decoder) {
    const uint32_t distance = decoder->distances[0];
    do {
        uint8_t bytes[COPY_PIECE];
        // Not beyond what is there: a copy may overlap itself.
        const uint32_t room = decoder->call_capacity - (decoder->produced - decoder->call_start);
        uint32_t size = decoder->run < distance ? decoder->run : distance;
        size = size < room ? size : room;
        size = size < COPY_PIECE ? size : COPY_PIECE;
        fr_decoder_read(decoder, fr_decoder_address(decoder) - distance, bytes, size);
        for (uint32_t i = 0; i < size; ++i) {
            fr_decoder_emit(decoder, bytes[i]);
        }
        decoder->run -= size;
    } while (decoder->run != 0 && fr_decoder_has_room(decoder, 0));
    if (decoder->run == 0) {
        decoder->step = FR_STEP_TOKEN;
    }
    return FR_CODEC_FAULT_NONE;
}

// ---- the stream's two ends

static fr_codec_fault_t check_config(fr_decoder_t* decoder) {
    const fr_decoder_config_t* config = &decoder->config;
    const fr_codec_header_t* header = &decoder->header;
    decoder->profile = fr_profile_find(config->profiles, header->profile);
    if (decoder->profile == NULL) {
        return FR_CODEC_FAULT_PROFILE;
    }
    if (decoder->profile->memory_bytes > config->memory_bytes) {
        return FR_CODEC_FAULT_RAM;
    }
    if (decoder->received > header->stream_size) {
        return FR_CODEC_FAULT_TRAILING;
    }
    if (header->has_base) {
        const uint8_t* wanted = decoder->input + FR_CODEC_HEADER_SIZE;
        const bool is_here = config->read_base != NULL && config->base_digest != NULL &&
                             memcmp(config->base_digest, wanted, FR_CODEC_BASE_DIGEST_SIZE) == 0;
        return is_here ? FR_CODEC_FAULT_NONE : FR_CODEC_FAULT_BASE;
    }
    decoder->config.base_size = 0;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t begin_stream(fr_decoder_t* decoder) {
    fr_codec_fault_t fault;
    const fr_status_t status =
        fr_codec_read_header(decoder->input, decoder->input_held, decoder->config.decoded_size_max,
                             &decoder->header, &fault);
    if (status != FR_OK) {
        return fault;
    }
    fault = check_config(decoder);
    if (fault != FR_CODEC_FAULT_NONE) {
        return fault;
    }
    decoder->input_used =
        decoder->header.has_base ? FR_CODEC_HEADER_SIZE_MAX : FR_CODEC_HEADER_SIZE;
    decoder->checksum = 0xFFFFFFFFu;
    fr_distances_init(decoder->distances, decoder->config.base_size, decoder->header.decoded_size);
    fr_bits_begin(decoder);
    fr_token_model_init(&decoder->tokens);
    fr_decoder_begin_bytes(decoder);
    decoder->step = FR_STEP_TOKEN;
    return FR_CODEC_FAULT_NONE;
}

static fr_codec_fault_t end_stream(fr_decoder_t* decoder) {
    decoder->step = FR_STEP_DONE;
    fr_decoder_sum_up(decoder, decoder->produced - decoder->call_start);
    const uint32_t left = (uint32_t)decoder->input_held - decoder->input_used;
    if (decoder->received - left != decoder->header.stream_size) {
        return FR_CODEC_FAULT_TRAILING;
    }
    if (decoder->code != 0) {
        return FR_CODEC_FAULT_FINAL_STATE;
    }
    return ~decoder->checksum == decoder->header.checksum ? FR_CODEC_FAULT_NONE
                                                          : FR_CODEC_FAULT_CHECKSUM;
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
            return copy_bytes(decoder);
        default:
            return fr_segment_step(decoder);
    }
}

// Enough to name what is wrong with a header, or to begin.
static uint32_t header_need(const fr_decoder_t* decoder) {
    const bool has_base = decoder->input_held > 4u && (decoder->input[4] & FR_CODEC_FLAG_BASE) != 0;
    return 4u + (has_base ? FR_CODEC_HEADER_SIZE_MAX : FR_CODEC_HEADER_SIZE);
}

// The most input a step can take: every bit of it as unlikely as the models allow.
static uint32_t step_need(uint32_t step) {
    switch (step) {
        case FR_STEP_COPY:
        case FR_STEP_ZERO_ROW:
            return 0;
        case FR_STEP_RAW:
        case FR_STEP_CODED:
            return 4;
        case FR_STEP_WEIGHT:
            return 16;
        default:
            return FR_CODEC_ATOM_SIZE;
    }
}

// A step never waits in its middle: it starts when all it can take is here or nothing follows.
static bool is_fed(const fr_decoder_t* decoder) {
    const uint32_t held = (uint32_t)decoder->input_held - decoder->input_used;
    if (decoder->step == FR_STEP_HEADER) {
        return held >= header_need(decoder);
    }
    return held >= step_need(decoder->step) || decoder->received >= decoder->header.stream_size;
}

static void step_once(fr_decoder_t* decoder) {
    const fr_codec_fault_t fault = run_step(decoder);
    if (decoder->fault != FR_CODEC_FAULT_NONE) {
        decoder->pending_count = 0;  // a byte was missing, or the read back failed, inside the step
    } else {
        decoder->fault = (uint8_t)fault;
    }
}

// ---- the interface

fr_status_t fr_decoder_init(fr_decoder_t* decoder, const fr_decoder_config_t* config) {
    memset(decoder, 0, sizeof(*decoder));
    const bool has_half_a_base = (config->read_base == NULL) != (config->base_digest == NULL);
    if (config->read_output == NULL || config->decoded_size_max == 0 || config->memory == NULL ||
        config->profiles == NULL || has_half_a_base) {
        return FR_ERROR_ARGUMENT;
    }
    decoder->config = *config;
    decoder->step = FR_STEP_HEADER;
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
    decoder->call_capacity = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
    decoder->call_start = decoder->produced - (decoder->pending_count - decoder->pending_given);
    size_t given = give_pending(decoder, output, capacity);
    while (decoder->pending_count == 0 && decoder->fault == FR_CODEC_FAULT_NONE &&
           decoder->step != FR_STEP_DONE && is_fed(decoder)) {
        // The end of the stream is looked at even when the caller's buffer is full.
        if (given == capacity && fr_decoder_remaining(decoder) != 0) {
            break;
        }
        step_once(decoder);
        if (decoder->fault == FR_CODEC_FAULT_NONE) {
            given = decoder->produced - decoder->call_start - decoder->pending_count;
        }
    }
    if (decoder->fault == FR_CODEC_FAULT_NONE && decoder->step != FR_STEP_DONE) {
        fr_decoder_sum_up(decoder, (uint32_t)given);
    }
    decoder->call_output = NULL;
    decoder->call_capacity = 0;
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
