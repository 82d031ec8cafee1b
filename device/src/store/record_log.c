// SPDX-License-Identifier: Apache-2.0
// Two sides, each: header {magic, generation, crc, form}, then records {type and size, generation,
// crc, spare, payload}. A compaction writes the newest records into the other side and its header
// last, so a side counts only when it is complete; the higher generation wins. A record counts only
// when its checksum holds. Generation and checksum together keep leftovers of a half-erased side
// from being taken for records of the present one.
#include <string.h>

#include "bytes/little_endian.h"
#include "frugal/store.h"

#define SIDE_MAGIC 0x4C475246u  // "FRGL"
#define HEADER_BYTES 16u
#define RECORD_MARK 0xF7u

static uint32_t side_offset(const fr_record_log_t* log, uint32_t side) {
    return log->offset + side * log->side_bytes;
}

static uint32_t padded(uint32_t size) {
    return (size + FR_FLASH_WORD - 1u) & ~(FR_FLASH_WORD - 1u);
}

static void make_record_header(uint8_t header[HEADER_BYTES], uint32_t generation, uint32_t type,
                               const uint8_t* bytes, uint32_t size) {
    memset(header, 0, HEADER_BYTES);
    header[0] = RECORD_MARK;
    header[1] = (uint8_t)type;
    fr_store16(header + 2, size);
    fr_store32(header + 4, generation);
    fr_store32(header + 8, fr_crc32(fr_crc32(0, header, 8), bytes, size));
}

/// Length of the valid record at `position` of the current side with its header; 0 if there is
/// none.
static uint32_t record_at(const fr_record_log_t* log, uint32_t position) {
    if (position + HEADER_BYTES > log->side_bytes) {
        return 0;
    }
    const uint8_t* header = fr_flash_map(log->flash, side_offset(log, log->side) + position);
    const uint32_t size = fr_load16(header + 2);
    if (header[0] != RECORD_MARK || header[1] >= FR_RECORD_TYPES ||
        fr_load32(header + 4) != log->generation ||
        padded(size) > log->side_bytes - position - HEADER_BYTES) {
        return 0;
    }
    const uint32_t crc = fr_crc32(fr_crc32(0, header, 8), header + HEADER_BYTES, size);
    return crc == fr_load32(header + 8) ? HEADER_BYTES + padded(size) : 0;
}

/// Size of a side and number of tasks there are records for, and their complement: so no cut makes
/// one form of another.
static uint32_t form_of(const fr_record_log_t* log) {
    const uint32_t form = (log->side_bytes / FR_FLASH_SECTOR_MIN << 4 | FR_TASKS_MAX) & 0xFFFFu;
    return form | ~form << 16;
}

static bool is_side_header(const uint8_t* header) {
    return fr_load32(header) == SIDE_MAGIC && fr_load32(header + 8) == fr_crc32(0, header, 8);
}

/// Generation of a complete side; 0 for none.
static uint32_t side_generation(const fr_record_log_t* log, uint32_t side) {
    const uint8_t* header = fr_flash_map(log->flash, side_offset(log, side));
    return is_side_header(header) && fr_load32(header + 12) == form_of(log) ? fr_load32(header + 4)
                                                                            : 0;
}

/// A side of another form begins in here: another build wrote it. A form that a cut left unfinished
/// only has ones too many.
static bool is_foreign(const fr_record_log_t* log) {
    const uint32_t own = form_of(log);
    for (uint32_t at = 0; at < 2u * log->side_bytes; at += log->flash->sector_size) {
        const uint8_t* header = fr_flash_map(log->flash, log->offset + at);
        if (is_side_header(header) && (fr_load32(header + 12) & own) != own) {
            return true;
        }
    }
    return false;
}

static void bind(fr_record_log_t* log, const fr_flash_t* flash, const fr_layout_t* layout) {
    memset(log, 0, sizeof *log);
    log->flash = flash;
    log->offset = layout->records;
    log->side_bytes = layout->record_side_bytes;
}

static void scan(fr_record_log_t* log) {
    memset(log->latest, 0, sizeof log->latest);
    uint32_t position = HEADER_BYTES;
    for (;;) {
        const uint32_t length = record_at(log, position);
        if (length == 0) {
            break;
        }
        const uint8_t* header = fr_flash_map(log->flash, side_offset(log, log->side) + position);
        log->latest[header[1]] = (uint16_t)(position / FR_FLASH_WORD);
        position += length;
    }
    log->write_offset = position;
    log->damaged = !fr_flash_is_erased(log->flash, side_offset(log, log->side) + position,
                                       log->side_bytes - position);
}

fr_status_t fr_record_log_open(fr_record_log_t* log, const fr_flash_t* flash,
                               const fr_layout_t* layout) {
    bind(log, flash, layout);
    const uint32_t first = side_generation(log, 0);
    const uint32_t second = side_generation(log, 1);
    if (first == 0 && second == 0) {
        // Asked only here: in a side of our own a record may hold bytes that look like another's.
        return is_foreign(log) ? FR_ERROR_UNSUPPORTED : FR_ERROR_NOT_FOUND;
    }
    log->side = second > first;
    log->generation = log->side ? second : first;
    scan(log);
    return log->latest[FR_RECORD_STATE] != 0 ? FR_OK : FR_ERROR_NOT_FOUND;
}

typedef struct {
    uint32_t type;
    const uint8_t* bytes;
    uint32_t size;
} new_record_t;

static fr_status_t write_record(fr_record_log_t* log, uint32_t side, uint32_t generation,
                                uint32_t* position, const new_record_t* record) {
    if (HEADER_BYTES + padded(record->size) > log->side_bytes - *position) {
        return FR_ERROR_NO_SPACE;
    }
    uint8_t header[HEADER_BYTES];
    make_record_header(header, generation, record->type, record->bytes, record->size);
    const uint32_t offset = side_offset(log, side) + *position;
    fr_status_t status = fr_flash_program(log->flash, offset, header, HEADER_BYTES);
    if (status == FR_OK && record->size != 0) {
        status = fr_flash_program(log->flash, offset + HEADER_BYTES, record->bytes, record->size);
    }
    *position += HEADER_BYTES + padded(record->size);
    return status;
}

/// Copies one record of the current side into the other through a small buffer: a flash port
/// cannot be asked to program from the flash it programs.
static fr_status_t copy_record(fr_record_log_t* log, uint32_t side, uint32_t generation,
                               uint32_t type, uint32_t* position) {
    uint32_t size = 0;
    const uint8_t* bytes = fr_record_log_get(log, type, &size);
    if (bytes == NULL) {
        return FR_OK;
    }
    uint8_t piece[64];
    make_record_header(piece, generation, type, bytes, size);
    const uint32_t offset = side_offset(log, side) + *position;
    fr_status_t status = fr_flash_program(log->flash, offset, piece, HEADER_BYTES);
    for (uint32_t done = 0; status == FR_OK && done < size; done += (uint32_t)sizeof piece) {
        const uint32_t left = size - done;
        const uint32_t count = left < sizeof piece ? left : (uint32_t)sizeof piece;
        memcpy(piece, bytes + done, count);
        status = fr_flash_program(log->flash, offset + HEADER_BYTES + done, piece, count);
    }
    *position += HEADER_BYTES + padded(size);
    return status;
}

static fr_status_t commit_side(fr_record_log_t* log, uint32_t side, uint32_t generation) {
    uint8_t header[HEADER_BYTES] = {0};
    fr_store32(header, SIDE_MAGIC);
    fr_store32(header + 4, generation);
    fr_store32(header + 8, fr_crc32(0, header, 8));
    fr_store32(header + 12, form_of(log));
    return fr_flash_program(log->flash, side_offset(log, side), header, HEADER_BYTES);
}

static fr_status_t compact(fr_record_log_t* log, const new_record_t* record) {
    uint32_t needed = HEADER_BYTES + HEADER_BYTES + padded(record->size);
    for (uint32_t type = 0; type < FR_RECORD_TYPES; ++type) {
        uint32_t size = 0;
        if (type != record->type && fr_record_log_get(log, type, &size) != NULL) {
            needed += HEADER_BYTES + padded(size);
        }
    }
    if (needed > log->side_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    const uint32_t side = log->side ^ 1u;
    const uint32_t generation = log->generation + 1u;
    uint32_t position = HEADER_BYTES;
    fr_status_t status = fr_flash_erase(log->flash, side_offset(log, side), log->side_bytes);
    for (uint32_t type = 0; status == FR_OK && type < FR_RECORD_TYPES; ++type) {
        status = type == record->type ? write_record(log, side, generation, &position, record)
                                      : copy_record(log, side, generation, type, &position);
    }
    if (status == FR_OK) {
        status = commit_side(log, side, generation);
    }
    if (status == FR_OK) {
        log->side = (uint8_t)side;
        log->generation = generation;
        scan(log);
    }
    return status;
}

fr_status_t fr_record_log_format(fr_record_log_t* log, const fr_flash_t* flash,
                                 const fr_layout_t* layout, uint32_t type, const uint8_t* bytes,
                                 uint32_t size) {
    // Both sides go: a leftover of another life must not outlive a compaction.
    bind(log, flash, layout);
    fr_status_t status = fr_flash_erase(flash, log->offset, 2u * log->side_bytes);
    if (status != FR_OK) {
        return status;
    }
    log->side = 1;
    const new_record_t record = {type, bytes, size};
    return compact(log, &record);
}

fr_status_t fr_record_log_put(fr_record_log_t* log, uint32_t type, const uint8_t* bytes,
                              uint32_t size) {
    const new_record_t record = {type, bytes, size};
    if (type >= FR_RECORD_TYPES || size > 0xFFFFu) {
        return FR_ERROR_ARGUMENT;
    }
    if (log->damaged || HEADER_BYTES + padded(size) > log->side_bytes - log->write_offset) {
        return compact(log, &record);
    }
    const uint32_t position = log->write_offset;
    const fr_status_t status =
        write_record(log, log->side, log->generation, &log->write_offset, &record);
    if (status != FR_OK) {
        log->damaged = 1;
        return status;
    }
    log->latest[type] = (uint16_t)(position / FR_FLASH_WORD);
    return FR_OK;
}

const uint8_t* fr_record_log_get(const fr_record_log_t* log, uint32_t type, uint32_t* size) {
    if (type >= FR_RECORD_TYPES || log->latest[type] == 0) {
        return NULL;
    }
    const uint32_t position = (uint32_t)log->latest[type] * FR_FLASH_WORD;
    const uint8_t* header = fr_flash_map(log->flash, side_offset(log, log->side) + position);
    *size = fr_load16(header + 2);
    return *size != 0 ? header + HEADER_BYTES : NULL;
}
