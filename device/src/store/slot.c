// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/store.h"

static uint32_t slot_offset(const fr_layout_t* layout, uint32_t task_index, uint32_t slot) {
    return layout->slots + (layout->slot_count * task_index + slot) * layout->slot_bytes;
}

const uint8_t* fr_slot_bytes(const fr_flash_t* flash, const fr_layout_t* layout,
                             uint32_t task_index, uint32_t slot) {
    return fr_flash_map(flash, slot_offset(layout, task_index, slot));
}

fr_status_t fr_slot_writer_begin(fr_slot_writer_t* writer, const fr_flash_t* flash,
                                 const fr_layout_t* layout, uint32_t task_index, uint32_t slot,
                                 uint32_t size) {
    memset(writer, 0, sizeof *writer);
    if (size > layout->slot_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    writer->flash = flash;
    writer->offset = slot_offset(layout, task_index, slot);
    writer->capacity = size;
    const uint32_t sector = flash->sector_size;
    return fr_flash_erase(flash, writer->offset, (size + sector - 1u) & ~(sector - 1u));
}

static fr_status_t flush_word(fr_slot_writer_t* writer) {
    const uint32_t start = (writer->written - 1u) & ~(FR_FLASH_WORD - 1u);
    return fr_flash_program(writer->flash, writer->offset + start, writer->word, FR_FLASH_WORD);
}

fr_status_t fr_slot_writer_add(fr_slot_writer_t* writer, const uint8_t* bytes, uint32_t size) {
    if (size > writer->capacity - writer->written) {
        return FR_ERROR_NO_SPACE;
    }
    while (size != 0) {
        const uint32_t fill = writer->written % FR_FLASH_WORD;
        uint32_t count = size & ~(FR_FLASH_WORD - 1u);
        fr_status_t status = FR_OK;
        if (fill == 0 && count != 0) {
            status =
                fr_flash_program(writer->flash, writer->offset + writer->written, bytes, count);
            writer->written += count;
        } else {
            count = size < FR_FLASH_WORD - fill ? size : FR_FLASH_WORD - fill;
            memcpy(writer->word + fill, bytes, count);
            writer->written += count;
            status = writer->written % FR_FLASH_WORD == 0 ? flush_word(writer) : FR_OK;
        }
        if (status != FR_OK) {
            return status;
        }
        bytes += count;
        size -= count;
    }
    return FR_OK;
}

fr_status_t fr_slot_writer_read(const fr_slot_writer_t* writer, uint32_t offset, uint8_t* out,
                                uint32_t size) {
    if (size > writer->written || offset > writer->written - size) {
        return FR_ERROR_ARGUMENT;
    }
    const uint32_t programmed = writer->written & ~(FR_FLASH_WORD - 1u);
    const uint8_t* bytes = fr_flash_map(writer->flash, writer->offset);
    for (uint32_t i = 0; i < size; ++i) {
        const uint32_t at = offset + i;
        out[i] = at < programmed ? bytes[at] : writer->word[at - programmed];
    }
    return FR_OK;
}

fr_status_t fr_slot_writer_finish(fr_slot_writer_t* writer) {
    const uint32_t fill = writer->written % FR_FLASH_WORD;
    if (fill == 0) {
        return FR_OK;
    }
    memset(writer->word + fill, 0xFF, FR_FLASH_WORD - fill);
    return flush_word(writer);
}
