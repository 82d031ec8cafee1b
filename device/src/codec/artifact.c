// SPDX-License-Identifier: Apache-2.0
#include "frugal/artifact.h"

#include <string.h>

#include "frugal/sha256.h"

static bool is_block_size(uint32_t block_bytes) {
    return block_bytes >= FR_BLOCK_SIZE_MIN && block_bytes <= FR_BLOCK_SIZE_MAX &&
           (block_bytes & (block_bytes - 1u)) == 0;
}

static uint32_t divide_up(uint32_t value, uint32_t divisor) {
    return (value + divisor - 1u) / divisor;
}

fr_status_t fr_artifact_layout(uint32_t size_bytes, uint32_t block_bytes,
                               fr_artifact_layout_t* layout) {
    memset(layout, 0, sizeof(*layout));
    if (!is_block_size(block_bytes) || size_bytes > FR_ARTIFACT_SIZE_MAX) {
        return FR_ERROR_LIMIT;
    }
    const uint32_t block_count = divide_up(size_bytes, block_bytes);
    const bool has_list = size_bytes > FR_ARTIFACT_UNLISTED_MAX;
    const uint32_t list_bytes = has_list ? block_count * FR_BLOCK_DIGEST_SIZE : 0;
    if (size_bytes <= list_bytes ||
        (has_list && size_bytes - list_bytes <= FR_ARTIFACT_UNLISTED_MAX)) {
        return FR_ERROR_MALFORMED;
    }
    layout->size_bytes = size_bytes;
    layout->block_bytes = block_bytes;
    layout->block_count = block_count;
    layout->list_bytes = list_bytes;
    layout->first_bytes = has_list ? list_bytes : size_bytes;
    layout->first_blocks = divide_up(layout->first_bytes, block_bytes);
    layout->payload_bytes = size_bytes - list_bytes;
    return FR_OK;
}

fr_status_t fr_artifact_layout_of_payload(uint32_t payload_bytes, uint32_t block_bytes,
                                          fr_artifact_layout_t* layout) {
    memset(layout, 0, sizeof(*layout));
    if (!is_block_size(block_bytes) || payload_bytes > FR_ARTIFACT_SIZE_MAX) {
        return FR_ERROR_LIMIT;
    }
    if (payload_bytes <= FR_ARTIFACT_UNLISTED_MAX) {
        return fr_artifact_layout(payload_bytes, block_bytes, layout);
    }
    // Each block brings an entry of its own, so it carries block - entry bytes of payload.
    const uint32_t block_count = divide_up(payload_bytes, block_bytes - FR_BLOCK_DIGEST_SIZE);
    return fr_artifact_layout(payload_bytes + block_count * FR_BLOCK_DIGEST_SIZE, block_bytes,
                              layout);
}

uint32_t fr_artifact_block_bytes(const fr_artifact_layout_t* layout, uint32_t index) {
    if (index >= layout->block_count) {
        return 0;
    }
    const uint32_t rest = layout->size_bytes - index * layout->block_bytes;
    return rest < layout->block_bytes ? rest : layout->block_bytes;
}

uint32_t fr_artifact_list_part(const fr_artifact_layout_t* layout, uint32_t index) {
    const uint32_t size = fr_artifact_block_bytes(layout, index);
    if (size == 0 || index * layout->block_bytes >= layout->list_bytes) {
        return 0;
    }
    const uint32_t rest = layout->list_bytes - index * layout->block_bytes;
    return rest < size ? rest : size;
}

uint32_t fr_artifact_entry_offset(uint32_t index) {
    return index * FR_BLOCK_DIGEST_SIZE;
}

fr_status_t fr_artifact_verify_first(const uint8_t* first, uint32_t first_bytes,
                                     const uint8_t list_digest[FR_SHA256_SIZE]) {
    uint8_t digest[FR_SHA256_SIZE];
    fr_sha256(first, first_bytes, digest);
    return memcmp(digest, list_digest, sizeof(digest)) == 0 ? FR_OK : FR_ERROR_DIGEST;
}

fr_status_t fr_artifact_verify_block(const fr_artifact_layout_t* layout, uint32_t index,
                                     const uint8_t* block, uint32_t size,
                                     const uint8_t entry[FR_BLOCK_DIGEST_SIZE]) {
    if (size == 0 || size != fr_artifact_block_bytes(layout, index) || layout->list_bytes == 0) {
        return FR_ERROR_ARGUMENT;
    }
    const uint32_t list_part = fr_artifact_list_part(layout, index);
    uint8_t digest[FR_SHA256_SIZE];
    fr_sha256(block + list_part, size - list_part, digest);
    return memcmp(digest, entry, FR_BLOCK_DIGEST_SIZE) == 0 ? FR_OK : FR_ERROR_DIGEST;
}
