// SPDX-License-Identifier: Apache-2.0
// A checkpoint: {magic, crc, tag, content size, pages, state size, task index, form}, then the
// state; the header goes last, so a checkpoint counts only when it is whole. Checkpoint n lies in
// the first or the second place by turns, page n in scratch page n modulo their number. Nothing of
// checkpoint n is touched before checkpoint n + 1 counts: neither its pages nor what their copies
// come from.
#include "frugal/rewrite.h"

#include <string.h>

#include "bytes/little_endian.h"

#define CHECKPOINT_MAGIC 0x50475246u  // "FRGP"
#define COPY_BYTES 64u

static uint32_t lesser(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/// Pages that are in the slot by now.
static uint32_t pages_in_slot(const fr_rewrite_t* rewrite) {
    const uint32_t behind = rewrite->scratch_pages - FR_REWRITE_AHEAD_PAGES;
    const uint32_t pushed = rewrite->pages_done > behind ? rewrite->pages_done - behind : 0;
    return pushed + rewrite->pages_finished;
}

static uint32_t scratch_of(const fr_rewrite_t* rewrite, uint32_t page) {
    return rewrite->scratch + page % rewrite->scratch_pages * rewrite->page_bytes;
}

/// Bytes of content in a page; 0 behind the last one.
static uint32_t bytes_in_page(const fr_rewrite_t* rewrite, uint32_t page) {
    const uint32_t start = page * rewrite->page_bytes;
    return start < rewrite->id.size_bytes
               ? lesser(rewrite->page_bytes, rewrite->id.size_bytes - start)
               : 0;
}

static uint32_t pages_of_content(const fr_rewrite_t* rewrite) {
    return (rewrite->id.size_bytes + rewrite->page_bytes - 1u) / rewrite->page_bytes;
}

static uint32_t checkpoint_of(const fr_rewrite_t* rewrite, uint32_t pages) {
    return rewrite->checkpoints + (pages & 1u) * rewrite->checkpoint_bytes;
}

/// A page that is there already, from before a cut, is not written again.
static fr_status_t copy_to_slot(const fr_rewrite_t* rewrite, uint32_t page) {
    const fr_flash_t* flash = rewrite->flash;
    const uint32_t size = bytes_in_page(rewrite, page);
    const uint32_t to = rewrite->slot + page * rewrite->page_bytes;
    const uint8_t* from = fr_flash_map(flash, scratch_of(rewrite, page));
    uint8_t piece[COPY_BYTES];
    if (memcmp(fr_flash_map(flash, to), from, size) == 0) {
        return FR_OK;
    }
    fr_status_t status = fr_flash_erase(flash, to, size);
    for (uint32_t done = 0; status == FR_OK && done < size; done += COPY_BYTES) {
        // A flash port cannot be asked to program from the flash it programs.
        const uint32_t count = lesser(size - done, COPY_BYTES);
        memcpy(piece, from + done, count);
        status = fr_flash_program(flash, to + done, piece, count);
    }
    return status;
}

/// What is only in scratch after this commit, and was not before, pushes the oldest page out.
static fr_status_t copy_oldest(const fr_rewrite_t* rewrite) {
    const uint32_t count = pages_in_slot(rewrite);
    return count != 0 ? copy_to_slot(rewrite, count - 1u) : FR_OK;
}

fr_status_t fr_rewrite_forget(const fr_flash_t* flash, const fr_layout_t* layout) {
    fr_status_t status = FR_OK;
    for (uint32_t which = 0; status == FR_OK && which < 2u; ++which) {
        const uint32_t offset = layout->checkpoints + which * layout->checkpoint_bytes;
        if (!fr_flash_is_erased(flash, offset, FR_CHECKPOINT_HEADER_BYTES)) {
            status = fr_flash_erase(flash, offset, layout->checkpoint_bytes);
        }
    }
    return status;
}

/// Pages of a checkpoint that counts; 0 for none.
static uint32_t pages_at(const fr_rewrite_t* rewrite, uint32_t which) {
    const uint8_t* header = fr_flash_map(rewrite->flash, checkpoint_of(rewrite, which));
    const uint32_t pages = fr_load32(header + 16);
    const uint32_t size = fr_load32(header + 20);
    if (fr_load32(header) != CHECKPOINT_MAGIC || fr_load32(header + 8) != rewrite->id.tag ||
        fr_load32(header + 12) != rewrite->id.size_bytes || (pages & 1u) != which ||
        fr_load32(header + 24) != rewrite->id.task_index ||
        fr_load32(header + 28) != rewrite->id.form || pages > pages_of_content(rewrite) ||
        size > rewrite->checkpoint_bytes - FR_CHECKPOINT_HEADER_BYTES) {
        return 0;
    }
    const uint32_t covered = FR_CHECKPOINT_HEADER_BYTES - 8u + size;
    return fr_load32(header + 4) == fr_crc32(0, header + 8, covered) ? pages : 0;
}

fr_status_t fr_rewrite_open(fr_rewrite_t* rewrite, const fr_flash_t* flash,
                            const fr_layout_t* layout, const fr_rewrite_id_t* id) {
    memset(rewrite, 0, sizeof *rewrite);
    if (layout->scratch_pages < FR_REWRITE_AHEAD_PAGES) {
        return FR_ERROR_STATE;
    }
    if (id->size_bytes > layout->slot_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    rewrite->flash = flash;
    rewrite->id = *id;
    // Pages in other places would be other pages: a checkpoint is one of this layout.
    rewrite->id.form = fr_crc32(id->form, (const uint8_t*)layout, sizeof *layout);
    rewrite->slot = layout->slots + id->task_index * layout->slot_bytes;
    rewrite->page_bytes = layout->page_bytes;
    rewrite->scratch = layout->scratch;
    rewrite->scratch_pages = layout->scratch_pages;
    rewrite->checkpoints = layout->checkpoints;
    rewrite->checkpoint_bytes = layout->checkpoint_bytes;
    const uint32_t even = pages_at(rewrite, 0);
    const uint32_t odd = pages_at(rewrite, 1);
    rewrite->pages_done = even > odd ? even : odd;
    if (rewrite->pages_done == 0) {
        return FR_OK;
    }
    rewrite->state_bytes =
        fr_load32(fr_flash_map(flash, checkpoint_of(rewrite, rewrite->pages_done)) + 20);
    return copy_oldest(rewrite);
}

const uint8_t* fr_rewrite_state(const fr_rewrite_t* rewrite) {
    return rewrite->pages_done != 0
               ? fr_flash_map(rewrite->flash, checkpoint_of(rewrite, rewrite->pages_done) +
                                                  FR_CHECKPOINT_HEADER_BYTES)
               : NULL;
}

uint32_t fr_rewrite_room(const fr_rewrite_t* rewrite) {
    return bytes_in_page(rewrite, rewrite->pages_done) - rewrite->writer.written;
}

/// A page's scratch is erased right before its first byte.
static fr_status_t begin_page(fr_rewrite_t* rewrite) {
    rewrite->writer.flash = rewrite->flash;
    rewrite->writer.offset = scratch_of(rewrite, rewrite->pages_done);
    rewrite->writer.capacity = bytes_in_page(rewrite, rewrite->pages_done);
    return fr_flash_erase(rewrite->flash, rewrite->writer.offset, rewrite->page_bytes);
}

fr_status_t fr_rewrite_add(fr_rewrite_t* rewrite, const uint8_t* bytes, uint32_t size) {
    if (size > fr_rewrite_room(rewrite)) {
        return FR_ERROR_NO_SPACE;
    }
    const fr_status_t status = rewrite->writer.flash == NULL ? begin_page(rewrite) : FR_OK;
    return status == FR_OK ? fr_slot_writer_add(&rewrite->writer, bytes, size) : status;
}

static fr_status_t write_checkpoint(const fr_rewrite_t* rewrite, const uint8_t* state,
                                    uint32_t size) {
    uint8_t header[FR_CHECKPOINT_HEADER_BYTES] = {0};
    const uint32_t pages = rewrite->pages_done + 1u;
    const uint32_t offset = checkpoint_of(rewrite, pages);
    fr_store32(header, CHECKPOINT_MAGIC);
    fr_store32(header + 8, rewrite->id.tag);
    fr_store32(header + 12, rewrite->id.size_bytes);
    fr_store32(header + 16, pages);
    fr_store32(header + 20, size);
    fr_store32(header + 24, rewrite->id.task_index);
    fr_store32(header + 28, rewrite->id.form);
    fr_store32(header + 4, fr_crc32(fr_crc32(0, header + 8, sizeof header - 8u), state, size));
    fr_status_t status = fr_flash_erase(rewrite->flash, offset, rewrite->checkpoint_bytes);
    if (status == FR_OK) {
        status = fr_flash_program(rewrite->flash, offset + sizeof header, state, size);
    }
    return status == FR_OK ? fr_flash_program(rewrite->flash, offset, header, sizeof header)
                           : status;
}

fr_status_t fr_rewrite_commit(fr_rewrite_t* rewrite, const uint8_t* state, uint32_t size) {
    if (rewrite->writer.flash == NULL || fr_rewrite_room(rewrite) != 0) {
        return FR_ERROR_STATE;
    }
    if (size > rewrite->checkpoint_bytes - FR_CHECKPOINT_HEADER_BYTES) {
        return FR_ERROR_NO_SPACE;
    }
    fr_status_t status = fr_slot_writer_finish(&rewrite->writer);
    if (status == FR_OK) {
        status = write_checkpoint(rewrite, state, size);
    }
    if (status != FR_OK) {
        return status;
    }
    rewrite->pages_done += 1u;
    rewrite->state_bytes = size;
    memset(&rewrite->writer, 0, sizeof rewrite->writer);
    return copy_oldest(rewrite);
}

uint32_t fr_rewrite_committed(const fr_rewrite_t* rewrite) {
    return lesser(rewrite->pages_done * rewrite->page_bytes, rewrite->id.size_bytes);
}

bool fr_rewrite_is_last_page(const fr_rewrite_t* rewrite) {
    return fr_rewrite_room(rewrite) == 0 &&
           fr_rewrite_committed(rewrite) + rewrite->writer.written == rewrite->id.size_bytes;
}

bool fr_rewrite_is_complete(const fr_rewrite_t* rewrite) {
    return bytes_in_page(rewrite, rewrite->pages_done) == 0;
}

fr_status_t fr_rewrite_finish(fr_rewrite_t* rewrite) {
    if (!fr_rewrite_is_complete(rewrite) || fr_rewrite_is_finished(rewrite)) {
        return FR_ERROR_STATE;
    }
    const fr_status_t status = copy_to_slot(rewrite, pages_in_slot(rewrite));
    rewrite->pages_finished += status == FR_OK ? 1u : 0u;
    return status;
}

bool fr_rewrite_is_finished(const fr_rewrite_t* rewrite) {
    return fr_rewrite_is_complete(rewrite) && pages_in_slot(rewrite) == rewrite->pages_done;
}

uint32_t fr_rewrite_floor(const fr_rewrite_t* rewrite) {
    return pages_in_slot(rewrite) * rewrite->page_bytes;
}

fr_status_t fr_rewrite_read(const fr_rewrite_t* rewrite, uint32_t offset, uint8_t* out,
                            uint32_t size) {
    const uint32_t end = rewrite->pages_done * rewrite->page_bytes + rewrite->writer.written;
    if (size > end || offset > end - size) {
        return FR_ERROR_ARGUMENT;
    }
    while (size != 0) {
        const uint32_t page = offset / rewrite->page_bytes;
        const uint32_t at = offset % rewrite->page_bytes;
        const uint32_t count = lesser(size, rewrite->page_bytes - at);
        if (page == rewrite->pages_done) {
            const fr_status_t status = fr_slot_writer_read(&rewrite->writer, at, out, count);
            if (status != FR_OK) {
                return status;
            }
        } else {
            const bool is_in_slot = page < pages_in_slot(rewrite);
            const uint32_t from =
                is_in_slot ? rewrite->slot + offset : scratch_of(rewrite, page) + at;
            memcpy(out, fr_flash_map(rewrite->flash, from), count);
        }
        offset += count;
        out += count;
        size -= count;
    }
    return FR_OK;
}
