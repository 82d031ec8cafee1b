// SPDX-License-Identifier: Apache-2.0
#include "frugal/rewrite.h"

// Newest records of a task: two manifests with signatures, their two policies and one in the
// shadow, each with its header, 2,448 bytes if all are as long as can be. On top of that the offer
// in work (1,168), former tasks (152) and room for more than a dozen state records between
// compactions. For every task a build may have, so that a firmware with another number of them
// finds the log where it was.
#define RECORD_BYTES (2500u * FR_TASKS_MAX + 3100u)
#define JOURNAL_HEADER_BYTES 96u
#define STATE_BYTES_MAX 65536u

static uint32_t round_up(uint32_t value, uint32_t unit) {
    return (value + unit - 1u) & ~(unit - 1u);
}

static bool is_power_of_two(uint32_t value) {
    return value != 0 && (value & (value - 1u)) == 0;
}

static bool shape_is_valid(const fr_store_shape_t* shape) {
    return is_power_of_two(shape->sector_size) && shape->sector_size >= FR_FLASH_SECTOR_MIN &&
           shape->sector_size <= FR_FLASH_SECTOR_MAX && shape->task_count >= 1 &&
           shape->task_count <= FR_TASKS_MAX && shape->slot_bytes >= 64 &&
           shape->slot_bytes <= FR_ARTIFACT_SIZE_MAX && shape->staging_bytes >= 64 &&
           shape->staging_bytes <= FR_ARTIFACT_SIZE_MAX && is_power_of_two(shape->block_bytes) &&
           shape->block_bytes >= FR_BLOCK_SIZE_MIN && shape->block_bytes <= FR_BLOCK_SIZE_MAX &&
           shape->decision_sectors >= 2 && shape->decision_sectors <= 256 && shape->slots >= 1 &&
           shape->slots <= FR_SLOTS && shape->reach_bytes <= FR_ARTIFACT_SIZE_MAX &&
           shape->state_bytes <= STATE_BYTES_MAX;
}

/// Two slots need nothing to rewrite them; one needs a page to write, one that may have to be
/// copied again, and those that keep the old content readable.
static void lay_out_slots(fr_layout_t* layout, const fr_store_shape_t* shape, uint32_t unit) {
    const bool is_single = shape->slots == 1;
    layout->slot_count = shape->slots;
    layout->slot_bytes = round_up(shape->slot_bytes, is_single ? unit : shape->sector_size);
    const uint32_t end = layout->slots + shape->slots * shape->task_count * layout->slot_bytes;
    layout->page_bytes = unit;
    layout->scratch = end;
    layout->scratch_pages =
        is_single ? FR_REWRITE_AHEAD_PAGES + round_up(shape->reach_bytes, unit) / unit : 0;
    layout->checkpoints = end + layout->scratch_pages * unit;
    layout->checkpoint_bytes =
        is_single ? round_up(FR_CHECKPOINT_HEADER_BYTES + shape->state_bytes, shape->sector_size)
                  : 0;
    layout->total_bytes = layout->checkpoints + 2u * layout->checkpoint_bytes;
}

fr_status_t fr_layout_init(fr_layout_t* layout, const fr_store_shape_t* shape) {
    if (!shape_is_valid(shape)) {
        return FR_ERROR_ARGUMENT;
    }
    const uint32_t sector = shape->sector_size;
    const uint32_t unit = sector > FR_BLOCK_SIZE_MAX ? sector : FR_BLOCK_SIZE_MAX;
    layout->record_side_bytes = round_up(RECORD_BYTES, sector);
    layout->decision_sectors = shape->decision_sectors;
    layout->staging_bytes = round_up(shape->staging_bytes, unit);
    layout->journal_bytes =
        round_up(JOURNAL_HEADER_BYTES + layout->staging_bytes / sector * FR_FLASH_WORD, sector);

    layout->records = 0;
    layout->decisions = 2u * layout->record_side_bytes;
    layout->journal = layout->decisions + layout->decision_sectors * sector;
    layout->staging = layout->journal + layout->journal_bytes;
    layout->slots = layout->staging + layout->staging_bytes;
    lay_out_slots(layout, shape, unit);
    return FR_OK;
}
