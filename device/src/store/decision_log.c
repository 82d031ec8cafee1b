// SPDX-License-Identifier: Apache-2.0
// A ring of sectors, each: header {magic, generation, base sequence, acked hint, stream, boot
// epoch, crc}, then records of three words:
//   word 0  class, doubt, outcome, energy (3 bytes), crc16    the final part
//   word 1  low half of the sequence number, ticks
//   word 2  release, task and local answer, crc16 of words 1 and 2
// A final decision is programmed in ascending order, so a cut leaves no valid words 1 and 2: it
// never was. An open decision (escalated) has words 1 and 2 first and word 0 later; if word 0
// tears, the reader takes the local answer as LATE, the same at every reading. Sequence numbers are
// consecutive over the whole ring, therefore none is ever used twice and none is silently missing.
// A record with release 0xFFFFFFFF is no decision: it says that a new boot epoch begins.
#include <string.h>

#include "bytes/little_endian.h"
#include "frugal/message.h"
#include "frugal/store.h"

#define SECTOR_MAGIC 0x44475246u  // "FRGD"
#define HEADER_BYTES 40u
#define EPOCH_MARK 0xFFFFFFFFu
#define OUTCOME_LATE (FR_TIER_LOCAL * 16u + FR_POLICY_LATE)

typedef struct {
    uint64_t base_sequence;
    uint64_t acked_sequence;
    uint64_t stream;
    uint32_t generation;
    uint32_t boot_epoch;
} sector_t;

static uint32_t sector_position(const fr_decision_log_t* log, uint32_t sector) {
    return sector * log->flash->sector_size;
}

static bool read_sector(const fr_decision_log_t* log, uint32_t sector, sector_t* out) {
    const uint8_t* header = fr_flash_map(log->flash, log->offset + sector_position(log, sector));
    if (fr_load32(header) != SECTOR_MAGIC || fr_load32(header + 36) != fr_crc32(0, header, 36)) {
        return false;
    }
    out->generation = fr_load32(header + 4);
    out->base_sequence = fr_load64(header + 8);
    out->acked_sequence = fr_load64(header + 16);
    out->stream = fr_load64(header + 24);
    out->boot_epoch = fr_load32(header + 32);
    return true;
}

static bool holds_sequence(const uint8_t* slot, uint64_t sequence) {
    return fr_load32(slot + 8) == (uint32_t)sequence &&
           fr_load16(slot + 22) == fr_crc16(slot + 8, 14);
}

static void read_final(const uint8_t* slot, fr_decision_record_t* record) {
    record->is_final = fr_load64(slot) != UINT64_MAX;
    if (record->is_final && fr_load16(slot + 6) == fr_crc16(slot, 6)) {
        record->class_id = slot[0];
        record->doubt = slot[1];
        record->outcome = slot[2];
        record->energy_uj = fr_load16(slot + 3) | ((uint32_t)slot[5] << 16);
    } else {
        record->class_id = record->local_class;
        record->doubt = record->local_doubt;
        record->outcome = OUTCOME_LATE;
        record->energy_uj = 0;
    }
}

static void read_slot(const uint8_t* slot, fr_decision_record_t* record) {
    const uint32_t packed = fr_load16(slot + 20);
    record->ticks = fr_load32(slot + 12);
    record->release = fr_load32(slot + 16);
    record->task_index = (uint8_t)((packed >> 14) & 1u);
    record->local_class = (uint8_t)((packed >> 8) & 63u);
    record->local_doubt = (uint8_t)packed;
    read_final(slot, record);
}

static uint32_t slots_end(const fr_decision_log_t* log, uint32_t sector) {
    const uint32_t room = log->flash->sector_size - HEADER_BYTES;
    return sector_position(log, sector) + HEADER_BYTES +
           room / FR_DECISION_RECORD_BYTES * FR_DECISION_RECORD_BYTES;
}

/// The sector a position lies in; the end of a sector's slots still belongs to it.
static uint32_t sector_of(const fr_decision_log_t* log, uint32_t position) {
    return (position - 1u) / log->flash->sector_size;
}

/// The next decision at or after the cursor within its sector. Torn records are stepped over.
static bool next_in_sector(const fr_decision_log_t* log, fr_decision_cursor_t* cursor,
                           const uint8_t** slot) {
    const uint32_t end = slots_end(log, sector_of(log, cursor->position));
    while (cursor->position < end) {
        const uint8_t* bytes = fr_flash_map(log->flash, log->offset + cursor->position);
        if (holds_sequence(bytes, cursor->sequence)) {
            if (fr_load32(bytes + 16) != EPOCH_MARK) {
                *slot = bytes;
                return true;
            }
            cursor->boot_epoch = fr_load32(bytes + 12);
        }
        cursor->position += FR_DECISION_RECORD_BYTES;
    }
    return false;
}

static void enter_sector(const fr_decision_log_t* log, uint32_t number, const sector_t* sector,
                         fr_decision_cursor_t* cursor) {
    cursor->position = sector_position(log, number) + HEADER_BYTES;
    cursor->sequence = sector->base_sequence;
    cursor->boot_epoch = sector->boot_epoch;
}

/// Walks a whole sector: the sequence after its last record and the epoch at its end.
static void walk_sector(const fr_decision_log_t* log, uint32_t number, const sector_t* sector,
                        fr_decision_cursor_t* cursor) {
    const uint8_t* slot = NULL;
    enter_sector(log, number, sector, cursor);
    while (next_in_sector(log, cursor, &slot)) {
        cursor->sequence += 1;
        cursor->position += FR_DECISION_RECORD_BYTES;
    }
}

/// The first free slot of the head: everything after the last used one is blank.
static uint32_t free_position(const fr_decision_log_t* log, uint32_t number) {
    uint32_t position = slots_end(log, number);
    while (position > sector_position(log, number) + HEADER_BYTES &&
           fr_flash_is_erased(log->flash, log->offset + position - FR_DECISION_RECORD_BYTES,
                              FR_DECISION_RECORD_BYTES)) {
        position -= FR_DECISION_RECORD_BYTES;
    }
    return position;
}

static uint32_t previous_sector(const fr_decision_log_t* log, uint32_t sector) {
    return sector == 0 ? log->sectors - 1u : sector - 1u;
}

static uint32_t following_sector(const fr_decision_log_t* log, uint32_t sector) {
    return sector + 1u == log->sectors ? 0 : sector + 1u;
}

/// Goes back from the head as long as sectors are whole and join up. One that is not is a victim of
/// a cut erase: it and everything older was about to go anyway.
static void find_tail(fr_decision_log_t* log, sector_t sector) {
    log->tail = log->head;
    log->oldest_sequence = sector.base_sequence;
    for (uint32_t i = 1; i < log->sectors; ++i) {
        const uint32_t number = previous_sector(log, log->tail);
        sector_t older;
        fr_decision_cursor_t end;
        if (!read_sector(log, number, &older) || older.stream != sector.stream ||
            older.generation + 1u != sector.generation) {
            return;
        }
        walk_sector(log, number, &older, &end);
        if (end.sequence != sector.base_sequence) {
            return;
        }
        log->tail = (uint16_t)number;
        log->oldest_sequence = older.base_sequence;
        sector = older;
    }
}

fr_status_t fr_decision_log_open(fr_decision_log_t* log, const fr_flash_t* flash,
                                 const fr_layout_t* layout, uint64_t stream, uint32_t boot_epoch) {
    memset(log, 0, sizeof *log);
    log->flash = flash;
    log->offset = layout->decisions;
    log->sectors = layout->decision_sectors;
    log->boot_epoch = boot_epoch;
    sector_t head = {0, 0, 0, 0, 0};
    for (uint32_t number = 0; number < log->sectors; ++number) {
        sector_t sector;
        if (read_sector(log, number, &sector) && sector.stream == stream &&
            sector.generation > head.generation) {
            head = sector;
            log->head = (uint16_t)number;
        }
    }
    log->generation = head.generation;
    if (head.generation == 0) {
        log->head_position = 0;
        return FR_OK;
    }
    fr_decision_cursor_t end;
    walk_sector(log, log->head, &head, &end);
    log->next_sequence = end.sequence;
    log->head_epoch = end.boot_epoch;
    log->head_position = free_position(log, log->head);
    log->acked_sequence = head.acked_sequence < end.sequence ? head.acked_sequence : end.sequence;
    find_tail(log, head);
    return FR_OK;
}

static bool head_is_full(const fr_decision_log_t* log) {
    if (log->generation == 0) {
        return true;
    }
    const uint32_t needed = log->head_epoch == log->boot_epoch ? 1u : 2u;
    return log->head_position + needed * FR_DECISION_RECORD_BYTES > slots_end(log, log->head);
}

uint64_t fr_decision_log_oldest_after_append(const fr_decision_log_t* log) {
    sector_t second;
    if (log->generation == 0 || !head_is_full(log) ||
        following_sector(log, log->head) != log->tail) {
        return log->oldest_sequence;
    }
    const uint32_t number = following_sector(log, log->tail);
    return read_sector(log, number, &second) ? second.base_sequence : log->next_sequence;
}

static fr_status_t open_sector(fr_decision_log_t* log, uint64_t stream) {
    const uint32_t number = log->generation == 0 ? 0 : following_sector(log, log->head);
    const bool evicts = log->generation != 0 && number == log->tail;
    if (evicts) {
        log->oldest_sequence = fr_decision_log_oldest_after_append(log);
        log->tail = (uint16_t)following_sector(log, log->tail);
    }
    uint8_t header[HEADER_BYTES];
    fr_store32(header, SECTOR_MAGIC);
    fr_store32(header + 4, log->generation + 1u);
    fr_store64(header + 8, log->next_sequence);
    fr_store64(header + 16, log->acked_sequence);
    fr_store64(header + 24, stream);
    fr_store32(header + 32, log->boot_epoch);
    fr_store32(header + 36, fr_crc32(0, header, 36));
    const uint32_t offset = log->offset + sector_position(log, number);
    fr_status_t status = fr_flash_erase(log->flash, offset, log->flash->sector_size);
    if (status == FR_OK) {
        status = fr_flash_program(log->flash, offset, header, HEADER_BYTES);
    }
    if (status != FR_OK) {
        return status;
    }
    log->generation += 1u;
    log->head = (uint16_t)number;
    log->head_epoch = log->boot_epoch;
    log->head_position = sector_position(log, number) + HEADER_BYTES;
    return FR_OK;
}

static void make_base(uint8_t* slot, const fr_decision_record_t* record) {
    const uint32_t packed = ((uint32_t)record->task_index << 14) |
                            ((uint32_t)record->local_class << 8) | record->local_doubt;
    fr_store32(slot + 8, (uint32_t)record->sequence);
    fr_store32(slot + 12, record->ticks);
    fr_store32(slot + 16, record->release);
    fr_store16(slot + 20, packed);
    fr_store16(slot + 22, fr_crc16(slot + 8, 14));
}

static void make_final(uint8_t* slot, const fr_decision_record_t* record) {
    slot[0] = record->class_id;
    slot[1] = record->doubt;
    slot[2] = record->outcome;
    fr_store16(slot + 3, record->energy_uj);
    slot[5] = (uint8_t)(record->energy_uj >> 16);
    fr_store16(slot + 6, fr_crc16(slot, 6));
}

/// Programs the slot's words from `first` on. The slot is spent even if the flash fails.
static fr_status_t program_slot(fr_decision_log_t* log, const uint8_t* slot, uint32_t first) {
    const uint32_t position = log->head_position;
    log->head_position += FR_DECISION_RECORD_BYTES;
    return fr_flash_program(log->flash, log->offset + position + first, slot + first,
                            FR_DECISION_RECORD_BYTES - first);
}

static fr_status_t mark_epoch(fr_decision_log_t* log) {
    uint8_t slot[FR_DECISION_RECORD_BYTES];
    fr_decision_record_t mark;
    memset(&mark, 0, sizeof mark);
    mark.sequence = log->next_sequence;
    mark.ticks = log->boot_epoch;
    mark.release = EPOCH_MARK;
    make_base(slot, &mark);
    const fr_status_t status = program_slot(log, slot, FR_FLASH_WORD);
    if (status == FR_OK) {
        log->head_epoch = log->boot_epoch;
    }
    return status;
}

fr_status_t fr_decision_log_append(fr_decision_log_t* log, uint64_t stream,
                                   fr_decision_record_t* record, uint32_t* position) {
    fr_status_t status = FR_OK;
    if (head_is_full(log)) {
        status = open_sector(log, stream);
    }
    if (status == FR_OK && log->head_epoch != log->boot_epoch) {
        status = mark_epoch(log);
    }
    if (status != FR_OK) {
        return status;
    }
    uint8_t slot[FR_DECISION_RECORD_BYTES];
    record->sequence = log->next_sequence;
    record->boot_epoch = log->boot_epoch;
    make_base(slot, record);
    *position = log->head_position;
    if (record->is_final) {
        make_final(slot, record);
        status = program_slot(log, slot, 0);
    } else {
        status = program_slot(log, slot, FR_FLASH_WORD);
    }
    if (status == FR_OK) {
        log->next_sequence += 1u;
    }
    return status;
}

fr_status_t fr_decision_log_finish(fr_decision_log_t* log, uint32_t position,
                                   const fr_decision_record_t* record) {
    uint8_t slot[FR_FLASH_WORD];
    make_final(slot, record);
    return fr_flash_program(log->flash, log->offset + position, slot, FR_FLASH_WORD);
}

/// A sector that begins with the next sequence number, then the others go, the oldest first.
fr_status_t fr_decision_log_forget(fr_decision_log_t* log, uint64_t stream) {
    if (log->oldest_sequence == log->next_sequence) {
        return FR_OK;
    }
    fr_status_t status = open_sector(log, stream);
    for (uint32_t number = following_sector(log, log->head); status == FR_OK && number != log->head;
         number = following_sector(log, number)) {
        status = fr_flash_erase(log->flash, log->offset + sector_position(log, number),
                                log->flash->sector_size);
    }
    if (status == FR_OK) {
        log->tail = log->head;
        log->oldest_sequence = log->next_sequence;
    }
    return status;
}

fr_status_t fr_decision_log_seek(const fr_decision_log_t* log, uint64_t sequence,
                                 fr_decision_cursor_t* cursor) {
    if (sequence < log->oldest_sequence || sequence >= log->next_sequence) {
        return FR_ERROR_NOT_FOUND;
    }
    uint32_t number = log->tail;
    sector_t sector;
    sector_t next;
    if (!read_sector(log, number, &sector)) {
        return FR_ERROR_STORAGE;
    }
    while (number != log->head && read_sector(log, following_sector(log, number), &next) &&
           next.base_sequence <= sequence) {
        number = following_sector(log, number);
        sector = next;
    }
    const uint8_t* slot = NULL;
    enter_sector(log, number, &sector, cursor);
    while (next_in_sector(log, cursor, &slot) && cursor->sequence < sequence) {
        cursor->sequence += 1u;
        cursor->position += FR_DECISION_RECORD_BYTES;
    }
    return cursor->sequence == sequence ? FR_OK : FR_ERROR_STORAGE;
}

fr_status_t fr_decision_log_read(const fr_decision_log_t* log, fr_decision_cursor_t* cursor,
                                 fr_decision_record_t* record, uint32_t* position) {
    const uint8_t* slot = NULL;
    if (cursor->sequence >= log->next_sequence) {
        return FR_ERROR_NOT_FOUND;
    }
    uint32_t number = sector_of(log, cursor->position);
    while (!next_in_sector(log, cursor, &slot)) {
        sector_t sector;
        const uint32_t following = following_sector(log, number);
        if (number == log->head || !read_sector(log, following, &sector)) {
            return FR_ERROR_STORAGE;
        }
        number = following;
        enter_sector(log, number, &sector, cursor);
    }
    memset(record, 0, sizeof *record);
    record->sequence = cursor->sequence;
    record->boot_epoch = cursor->boot_epoch;
    read_slot(slot, record);
    if (position != NULL) {
        *position = cursor->position;
    }
    cursor->sequence += 1u;
    cursor->position += FR_DECISION_RECORD_BYTES;
    return FR_OK;
}
