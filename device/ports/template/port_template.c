// SPDX-License-Identifier: Apache-2.0
// A port to fill in: copy this file, replace every body. Nothing else of the library needs porting.
// It compiles as it is and behaves like a device whose flash, radio and entropy are all broken, so
// that a forgotten body fails loudly at fr_node_boot() and not in the field.
#include "port_template.h"

#include <stddef.h>

// Address of a byte of the region you give the node. External flash that is not memory-mapped needs
// a cache here: the model runs from this memory.
static const uint8_t* flash_map(void* context, uint32_t offset) {
    (void)context;
    (void)offset;
    static const uint8_t kNothing[1] = {0};
    return kNothing;
}

// Erase one sector; wait until it is done; FR_ERROR_STORAGE if the controller reports a failure.
static fr_status_t flash_erase(void* context, uint32_t offset) {
    (void)context;
    (void)offset;
    return FR_ERROR_STORAGE;
}

// Program `size` bytes, both multiples of 8. `bytes` may be unaligned and never lies in flash.
static fr_status_t flash_program(void* context, uint32_t offset, const uint8_t* bytes,
                                 uint32_t size) {
    (void)context;
    (void)offset;
    (void)bytes;
    (void)size;
    return FR_ERROR_STORAGE;
}

// ES256 over a digest: Mbed TLS, micro-ecc, a secure element. Must be right, need not be fast:
// it runs once for each offer, policy and boot.
static bool verify_es256(void* context, const uint8_t public_key[65], const uint8_t digest[32],
                         const uint8_t signature[64]) {
    (void)context;
    (void)public_key;
    (void)digest;
    (void)signature;
    return false;
}

// True randomness: the stream id is made of it, and two devices must not draw the same.
static uint32_t random32(void* context) {
    (void)context;
    return 0;
}

// Hand the payload to the MQTT client: topic by fr_topic_up(), hello QoS 1, the others QoS 0. Copy
// it if you keep it: it is only valid during the call. False if it cannot be taken now.
static bool publish(void* context, fr_up_kind_t kind, const uint8_t* payload, size_t size) {
    (void)context;
    (void)kind;
    (void)payload;
    (void)size;
    return false;
}

fr_port_t fr_port_template(void) {
    const fr_port_t port = {
        .context = NULL,
        .flash = {.sector_size = 4096,
                  .size = 0,
                  .context = NULL,
                  .map = flash_map,
                  .erase = flash_erase,
                  .program = flash_program},
        .verify_es256 = verify_es256,
        .random32 = random32,
        .publish = publish,
        // Optional: see frugal/port.h for subscribe_shared, environment, decided, phase_changed,
        // reset_watchdog.
    };
    return port;
}
