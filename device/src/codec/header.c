// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/codec.h"
#include "frugal/limits.h"

static const uint8_t kMagic[3] = {'F', 'R', 'C'};

static uint16_t load_16(const uint8_t* bytes) {
    return (uint16_t)(bytes[0] | ((uint32_t)bytes[1] << 8));
}

static uint32_t load_32(const uint8_t* bytes) {
    return (uint32_t)load_16(bytes) | ((uint32_t)load_16(bytes + 2) << 16);
}

static fr_codec_fault_t check_header(const uint8_t* bytes, uint32_t decoded_size_max,
                                     fr_codec_header_t* header) {
    if (memcmp(bytes, kMagic, sizeof(kMagic)) != 0) {
        return FR_CODEC_FAULT_MAGIC;
    }
    if (bytes[3] != FR_CODEC_VERSION) {
        return FR_CODEC_FAULT_VERSION;
    }
    header->profile = bytes[4];
    if (header->profile != FR_CODEC_PROFILE || bytes[5] != 0) {
        return FR_CODEC_FAULT_PROFILE;
    }
    header->segment_count = load_16(bytes + 6);
    header->decoder_ram_bytes = load_16(bytes + 8);
    header->decoded_size = load_32(bytes + 10);
    header->stream_size = load_32(bytes + 14);
    if (header->decoder_ram_bytes > FR_CODEC_RAM_BYTES) {
        return FR_CODEC_FAULT_RAM;
    }
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
    if (header->decoded_size / FR_CODEC_EXPANSION_MAX > header->stream_size) {
        return FR_CODEC_FAULT_EXPANSION;
    }
    if (header->segment_count > FR_CODEC_SEGMENTS_MAX) {
        return FR_CODEC_FAULT_SEGMENT_COUNT;
    }
    return FR_CODEC_FAULT_NONE;
}

fr_status_t fr_codec_read_header(const uint8_t* bytes, size_t size, uint32_t decoded_size_max,
                                 fr_codec_header_t* header, fr_codec_fault_t* fault) {
    memset(header, 0, sizeof(*header));
    *fault = size < FR_CODEC_HEADER_SIZE ? FR_CODEC_FAULT_TRUNCATED
                                         : check_header(bytes, decoded_size_max, header);
    return fr_codec_fault_status(*fault);
}

fr_status_t fr_codec_fault_status(fr_codec_fault_t fault) {
    switch (fault) {
        case FR_CODEC_FAULT_NONE:
            return FR_OK;
        case FR_CODEC_FAULT_VERSION:
        case FR_CODEC_FAULT_PROFILE:
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
        "none",          "magic",          "version",     "profile",       "decoder memory",
        "decoded empty", "decoded size",   "stream size", "expansion",     "segment count",
        "truncated",     "trailing",       "number",      "copy distance", "copy length",
        "segment kind",  "segment length", "dimensions",  "reference",     "scale",
        "final state",   "read back",
    };
    const uint32_t index = (uint32_t)fault;
    return index < sizeof(kNames) / sizeof(kNames[0]) ? kNames[index] : "unknown";
}
