// SPDX-License-Identifier: Apache-2.0
// Port parts for a host process: ES256 by OpenSSL, randomness by OpenSSL, flash in RAM. Used by the
// example and by tests; any thread, as long as each flash has one user at a time.
#ifndef FRUGAL_PORT_HOST_OPENSSL_H
#define FRUGAL_PORT_HOST_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include "frugal/flash.h"

#ifdef __cplusplus
extern "C" {
#endif

/// For fr_port_t.verify_es256; `context` is not used.
bool fr_host_verify_es256(void* context, const uint8_t public_key[65], const uint8_t digest[32],
                          const uint8_t signature[64]);

/// For fr_port_t.random32; `context` is not used.
uint32_t fr_host_random32(void* context);

/// Flash in memory of the caller.
typedef struct {
    uint8_t* bytes;
    uint32_t size;
    uint32_t sector_size;
} fr_host_flash_t;

/// Makes a flash port of it. The memory is taken as it is: fill it with 0xFF for blank flash.
fr_flash_t fr_host_flash(fr_host_flash_t* flash);

#ifdef __cplusplus
}
#endif

#endif
