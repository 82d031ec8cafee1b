// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/bits.h"
#include "codec/segments.h"
#include "frugal/codec.h"

enum { TOKEN_LITERAL = 0, TOKEN_COPY_NEW = 1, TOKEN_COPY_REPEATED = 2 };

// ---- tokens: a literal byte, a copy, or the start of a segment

static void remember_distance(fr_decoder_t* decoder, uint32_t distance) {
    uint32_t* distances = decoder->distances;
    uint32_t index = 0;
    while (index < FR_DISTANCES - 1u && distances[index] != distance) {
        ++index;
    }
    for (; index > 0; --index) {
        distances[index] = distances[index - 1u];
    }
    distances[0] = distance;
}

// In a delta what was inserted or left out moves the place a copy comes from by a little.
static uint32_t new_distance(fr_decoder_t* decoder) {
    if (fr_bits_adaptive(decoder, &decoder->tokens.repeated_distance[0]) != 0) {
        return fr_distance_into_base(decoder->distances, decoder->produced) +
               fr_unfold(fr_bits_number(decoder, FR_NUMBER_COUNT));
    }
    return fr_bits_number(decoder, FR_NUMBER_DISTANCE) + 1u;
}

void fr_decoder_read_distance(fr_decoder_t* decoder) {
    const uint32_t repeated =
        fr_bits_adaptive(decoder, &decoder->tokens.is_repeated[decoder->token_before]);
    const uint32_t distance =
        repeated != 0
            ? decoder->distances[fr_bits_tree(decoder, decoder->tokens.repeated_distance, 2)]
            : new_distance(decoder);
    if (distance - 1u >= fr_decoder_address(decoder)) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_COPY_DISTANCE);
    }
    decoder->token_before = repeated != 0 ? TOKEN_COPY_REPEATED : TOKEN_COPY_NEW;
    remember_distance(decoder, distance);
}

void fr_decoder_begin_tokens(fr_decoder_t* decoder) {
    fr_byte_model_init((fr_byte_model_t*)decoder->config.memory);
    decoder->step = FR_STEP_TOKEN;
}

static void read_literal(fr_decoder_t* decoder) {
    fr_byte_model_t* model = (fr_byte_model_t*)decoder->config.memory;
    uint32_t node = 1;  // with the halves that are known behind it
    while (node < 256u) {
        fr_context_t* contexts = fr_byte_contexts(model, decoder->produced & 3u, node);
        node = node * 16u + fr_bits_tree(decoder, contexts, 4);
    }
    fr_decoder_emit(decoder, node);
    decoder->token_before = TOKEN_LITERAL;
}

static void read_token(fr_decoder_t* decoder) {
    fr_token_model_t* tokens = &decoder->tokens;
    const uint32_t before = decoder->token_before;
    if (fr_bits_adaptive(decoder, &tokens->is_other[before][decoder->produced & 3u]) == 0) {
        read_literal(decoder);
    } else if (fr_bits_adaptive(decoder, &tokens->is_segment[before]) == 0) {
        fr_decoder_read_distance(decoder);
        decoder->step = FR_STEP_COPY_LENGTH;
    } else {
        fr_segment_begin(decoder);
    }
}

static void read_copy_length(fr_decoder_t* decoder) {
    const uint32_t length = fr_bits_number(decoder, decoder->token_before == TOKEN_COPY_REPEATED
                                                        ? FR_NUMBER_LENGTH_REPEATED
                                                        : FR_NUMBER_LENGTH) -
                            fr_copy_overhang(decoder->produced);
    const uint32_t remaining = fr_decoder_remaining(decoder);
    if (length > remaining || length + FR_CODEC_COPY_MIN > remaining) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_COPY_LENGTH);
    }
    decoder->run = length + FR_CODEC_COPY_MIN;
    decoder->step = FR_STEP_COPY;
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static void copy_bytes(fr_decoder_t* decoder) {
    const uint32_t distance = decoder->distances[0];
    const uint32_t at = decoder->produced - decoder->call_start;
    // Not beyond what is there: a copy may overlap itself.
    const uint32_t room = smaller(decoder->call_capacity - at, distance);
    const uint32_t size = smaller(decoder->run, room);
    uint8_t* const bytes = decoder->call_output + at;
    fr_decoder_read(decoder, fr_decoder_address(decoder) - distance, bytes, size);
    for (uint32_t i = 0; i < size; ++i) {
        fr_decoder_emit(decoder, bytes[i]);
    }
    decoder->run -= size;
    if (decoder->run == 0) {
        decoder->step = FR_STEP_TOKEN;
    }
}

// ---- the stream's two ends

static void read_header(fr_decoder_t* decoder) {
    const fr_decoder_config_t* config = &decoder->config;
    fr_codec_header_t* header = &decoder->header;
    fr_decoder_fail(decoder,
                    fr_codec_check_header(decoder->input, config->decoded_size_max, header));
    decoder->profile = fr_profile_find(config->profiles, header->profile);
    if (decoder->profile == NULL) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_PROFILE);
    } else if (decoder->profile->memory_bytes > config->memory_bytes) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_RAM);
    } else if (decoder->received > header->stream_size) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_TRAILING);
    }
    decoder->input_used = FR_CODEC_HEADER_SIZE;
    decoder->step = FR_STEP_BEGIN;
}

static void check_base(fr_decoder_t* decoder) {
    const uint8_t* const digest = decoder->config.base_digest;
    uint32_t same = 0;
    while (digest != NULL && same < FR_CODEC_BASE_DIGEST_SIZE &&
           fr_bits_byte(decoder) == digest[same]) {
        ++same;
    }
    if (same < FR_CODEC_BASE_DIGEST_SIZE) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_BASE);
    }
}

static void begin_stream(fr_decoder_t* decoder) {
    if (decoder->header.has_base) {
        check_base(decoder);
    } else {
        decoder->config.base_size = 0;
    }
    decoder->checksum = FR_CHECKSUM_BEGIN;
    fr_distances_init(decoder->distances, decoder->config.base_size, decoder->header.decoded_size);
    fr_bits_begin(decoder);
    fr_token_model_init(&decoder->tokens);
    fr_decoder_begin_tokens(decoder);
}

static void end_stream(fr_decoder_t* decoder) {
    const uint32_t left = (uint32_t)decoder->input_held - decoder->input_used;
    if (decoder->received - left != decoder->header.stream_size) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_TRAILING);
    } else if (decoder->code != fr_checksum_end(decoder->checksum)) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_CHECKSUM);
    }
    decoder->step = FR_STEP_DONE;
}

static void run_step(fr_decoder_t* decoder) {
    switch (decoder->step) {
        case FR_STEP_HEADER:
            read_header(decoder);
            break;
        case FR_STEP_BEGIN:
            begin_stream(decoder);
            break;
        case FR_STEP_TOKEN:
            if (fr_decoder_remaining(decoder) == 0) {
                end_stream(decoder);
            } else {
                read_token(decoder);
            }
            break;
        case FR_STEP_COPY_LENGTH:
            read_copy_length(decoder);
            break;
        case FR_STEP_COPY:
            copy_bytes(decoder);
            break;
        default:
            fr_segment_step(decoder);
            break;
    }
}

// The most input a step can take: every bit of it as unlikely as the models allow.
static uint32_t step_need(uint32_t step) {
    switch (step) {
        case FR_STEP_COPY:
        case FR_STEP_ZERO_ROW:
            return 0;
        case FR_STEP_HEADER:
            return FR_CODEC_HEADER_SIZE;
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
    return held >= step_need(decoder->step) || decoder->received >= decoder->header.stream_size;
}

// ---- the interface

fr_status_t fr_decoder_init(fr_decoder_t* decoder, const fr_decoder_config_t* config) {
    memset(decoder, 0, sizeof(*decoder));
    decoder->config = *config;
    decoder->header.stream_size = UINT32_MAX;  // until its first step, FR_STEP_HEADER, knows
    const bool has_half_a_base = (config->read_base == NULL) != (config->base_digest == NULL);
    const bool is_usable = config->read_output != NULL && config->decoded_size_max != 0 &&
                           config->memory != NULL && config->profiles != NULL && !has_half_a_base;
    return is_usable ? FR_OK : FR_ERROR_ARGUMENT;
}

static fr_status_t status_of(const fr_decoder_t* decoder) {
    return fr_codec_fault_status((fr_codec_fault_t)decoder->fault);
}

fr_status_t fr_decoder_sink(fr_decoder_t* decoder, const uint8_t* input, size_t size,
                            size_t* taken) {
    const uint32_t used = decoder->input_used;
    const uint32_t held = decoder->input_held - used;
    memmove(decoder->input, decoder->input + used, held);
    decoder->input_used = 0;
    const size_t room = sizeof(decoder->input) - held;
    size_t count = size < room ? size : room;
    if (count > decoder->header.stream_size - decoder->received) {
        fr_decoder_fail(decoder, FR_CODEC_FAULT_TRAILING);
    }
    if (decoder->fault != FR_CODEC_FAULT_NONE) {
        count = 0;
    }
    if (count > 0) {
        memcpy(decoder->input + held, input, count);
    }
    decoder->input_held = (uint8_t)(held + count);
    decoder->received += (uint32_t)count;
    *taken = count;
    return status_of(decoder);
}

// What did not fit into the last call's buffer comes first.
static void begin_call(fr_decoder_t* decoder, uint8_t* output, size_t capacity) {
    const uint32_t waiting = decoder->pending_count;
    decoder->pending_count = 0;
    decoder->produced -= waiting;
    decoder->call_output = output;
    decoder->call_capacity = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
    decoder->call_start = decoder->produced;
    for (uint32_t i = 0; i < waiting; ++i) {
        fr_decoder_emit(decoder, decoder->pending[i]);
    }
}

static uint32_t given_in_call(const fr_decoder_t* decoder) {
    return decoder->produced - decoder->call_start - decoder->pending_count;
}

// The end of the stream is looked at even when the caller's buffer is full.
static bool can_step(const fr_decoder_t* decoder) {
    return decoder->pending_count == 0 && decoder->fault == FR_CODEC_FAULT_NONE &&
           decoder->step != FR_STEP_DONE && is_fed(decoder) &&
           (given_in_call(decoder) < decoder->call_capacity || fr_decoder_remaining(decoder) == 0);
}

fr_status_t fr_decoder_poll(fr_decoder_t* decoder, uint8_t* output, size_t capacity,
                            size_t* produced) {
    begin_call(decoder, output, capacity);
    uint32_t given = given_in_call(decoder);
    while (can_step(decoder)) {
        run_step(decoder);
        if (decoder->fault != FR_CODEC_FAULT_NONE) {
            decoder->pending_count = 0;
        } else {
            given = given_in_call(decoder);
        }
    }
    decoder->call_output = NULL;
    decoder->call_capacity = 0;
    *produced = given;
    return status_of(decoder);
}

fr_status_t fr_decoder_finish(fr_decoder_t* decoder) {
    const bool is_waiting = decoder->pending_count != 0 || decoder->step != FR_STEP_DONE;
    if (decoder->fault == FR_CODEC_FAULT_NONE && is_waiting) {
        if (decoder->pending_count != 0 || is_fed(decoder)) {
            return FR_ERROR_STATE;
        }
        decoder->fault = FR_CODEC_FAULT_TRUNCATED;
    }
    return status_of(decoder);
}

fr_codec_fault_t fr_decoder_fault(const fr_decoder_t* decoder) {
    return (fr_codec_fault_t)decoder->fault;
}
