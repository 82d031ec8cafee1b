// SPDX-License-Identifier: Apache-2.0
// What a decoder puts out and reads back: one address space, the base and then the output.
#include <string.h>

#include "codec/segments.h"

uint32_t fr_decoder_address(const fr_decoder_t* decoder) {
    return decoder->config.base_size + decoder->produced;
}

static fr_status_t read_part(fr_decoder_t* decoder, uint32_t address, uint8_t* out,
                             uint32_t* size) {
    const fr_decoder_config_t* config = &decoder->config;
    if (address < decoder->config.base_size) {
        const uint32_t left = decoder->config.base_size - address;
        *size = *size < left ? *size : left;
        return config->read_base(config->context, address, out, *size);
    }
    const uint32_t offset = address - decoder->config.base_size;
    if (offset < decoder->call_start) {
        const uint32_t left = decoder->call_start - offset;
        *size = *size < left ? *size : left;
        return config->read_output(config->context, offset, out, *size);
    }
    memcpy(out, decoder->call_output + (offset - decoder->call_start), *size);
    return FR_OK;
}

void fr_decoder_read(void* context, uint32_t address, uint8_t* out, uint32_t size) {
    fr_decoder_t* decoder = context;
    while (size > 0) {
        uint32_t part = size;
        if (read_part(decoder, address, out, &part) != FR_OK) {
            decoder->fault = FR_CODEC_FAULT_READ_BACK;
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

// CRC-32 (of Ethernet and zip), four bits at a time, over the bytes this call has put out.
void fr_decoder_sum_up(fr_decoder_t* decoder, uint32_t size) {
    static const uint32_t kSteps[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
        0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
        0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
    };
    uint32_t sum = decoder->checksum;
    for (uint32_t at = 0; at < size; ++at) {
        sum ^= decoder->call_output[at];
        sum = (sum >> 4) ^ kSteps[sum & 15u];
        sum = (sum >> 4) ^ kSteps[sum & 15u];
    }
    decoder->checksum = sum;
}

void fr_decoder_emit(fr_decoder_t* decoder, uint8_t byte) {
    const uint32_t at = decoder->produced - decoder->call_start;
    if (at < decoder->call_capacity) {
        decoder->call_output[at] = byte;
    } else {
        decoder->pending[decoder->pending_count++] = byte;
    }
    ++decoder->produced;
}

bool fr_decoder_has_room(const fr_decoder_t* decoder, uint32_t need) {
    return decoder->produced - decoder->call_start < decoder->call_capacity &&
           (uint32_t)decoder->input_held - decoder->input_used >= need;
}

uint32_t fr_decoder_remaining(const fr_decoder_t* decoder) {
    return decoder->header.decoded_size - decoder->produced;
}
