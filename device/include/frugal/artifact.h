// SPDX-License-Identifier: Apache-2.0
// Where things are in an artifact (proto/ARTIFACT.md): a list of block digests, then the payload.
//
//   artifact = list || payload, cut into blocks of block_bytes; block i starts at i * block_bytes
//   list     = one entry of 8 bytes per block, entry i = the leading 8 bytes of SHA-256 over what
//              block i carries behind the list (nothing, if it lies wholly inside the list)
//
// The list is trusted only after its SHA-256 equals the list digest that came with the offer.
// An artifact of at most FR_ARTIFACT_UNLISTED_MAX bytes has no list: the list digest is that of the
// whole, and a bad block costs all of its few bytes again, less than a list would cost every time.
// Pure functions on the caller's memory, any thread; nothing here reads or writes flash.
#ifndef FRUGAL_ARTIFACT_H
#define FRUGAL_ARTIFACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/limits.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Longest artifact without a list: a model of 2 KB that does not compress, in 9 blocks of 256.
#define FR_ARTIFACT_UNLISTED_MAX 2304u

/// Everything that follows from an artifact's size and block size.
typedef struct {
    uint32_t size_bytes;
    uint32_t block_bytes;
    uint32_t block_count;
    uint32_t list_bytes;     ///< also where the payload begins; 0: there is no list
    uint32_t first_bytes;    ///< what the list digest covers: the list, or all where there is none
    uint32_t first_blocks;   ///< blocks 0..first_blocks-1 carry that, and are checked together
    uint32_t payload_bytes;  ///< at least 1
} fr_artifact_layout_t;

/// Derives the layout from the size of the whole artifact, as an offer states it.
/// @return FR_OK; FR_ERROR_LIMIT when the block size is not a power of two between
///         FR_BLOCK_SIZE_MIN and FR_BLOCK_SIZE_MAX or the size is above FR_ARTIFACT_SIZE_MAX;
///         FR_ERROR_MALFORMED when no payload fits that size, or one that needs no list.
FR_MUST_USE fr_status_t fr_artifact_layout(uint32_t size_bytes, uint32_t block_bytes,
                                           fr_artifact_layout_t* layout);

/// Derives the layout from the size of the payload, as the builder knows it.
/// @return as fr_artifact_layout().
FR_MUST_USE fr_status_t fr_artifact_layout_of_payload(uint32_t payload_bytes, uint32_t block_bytes,
                                                      fr_artifact_layout_t* layout);

/// Bytes of block `index`: block_bytes, or fewer for the last one; 0 when there is no such block.
uint32_t fr_artifact_block_bytes(const fr_artifact_layout_t* layout, uint32_t index);

/// Bytes at the front of block `index` that belong to the list; the rest is payload.
uint32_t fr_artifact_list_part(const fr_artifact_layout_t* layout, uint32_t index);

/// Offset of the block's list entry from the start of the artifact.
uint32_t fr_artifact_entry_offset(uint32_t index);

/// Checks the first part as a whole: the list, or all of an artifact without one.
/// @return FR_OK, or FR_ERROR_DIGEST.
FR_MUST_USE fr_status_t fr_artifact_verify_first(const uint8_t* first, uint32_t first_bytes,
                                                 const uint8_t list_digest[FR_SHA256_SIZE]);

/// Checks the payload part of one whole block against its entry of a verified list. There must be a
/// list.
/// @param block all fr_artifact_block_bytes() of it
/// @return FR_OK; FR_ERROR_ARGUMENT when there is no such block or `size` is not its size;
///         FR_ERROR_DIGEST when it is not the block the list names.
FR_MUST_USE fr_status_t fr_artifact_verify_block(const fr_artifact_layout_t* layout, uint32_t index,
                                                 const uint8_t* block, uint32_t size,
                                                 const uint8_t entry[FR_BLOCK_DIGEST_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
