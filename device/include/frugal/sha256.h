// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) over a stream of bytes. The caller owns the state, one per digest; any
// thread, one at a time. It allocates nothing, keeps no global and cannot fail.
#ifndef FRUGAL_SHA256_H
#define FRUGAL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// State of one running digest. The members are private to sha256.c, but the struct is plain
/// data: copying it forks the digest.
typedef struct {
    uint32_t state[8];
    uint64_t total_bytes;
    uint8_t block[64];
} fr_sha256_t;

/// Starts a new digest; everything `sha` held before is forgotten.
void fr_sha256_init(fr_sha256_t* sha);

/// Adds `size` bytes. `data` may be null when `size` is 0.
void fr_sha256_update(fr_sha256_t* sha, const void* data, size_t size);

/// Writes the digest of all bytes added. The state must be initialized again before its next use.
void fr_sha256_final(fr_sha256_t* sha, uint8_t out[32]);

/// The digest of one buffer.
void fr_sha256(const void* data, size_t size, uint8_t out[32]);

#ifdef __cplusplus
}
#endif

#endif
