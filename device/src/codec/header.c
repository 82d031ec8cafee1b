// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/segments.h"
#include "frugal/limits.h"

#define MAGIC ((uint32_t)'F' | (uint32_t)'R' << 8)

static uint32_t load_24(const uint8_t* bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

static fr_codec_fault_t check_sizes(const fr_codec_header_t* header, uint32_t decoded_size_max) {
    if (header->decoded_size == 0) {
        return FR_CODEC_FAULT_DECODED_EMPTY;
    }
    if (header->decoded_size > decoded_size_max) {
        return FR_CODEC_FAULT_DECODED_SIZE;
    }
    if (header->stream_size < FR_CODEC_HEADER_SIZE + 4u ||
        header->stream_size > FR_ARTIFACT_SIZE_MAX) {
        return FR_CODEC_FAULT_STREAM_SIZE;
    }
    if (!header->has_base && header->decoded_size / FR_CODEC_EXPANSION_MAX > header->stream_size) {
        return FR_CODEC_FAULT_EXPANSION;
    }
    return FR_CODEC_FAULT_NONE;
}

fr_codec_fault_t fr_codec_check_header(const uint8_t* bytes, uint32_t decoded_size_max,
                                       fr_codec_header_t* header) {
    const uint32_t front = load_24(bytes);
    if ((front & 0xFFFFu) != MAGIC) {
        return FR_CODEC_FAULT_MAGIC;
    }
    if (front >> 20 != FR_CODEC_VERSION) {
        return FR_CODEC_FAULT_VERSION;
    }
    header->has_base = (bytes[2] & FR_CODEC_FLAG_BASE) != 0;
    header->profile = bytes[2] & (FR_CODEC_FLAG_BASE - 1u);
    header->decoded_size = load_24(bytes + 3);
    header->stream_size = load_24(bytes + 6);
    return check_sizes(header, decoded_size_max);
}

fr_status_t fr_codec_read_header(const uint8_t* bytes, size_t size, uint32_t decoded_size_max,
                                 fr_codec_header_t* header, fr_codec_fault_t* fault) {
    memset(header, 0, sizeof(*header));
    *fault = FR_CODEC_FAULT_TRUNCATED;
    if (size >= FR_CODEC_HEADER_SIZE) {
        *fault = fr_codec_check_header(bytes, decoded_size_max, header);
        if (header->profile >= FR_CODEC_PROFILES) {
            *fault = FR_CODEC_FAULT_PROFILE;
        } else if (header->has_base && size < FR_CODEC_HEADER_SIZE_MAX) {
            *fault = FR_CODEC_FAULT_TRUNCATED;
        }
    }
    return fr_codec_fault_status(*fault);
}

const fr_profile_t* fr_profile_find(const fr_profile_set_t* set, uint32_t number) {
    for (uint32_t i = 0; i < set->profile_count; ++i) {
        if (set->profiles[i]->number == number) {
            return set->profiles[i];
        }
    }
    return NULL;
}

uint32_t fr_profile_memory_bytes(const fr_profile_t* profile) {
    return profile->memory_bytes;
}

uint32_t fr_codec_ram_bytes(uint32_t profile) {
    static const uint32_t kBytes[FR_CODEC_PROFILES] = {FR_CODEC_RAM_BYTES_0, FR_CODEC_RAM_BYTES_1,
                                                       FR_CODEC_RAM_BYTES_2};
    return profile < FR_CODEC_PROFILES ? kBytes[profile] : 0;
}

fr_status_t fr_codec_fault_status(fr_codec_fault_t fault) {
    switch (fault) {
        case FR_CODEC_FAULT_NONE:
            return FR_OK;
        case FR_CODEC_FAULT_VERSION:
        case FR_CODEC_FAULT_PROFILE:
        case FR_CODEC_FAULT_BASE:
            return FR_ERROR_UNSUPPORTED;
        case FR_CODEC_FAULT_RAM:
        case FR_CODEC_FAULT_DECODED_SIZE:
            return FR_ERROR_NO_SPACE;
        case FR_CODEC_FAULT_EXPANSION:
            return FR_ERROR_LIMIT;
        case FR_CODEC_FAULT_TRUNCATED:
            return FR_ERROR_TRUNCATED;
        case FR_CODEC_FAULT_READ_BACK:
            return FR_ERROR_STORAGE;
        default:
            return FR_ERROR_MALFORMED;
    }
}

const char* fr_codec_fault_name(fr_codec_fault_t fault) {
    static const char* const kNames[] = {
        "none",          "magic",         "version",        "profile",     "decoder memory",
        "base",          "decoded empty", "decoded size",   "stream size", "expansion",
        "segment count", "truncated",     "trailing",       "number",      "copy distance",
        "copy length",   "segment kind",  "segment length", "dimensions",  "reference",
        "code",          "scale",         "checksum",       "read back",
    };
    const uint32_t index = (uint32_t)fault;
    return index < sizeof(kNames) / sizeof(kNames[0]) ? kNames[index] : "unknown";
}
