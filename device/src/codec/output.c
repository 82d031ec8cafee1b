// SPDX-License-Identifier: Apache-2.0
// What a decoder puts out and reads back: one address space, the base and then the output.
#include <string.h>

#include "codec/segments.h"

void fr_decoder_fail(fr_decoder_t* decoder, fr_codec_fault_t fault) {
    if (decoder->fault == FR_CODEC_FAULT_NONE) {
        decoder->fault = (uint8_t)fault;
    }
}

// One after the other lie the base, what earlier calls put out, and what this one has.
void fr_decoder_read(void* context, uint32_t address, uint8_t* out, uint32_t size) {
    fr_decoder_t* decoder = context;
    const fr_decoder_config_t* config = &decoder->config;
    while (size > 0) {
        fr_codec_read_t read = config->read_base;
        uint32_t start = 0;
        uint32_t end = config->base_size;
        if (address >= end) {
            read = config->read_output;
            start = end;
            end += decoder->call_start;
        }
        if (address >= end) {
            memcpy(out, decoder->call_output + (address - end), size);
            return;
        }
        const uint32_t part = size < end - address ? size : end - address;
        if (read(config->context, address - start, out, part) != FR_OK) {
            fr_decoder_fail(decoder, FR_CODEC_FAULT_READ_BACK);
            memset(out, 0, size);
            return;
        }
        address += part;
        out += part;
        size -= part;
    }
}

uint32_t fr_decoder_word_at(fr_decoder_t* decoder, uint32_t address) {
    uint8_t bytes[4];
    fr_decoder_read(decoder, address, bytes, 4);
    return bytes[0] | ((uint32_t)bytes[1] << 8) | ((uint32_t)bytes[2] << 16) |
           ((uint32_t)bytes[3] << 24);
}

// The checksum is that of the bytes handed out.
void fr_decoder_emit(fr_decoder_t* decoder, uint32_t byte) {
    const uint32_t at = decoder->produced - decoder->call_start;
    ++decoder->produced;
    if (at >= decoder->call_capacity) {
        decoder->pending[decoder->pending_count++] = (uint8_t)byte;
        return;
    }
    decoder->call_output[at] = (uint8_t)byte;
    decoder->checksum = fr_checksum_add(decoder->checksum, (uint8_t)byte);
}

bool fr_decoder_has_room(const fr_decoder_t* decoder, uint32_t need) {
    return decoder->produced - decoder->call_start < decoder->call_capacity &&
           (uint32_t)decoder->input_held - decoder->input_used >= need;
}
