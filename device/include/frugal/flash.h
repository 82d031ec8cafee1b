// SPDX-License-Identifier: Apache-2.0
// The flash port: what the node library needs of a memory-mapped NOR flash. The application fills
// this table in once; the node calls it from whichever thread calls the node, never re-entrantly.
// Offsets are relative to the region the application gives the node, which must be at least
// fr_node_flash_size() bytes and belongs to the node alone.
//
// What the node relies on, and all it relies on:
//  - erase() sets a whole sector to 0xFF; interrupted, the sector's content is arbitrary.
//  - program() writes erased bytes only, in units of FR_FLASH_WORD; interrupted, the unit being
//    written is arbitrary, earlier units of the call are written and later ones untouched.
//  - map() reads back what was written. The pointer stays valid for the life of the node.
//  - a failed call (FR_ERROR_STORAGE) leaves what an interrupted one would.
// The node never programs a unit twice between two erases of its sector.
#ifndef FRUGAL_FLASH_H
#define FRUGAL_FLASH_H

#include <stdint.h>

#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_FLASH_WORD 8u            ///< program granularity: offsets and sizes are multiples of it
#define FR_FLASH_SECTOR_MIN 512u    ///< smallest erase sector; sectors are a power of two
#define FR_FLASH_SECTOR_MAX 65536u  ///< largest erase sector

typedef struct {
    uint32_t sector_size;  ///< bytes one erase() clears; a power of two within the limits above
    uint32_t size;         ///< bytes of the region, a multiple of sector_size
    void* context;         ///< handed to the functions below

    /// Address of the byte at `offset`; bytes up to `size` of the region follow it in memory.
    const uint8_t* (*map)(void* context, uint32_t offset);

    /// Erases the sector that starts at `offset` (a multiple of sector_size).
    fr_status_t (*erase)(void* context, uint32_t offset);

    /// Programs `size` bytes at `offset`, both multiples of FR_FLASH_WORD; `bytes` has any
    /// alignment and never points into the flash region.
    fr_status_t (*program)(void* context, uint32_t offset, const uint8_t* bytes, uint32_t size);
} fr_flash_t;

#ifdef __cplusplus
}
#endif

#endif
