// SPDX-License-Identifier: Apache-2.0
// Journal: {magic, crc, size, block size, digest, list digest, spare}, then one word for each unit
// (the larger of sector and block) of the staging area, programmed when all its blocks are held.
// Blocks arrive in any order within a window of 64 from the first missing one; a unit is erased
// right before its first block is written, so a transfer never waits for one long erase.
#include <string.h>

#include "bytes/little_endian.h"
#include "frugal/store.h"

#define JOURNAL_MAGIC 0x4A475246u  // "FRGJ"
#define HEADER_BYTES 96u
#define UNIT_MARK 0x554E4954u
#define WINDOW 64u

static uint32_t unit_of_block(const fr_staging_t* staging, uint32_t block) {
    return block * staging->block_bytes / staging->unit_bytes;
}

static uint32_t blocks_per_unit(const fr_staging_t* staging) {
    return staging->unit_bytes / staging->block_bytes;
}

static uint32_t word_offset(const fr_staging_t* staging, uint32_t unit) {
    return staging->journal + HEADER_BYTES + unit * FR_FLASH_WORD;
}

static bool unit_is_journalled(const fr_staging_t* staging, uint32_t unit) {
    const uint8_t* word = fr_flash_map(staging->flash, word_offset(staging, unit));
    return fr_load32(word) == (UNIT_MARK ^ unit) && fr_load32(word + 4) == ~(UNIT_MARK ^ unit);
}

static void make_header(uint8_t header[HEADER_BYTES], const fr_artifact_id_t* artifact) {
    memset(header, 0, HEADER_BYTES);
    fr_store32(header, JOURNAL_MAGIC);
    fr_store32(header + 8, artifact->size_bytes);
    fr_store32(header + 12, artifact->block_bytes);
    memcpy(header + 16, artifact->digest, FR_SHA256_SIZE);
    memcpy(header + 48, artifact->list_digest, FR_SHA256_SIZE);
    fr_store32(header + 4, fr_crc32(0, header + 8, HEADER_BYTES - 8u));
}

static void adopt(fr_staging_t* staging, uint32_t size_bytes, uint32_t block_bytes) {
    staging->size_bytes = size_bytes;
    staging->block_bytes = block_bytes;
    staging->block_count = (size_bytes + block_bytes - 1u) / block_bytes;
    staging->unit_bytes =
        block_bytes > staging->flash->sector_size ? block_bytes : staging->flash->sector_size;
    staging->base_block = 0;
    staging->held = 0;
    staging->open = 1;
}

/// Moves the window past held blocks, taking in what the journal says about the ones that enter.
static void slide(fr_staging_t* staging) {
    while (staging->base_block < staging->block_count && (staging->held & 1u) != 0) {
        staging->held >>= 1;
        staging->base_block += 1u;
        const uint32_t entering = staging->base_block + WINDOW - 1u;
        if (entering < staging->block_count &&
            unit_is_journalled(staging, unit_of_block(staging, entering))) {
            staging->held |= (uint64_t)1 << (WINDOW - 1u);
        }
    }
}

static void recover_window(fr_staging_t* staging) {
    for (uint32_t i = 0; i < WINDOW && i < staging->block_count; ++i) {
        if (unit_is_journalled(staging, unit_of_block(staging, i))) {
            staging->held |= (uint64_t)1 << i;
        }
    }
    slide(staging);
}

static bool artifact_fits(const fr_staging_t* staging, uint32_t size_bytes, uint32_t block_bytes) {
    return size_bytes != 0 && size_bytes <= staging->capacity && block_bytes >= FR_BLOCK_SIZE_MIN &&
           block_bytes <= FR_BLOCK_SIZE_MAX && (block_bytes & (block_bytes - 1u)) == 0;
}

void fr_staging_open(fr_staging_t* staging, const fr_flash_t* flash, const fr_layout_t* layout) {
    memset(staging, 0, sizeof *staging);
    staging->flash = flash;
    staging->journal = layout->journal;
    staging->journal_bytes = layout->journal_bytes;
    staging->offset = layout->staging;
    staging->capacity = layout->staging_bytes;
    const uint8_t* header = fr_flash_map(flash, staging->journal);
    if (fr_load32(header) == JOURNAL_MAGIC &&
        fr_load32(header + 4) == fr_crc32(0, header + 8, HEADER_BYTES - 8u) &&
        artifact_fits(staging, fr_load32(header + 8), fr_load32(header + 12))) {
        adopt(staging, fr_load32(header + 8), fr_load32(header + 12));
        recover_window(staging);
    }
}

fr_status_t fr_staging_artifact(const fr_staging_t* staging, fr_artifact_id_t* artifact) {
    if (!staging->open) {
        return FR_ERROR_NOT_FOUND;
    }
    const uint8_t* header = fr_flash_map(staging->flash, staging->journal);
    artifact->size_bytes = staging->size_bytes;
    artifact->block_bytes = staging->block_bytes;
    memcpy(artifact->digest, header + 16, FR_SHA256_SIZE);
    memcpy(artifact->list_digest, header + 48, FR_SHA256_SIZE);
    return FR_OK;
}

static fr_status_t write_journal(fr_staging_t* staging, const fr_artifact_id_t* artifact) {
    uint8_t header[HEADER_BYTES];
    make_header(header, artifact);
    staging->open = 0;
    fr_status_t status = fr_flash_erase(staging->flash, staging->journal, staging->journal_bytes);
    if (status == FR_OK) {
        status = fr_flash_program(staging->flash, staging->journal, header, HEADER_BYTES);
    }
    if (status == FR_OK) {
        adopt(staging, artifact->size_bytes, artifact->block_bytes);
    }
    return status;
}

fr_status_t fr_staging_begin(fr_staging_t* staging, const fr_artifact_id_t* artifact) {
    if (artifact->size_bytes > staging->capacity) {
        return FR_ERROR_NO_SPACE;
    }
    if (!artifact_fits(staging, artifact->size_bytes, artifact->block_bytes)) {
        return FR_ERROR_ARGUMENT;
    }
    uint8_t header[HEADER_BYTES];
    make_header(header, artifact);
    const uint8_t* present = fr_flash_map(staging->flash, staging->journal);
    if (staging->open && memcmp(present, header, HEADER_BYTES) == 0) {
        return FR_OK;
    }
    return write_journal(staging, artifact);
}

fr_status_t fr_staging_restart(fr_staging_t* staging) {
    fr_artifact_id_t artifact;
    const fr_status_t status = fr_staging_artifact(staging, &artifact);
    return status == FR_OK ? write_journal(staging, &artifact) : status;
}

bool fr_staging_holds(const fr_staging_t* staging, uint32_t block) {
    if (block < staging->base_block) {
        return true;
    }
    const uint32_t ahead = block - staging->base_block;
    return ahead < WINDOW && ((staging->held >> ahead) & 1u) != 0;
}

bool fr_staging_is_complete(const fr_staging_t* staging) {
    return staging->open && staging->base_block >= staging->block_count;
}

uint32_t fr_staging_blocks_held(const fr_staging_t* staging) {
    uint32_t count = staging->base_block;
    for (uint64_t held = staging->held; held != 0; held &= held - 1u) {
        ++count;
    }
    return count;
}

uint32_t fr_staging_block_size(const fr_staging_t* staging, uint32_t block) {
    const uint32_t start = block * staging->block_bytes;
    const uint32_t left = staging->size_bytes - start;
    return left < staging->block_bytes ? left : staging->block_bytes;
}

const uint8_t* fr_staging_bytes(const fr_staging_t* staging, uint32_t position) {
    return fr_flash_map(staging->flash, staging->offset + position);
}

/// How many blocks of a unit are held.
static uint32_t held_in_unit(const fr_staging_t* staging, uint32_t unit, uint32_t* total) {
    const uint32_t first = unit * blocks_per_unit(staging);
    uint32_t last = first + blocks_per_unit(staging);
    if (last > staging->block_count) {
        last = staging->block_count;
    }
    uint32_t count = 0;
    for (uint32_t block = first; block < last; ++block) {
        count += fr_staging_holds(staging, block) ? 1u : 0u;
    }
    *total = last - first;
    return count;
}

/// A word torn by an earlier cut cannot be programmed again: then the unit is just not resumable.
static fr_status_t journal_unit(const fr_staging_t* staging, uint32_t unit) {
    uint8_t word[FR_FLASH_WORD];
    if (!fr_flash_is_erased(staging->flash, word_offset(staging, unit), FR_FLASH_WORD)) {
        return FR_OK;
    }
    fr_store32(word, UNIT_MARK ^ unit);
    fr_store32(word + 4, ~(UNIT_MARK ^ unit));
    return fr_flash_program(staging->flash, word_offset(staging, unit), word, FR_FLASH_WORD);
}

/// What a boot would find is what there is now.
static bool is_durable(const fr_staging_t* staging, const fr_layout_t* layout) {
    fr_staging_t found;
    fr_staging_open(&found, staging->flash, layout);
    return fr_staging_is_complete(&found) && found.size_bytes == staging->size_bytes &&
           found.block_bytes == staging->block_bytes;
}

fr_status_t fr_staging_secure(fr_staging_t* staging, const fr_layout_t* layout) {
    if (!fr_staging_is_complete(staging)) {
        return FR_ERROR_STATE;
    }
    if (is_durable(staging, layout)) {
        return FR_OK;
    }
    fr_status_t status = fr_staging_restart(staging);
    for (uint32_t unit = 0;
         status == FR_OK && unit <= unit_of_block(staging, staging->block_count - 1u); ++unit) {
        status = journal_unit(staging, unit);
    }
    if (status == FR_OK) {
        recover_window(staging);
    }
    return status == FR_OK && !is_durable(staging, layout) ? FR_ERROR_STORAGE : status;
}

/// After a failed write: nothing in the unit can be relied upon, so it starts over, erased.
static void forget_unit(fr_staging_t* staging, uint32_t unit) {
    const uint32_t first = unit * blocks_per_unit(staging);
    if (staging->base_block > first) {
        const uint32_t back = staging->base_block - first;
        staging->held = back < WINDOW ? staging->held << back : 0;
        staging->base_block = first;
    }
    for (uint32_t i = 0; i < blocks_per_unit(staging); ++i) {
        const uint32_t ahead = first + i - staging->base_block;
        if (ahead < WINDOW) {
            staging->held &= ~((uint64_t)1 << ahead);
        }
    }
}

fr_status_t fr_staging_write(fr_staging_t* staging, uint32_t block, const uint8_t* bytes,
                             uint32_t size) {
    if (!staging->open || block >= staging->block_count || block - staging->base_block >= WINDOW ||
        fr_staging_holds(staging, block) || size != fr_staging_block_size(staging, block)) {
        return FR_ERROR_STATE;
    }
    const uint32_t unit = unit_of_block(staging, block);
    uint32_t total = 0;
    fr_status_t status = FR_OK;
    if (held_in_unit(staging, unit, &total) == 0) {
        status = fr_flash_erase(staging->flash, staging->offset + unit * staging->unit_bytes,
                                staging->unit_bytes);
    }
    if (status == FR_OK) {
        status = fr_flash_program(staging->flash, staging->offset + block * staging->block_bytes,
                                  bytes, size);
    }
    if (status != FR_OK) {
        forget_unit(staging, unit);
        return status;
    }
    staging->held |= (uint64_t)1 << (block - staging->base_block);
    if (held_in_unit(staging, unit, &total) == total) {
        status = journal_unit(staging, unit);
    }
    slide(staging);
    return status;
}
