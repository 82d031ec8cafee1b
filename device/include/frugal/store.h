// SPDX-License-Identifier: Apache-2.0
// What a node keeps in flash, and how it survives a cut at any operation. The parts of one region:
//   record log    ping-pong pair of sides; the newest record of each type counts: node state,
//                 signed manifests and policies of the slots, the offer being worked on,
//                 policies in the shadow, floors of former tasks
//   decision log  ring of sectors, one 24-byte record for each decision
//   staging       journal (the offer being worked on, one word per complete unit) and artifact
//   slots         two for each task: a decoded model each, nothing else; or one for each task, and
//                 scratch pages and checkpoints for rewriting it in place (frugal/rewrite.h)
// The caller owns the structs; one thread; nothing here knows about messages or the update machine.
#ifndef FRUGAL_STORE_H
#define FRUGAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/flash.h"
#include "frugal/limits.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_SLOTS 2u  ///< of a task, at most

// Layout.

/// What decides the layout.
typedef struct {
    uint32_t sector_size;
    uint32_t task_count;
    uint32_t slot_bytes;
    uint32_t staging_bytes;
    uint32_t block_bytes;
    uint32_t decision_sectors;
    uint32_t slots;        ///< of each task: FR_SLOTS, or 1 that is rewritten in place
    uint32_t reach_bytes;  ///< one slot: old content kept behind the new, rounded up to pages
    uint32_t state_bytes;  ///< one slot: what a checkpoint holds of whoever rewrites, at most
} fr_store_shape_t;

/// Offsets and sizes in bytes; every part starts at a sector.
typedef struct {
    uint32_t records, record_side_bytes;  ///< two sides, one after the other
    uint32_t decisions, decision_sectors;
    uint32_t journal, journal_bytes;
    uint32_t staging, staging_bytes;
    uint32_t slots, slot_bytes;  ///< slot s of task index t at slots + (count t + s) slot_bytes
    uint32_t slot_count;         ///< of each task
    uint32_t page_bytes;         ///< one slot: rewritten page by page
    uint32_t scratch, scratch_pages;         ///< one slot: else none
    uint32_t checkpoints, checkpoint_bytes;  ///< one slot: two, one after the other
    uint32_t total_bytes;
} fr_layout_t;

/// @return FR_OK; FR_ERROR_ARGUMENT for a shape out of range.
FR_MUST_USE fr_status_t fr_layout_init(fr_layout_t* layout, const fr_store_shape_t* shape);

// Flash access.

const uint8_t* fr_flash_map(const fr_flash_t* flash, uint32_t offset);

/// Erases `size` bytes from a sector boundary.
FR_MUST_USE fr_status_t fr_flash_erase(const fr_flash_t* flash, uint32_t offset, uint32_t size);

/// Programs any number of bytes from a word boundary; the last word is filled up with 0xFF.
FR_MUST_USE fr_status_t fr_flash_program(const fr_flash_t* flash, uint32_t offset,
                                         const uint8_t* bytes, uint32_t size);

bool fr_flash_is_erased(const fr_flash_t* flash, uint32_t offset, uint32_t size);

/// CRC-32 (IEEE 802.3) and CRC-16 (CCITT, start 0xFFFF): against cuts, not against attackers.
uint32_t fr_crc32(uint32_t crc, const uint8_t* bytes, uint32_t size);
uint16_t fr_crc16(const uint8_t* bytes, uint32_t size);

// Record log.

/// Record types. A slot's manifest and policy are found by fr_record_manifest() and _policy().
#define FR_RECORD_STATE 0u
#define FR_RECORD_OFFER 1u
#define FR_RECORD_FORMER 2u    ///< what is remembered of tasks that went
#define FR_RECORDS_OF_TASK 5u  ///< from fr_record_manifest(task_index, 0) on
#define FR_RECORD_TYPES (3u + FR_RECORDS_OF_TASK * FR_TASKS_MAX)

static inline uint32_t fr_record_manifest(uint32_t task_index, uint32_t slot) {
    return 3u + FR_RECORDS_OF_TASK * task_index + slot;
}
static inline uint32_t fr_record_policy(uint32_t task_index, uint32_t slot) {
    return fr_record_manifest(task_index, FR_SLOTS + slot);
}
/// The policy that is evaluated beside the one in force.
static inline uint32_t fr_record_shadow(uint32_t task_index) {
    return fr_record_manifest(task_index, 2u * FR_SLOTS);
}

typedef struct {
    const fr_flash_t* flash;
    uint32_t offset, side_bytes;
    uint32_t generation;
    uint32_t write_offset;             // next free byte within the current side
    uint16_t latest[FR_RECORD_TYPES];  // position of the newest record in words; 0 for none
    uint8_t side;
    uint8_t damaged;  // what follows the last record is not erased
} fr_record_log_t;

/// Finds the newest complete side. @return FR_OK; FR_ERROR_NOT_FOUND for blank or lost storage;
///         FR_ERROR_UNSUPPORTED for a log of another form: sides of another size, another
///         FR_TASKS_MAX, or a build before the form was noted.
FR_MUST_USE fr_status_t fr_record_log_open(fr_record_log_t* log, const fr_flash_t* flash,
                                           const fr_layout_t* layout);

/// Starts an empty log holding one record. Atomic: until it returns the log is as blank as before.
FR_MUST_USE fr_status_t fr_record_log_format(fr_record_log_t* log, const fr_flash_t* flash,
                                             const fr_layout_t* layout, uint32_t type,
                                             const uint8_t* bytes, uint32_t size);

/// Makes `bytes` the newest record of its type, atomically; compacts into the other side if full.
/// @return FR_OK; FR_ERROR_NO_SPACE if all newest records together exceed a side; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_record_log_put(fr_record_log_t* log, uint32_t type, const uint8_t* bytes,
                                          uint32_t size);

/// The newest record of a type, mapped in flash; valid until the next put.
/// @return NULL if there is none.
const uint8_t* fr_record_log_get(const fr_record_log_t* log, uint32_t type, uint32_t* size);

// Decision log.

#define FR_DECISION_RECORD_BYTES 24u

/// What is known when a decision is submitted.
typedef struct {
    uint64_t sequence;
    uint32_t boot_epoch;
    uint32_t ticks;
    uint32_t release;
    uint8_t task_index;
    uint8_t local_class;
    uint8_t local_doubt;  // 255 - confidence q8
    uint8_t is_final;
    // and what is known when it is final
    uint8_t class_id;
    uint8_t doubt;
    uint8_t outcome;     // tier * 16 + policy reason
    uint32_t energy_uj;  // at most 2^24 - 1
} fr_decision_record_t;

/// Position of a record: treat the members as private.
typedef struct {
    uint64_t sequence;  // that the next fr_decision_log_read() returns
    uint32_t boot_epoch;
    uint32_t position;  // byte offset in the region
} fr_decision_cursor_t;

typedef struct {
    const fr_flash_t* flash;
    uint32_t offset, sectors;
    uint64_t next_sequence;    // the next decision gets it
    uint64_t oldest_sequence;  // the oldest record in the ring; = next_sequence if there is none
    uint64_t acked_sequence;   // hint of the caller, stored when a sector is opened
    uint32_t generation;       // of the head sector
    uint32_t head_position;    // next free byte in the region
    uint32_t head_epoch;       // boot epoch the head sector stands at
    uint32_t boot_epoch;       // of this boot
    uint16_t head, tail;       // sector numbers
} fr_decision_log_t;

/// The oldest decision that is still needed: it is in the ring and no ack covers it.
static inline uint64_t fr_decision_log_first_needed(const fr_decision_log_t* log) {
    return log->acked_sequence > log->oldest_sequence ? log->acked_sequence : log->oldest_sequence;
}

/// Recovers the ring. Open records (is_final 0) stay open: the caller finishes them.
/// Blank sectors, or sectors of another stream, make an empty log that starts at sequence 0.
FR_MUST_USE fr_status_t fr_decision_log_open(fr_decision_log_t* log, const fr_flash_t* flash,
                                             const fr_layout_t* layout, uint64_t stream,
                                             uint32_t boot_epoch);

/// Appends a record with the next sequence number, final or open. May erase the oldest sector: then
/// oldest_sequence grows. @param position where the record went, for fr_decision_log_finish().
FR_MUST_USE fr_status_t fr_decision_log_append(fr_decision_log_t* log, uint64_t stream,
                                               fr_decision_record_t* record, uint32_t* position);

/// The sequence number that would be the oldest one after the next append.
uint64_t fr_decision_log_oldest_after_append(const fr_decision_log_t* log);

/// Completes an open record.
FR_MUST_USE fr_status_t fr_decision_log_finish(fr_decision_log_t* log, uint32_t position,
                                               const fr_decision_record_t* record);

/// Gives up every decision it holds; the next sequence number stays. A cut leaves all, some of the
/// newest, or none of them.
FR_MUST_USE fr_status_t fr_decision_log_forget(fr_decision_log_t* log, uint64_t stream);

/// Points a cursor at a sequence number in [oldest_sequence, next_sequence).
FR_MUST_USE fr_status_t fr_decision_log_seek(const fr_decision_log_t* log, uint64_t sequence,
                                             fr_decision_cursor_t* cursor);

/// Reads the record under the cursor and moves on. @param position may be NULL.
/// @return FR_OK; FR_ERROR_NOT_FOUND at the end.
FR_MUST_USE fr_status_t fr_decision_log_read(const fr_decision_log_t* log,
                                             fr_decision_cursor_t* cursor,
                                             fr_decision_record_t* record, uint32_t* position);

// Staging.

/// The artifact in staging.
typedef struct {
    uint32_t size_bytes;
    uint32_t block_bytes;  // a power of two
    uint8_t digest[FR_SHA256_SIZE];
    uint8_t list_digest[FR_SHA256_SIZE];
} fr_artifact_id_t;

typedef struct {
    const fr_flash_t* flash;
    uint32_t journal, journal_bytes, offset, capacity;
    uint32_t unit_bytes;  // max(sector, block): erased and journalled as a whole
    uint32_t size_bytes, block_bytes, block_count;
    uint32_t base_block;  // every block below is held
    uint64_t held;        // bit i: block base_block + i is held
    uint8_t open;         // the journal names an artifact
} fr_staging_t;

/// Recovers the journal: staging->open tells whether it names an artifact.
void fr_staging_open(fr_staging_t* staging, const fr_flash_t* flash, const fr_layout_t* layout);

/// Prepares for an artifact; keeps the blocks held if the journal names the same one.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_NO_SPACE; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_staging_begin(fr_staging_t* staging, const fr_artifact_id_t* artifact);

/// What the journal names. @return FR_ERROR_NOT_FOUND if nothing.
FR_MUST_USE fr_status_t fr_staging_artifact(const fr_staging_t* staging,
                                            fr_artifact_id_t* artifact);

/// Writes one block whose digest the caller checked; complete units are journalled.
/// @return FR_OK; FR_ERROR_STATE for a block held or out of the window; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_staging_write(fr_staging_t* staging, uint32_t block,
                                         const uint8_t* bytes, uint32_t size);

/// Forgets every block: the next transfer starts from the first.
FR_MUST_USE fr_status_t fr_staging_restart(fr_staging_t* staging);

/// Makes sure that a boot would find the artifact complete: a mark that a cut tore is written anew.
/// @return FR_OK; FR_ERROR_STATE if it is not complete now; FR_ERROR_STORAGE, then it is lost.
FR_MUST_USE fr_status_t fr_staging_secure(fr_staging_t* staging, const fr_layout_t* layout);

bool fr_staging_holds(const fr_staging_t* staging, uint32_t block);
bool fr_staging_is_complete(const fr_staging_t* staging);
uint32_t fr_staging_blocks_held(const fr_staging_t* staging);
uint32_t fr_staging_block_size(const fr_staging_t* staging, uint32_t block);

/// The artifact's bytes from `position` on: only blocks that are held make sense.
const uint8_t* fr_staging_bytes(const fr_staging_t* staging, uint32_t position);

// Slots.

/// Writes a decoded model into a slot piece by piece: the caller gives pieces of any size.
typedef struct {
    const fr_flash_t* flash;
    uint32_t offset, capacity;
    uint32_t written;             // bytes given so far
    uint8_t word[FR_FLASH_WORD];  // the incomplete last word
} fr_slot_writer_t;

/// Erases the sectors `size` bytes need. @return FR_OK; FR_ERROR_NO_SPACE; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_slot_writer_begin(fr_slot_writer_t* writer, const fr_flash_t* flash,
                                             const fr_layout_t* layout, uint32_t task_index,
                                             uint32_t slot, uint32_t size);
FR_MUST_USE fr_status_t fr_slot_writer_add(fr_slot_writer_t* writer, const uint8_t* bytes,
                                           uint32_t size);
/// Bytes given before: from flash, or from the word that is not programmed yet.
/// @return FR_OK; FR_ERROR_ARGUMENT if not all of them were given.
FR_MUST_USE fr_status_t fr_slot_writer_read(const fr_slot_writer_t* writer, uint32_t offset,
                                            uint8_t* out, uint32_t size);
FR_MUST_USE fr_status_t fr_slot_writer_finish(fr_slot_writer_t* writer);

const uint8_t* fr_slot_bytes(const fr_flash_t* flash, const fr_layout_t* layout,
                             uint32_t task_index, uint32_t slot);

#ifdef __cplusplus
}
#endif

#endif
