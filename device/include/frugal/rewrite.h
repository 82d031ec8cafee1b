// SPDX-License-Identifier: Apache-2.0
// Rewriting the only slot of a task from what it holds, page by page, and going on after a power
// cut at any operation. New bytes gather in a ring of scratch pages; a page of the slot is given up
// only when the pages of the ring and the producer's state behind them are safe:
//
//   fr_rewrite_open()            where it stands; a copy a cut interrupted is made again
//   per page:  fr_rewrite_add()  until fr_rewrite_room() is 0 or the content ends
//              fr_rewrite_commit()   state and page count to the older of two checkpoints, then the
//                                    oldest page of the ring, if it is full, to the slot
//   fr_rewrite_finish()          the rest of the ring to the slot, page by page
//
// With n scratch pages the slot stays n - 2 pages behind the output: what lies at
// fr_rewrite_floor() or after is still the old content, so a producer may read it up to
// (n - 2) * page_bytes behind what it writes. One more page is being written, and one may be
// needed again for a copy. A page costs two erases and programs each, and a checkpoint.
// The caller owns the struct; one thread; nothing here knows what the bytes mean.
#ifndef FRUGAL_REWRITE_H
#define FRUGAL_REWRITE_H

#include "frugal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_CHECKPOINT_HEADER_BYTES 32u  ///< in front of a producer's state
#define FR_REWRITE_AHEAD_PAGES 2u       ///< of scratch, beside those the slot is behind

/// What a rewrite is about; a checkpoint of another one is not taken up.
typedef struct {
    uint32_t task_index;
    uint32_t tag;         ///< tells one new content from another
    uint32_t form;        ///< of the producer's state: what another firmware stored, or one with
                          ///< another layout, is not taken up
    uint32_t size_bytes;  ///< of the new content
} fr_rewrite_id_t;

typedef struct {
    const fr_flash_t* flash;
    fr_rewrite_id_t id;
    uint32_t slot;  // offset in the region
    uint32_t page_bytes;
    uint32_t scratch, scratch_pages;
    uint32_t checkpoints, checkpoint_bytes;  // two, one after the other
    uint32_t pages_done;                     // committed
    uint32_t pages_finished;                 // copied by fr_rewrite_finish()
    uint32_t state_bytes;                    // of the checkpoint it was opened from
    fr_slot_writer_t writer;                 // of the page after those; flash is NULL before it
} fr_rewrite_t;

/// Makes both checkpoints void, where they are not yet: the next fr_rewrite_open() starts from the
/// first page. To be called before anything is recorded that makes a reboot call fr_rewrite_open().
FR_MUST_USE fr_status_t fr_rewrite_forget(const fr_flash_t* flash, const fr_layout_t* layout);

/// Takes up a rewrite where its newest checkpoint left it; pages_done is 0 without one.
/// @return FR_OK; FR_ERROR_STATE for a layout with two slots; FR_ERROR_NO_SPACE for content larger
///         than a slot; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_rewrite_open(fr_rewrite_t* rewrite, const fr_flash_t* flash,
                                        const fr_layout_t* layout, const fr_rewrite_id_t* id);

/// The producer's state of the newest checkpoint, mapped in flash: state_bytes of it. Valid until
/// the next fr_rewrite_commit(). @return NULL if there is none.
const uint8_t* fr_rewrite_state(const fr_rewrite_t* rewrite);

/// Bytes the present page still takes; 0 when it must be committed, or all content is committed.
uint32_t fr_rewrite_room(const fr_rewrite_t* rewrite);

/// Adds to the present page. @return FR_OK; FR_ERROR_NO_SPACE beyond its room; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_rewrite_add(fr_rewrite_t* rewrite, const uint8_t* bytes, uint32_t size);

/// The present page is whole, and `state` goes on behind it.
/// @return FR_OK; FR_ERROR_STATE for a page that is not; FR_ERROR_NO_SPACE for a state larger than
///         the layout's; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_rewrite_commit(fr_rewrite_t* rewrite, const uint8_t* state,
                                          uint32_t size);

/// Bytes of the pages committed.
uint32_t fr_rewrite_committed(const fr_rewrite_t* rewrite);

/// The present page is the last one, and whole.
bool fr_rewrite_is_last_page(const fr_rewrite_t* rewrite);

bool fr_rewrite_is_complete(const fr_rewrite_t* rewrite);

/// Puts the next page that is only in scratch into the slot, until fr_rewrite_is_finished().
/// @return FR_OK; FR_ERROR_STATE before all is committed, and when all is there; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_rewrite_finish(fr_rewrite_t* rewrite);

/// All of the content is in the slot.
bool fr_rewrite_is_finished(const fr_rewrite_t* rewrite);

/// The lowest offset from which on the slot still holds the old content.
uint32_t fr_rewrite_floor(const fr_rewrite_t* rewrite);

/// Copies new content back, from wherever it is by now.
/// @return FR_OK; FR_ERROR_ARGUMENT for bytes not added yet.
FR_MUST_USE fr_status_t fr_rewrite_read(const fr_rewrite_t* rewrite, uint32_t offset, uint8_t* out,
                                        uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
