// SPDX-License-Identifier: Apache-2.0
// Reading and writing little-endian integers at any alignment. Pure; internal to the node library.
#ifndef FRUGAL_BYTES_LITTLE_ENDIAN_H
#define FRUGAL_BYTES_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint32_t fr_load16(const uint8_t* bytes) {
    return (uint32_t)bytes[0] | ((uint32_t)bytes[1] << 8);
}

static inline uint32_t fr_load32(const uint8_t* bytes) {
    return fr_load16(bytes) | (fr_load16(bytes + 2) << 16);
}

static inline uint64_t fr_load64(const uint8_t* bytes) {
    return (uint64_t)fr_load32(bytes) | ((uint64_t)fr_load32(bytes + 4) << 32);
}

static inline void fr_store16(uint8_t* bytes, uint32_t value) {
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void fr_store32(uint8_t* bytes, uint32_t value) {
    fr_store16(bytes, value);
    fr_store16(bytes + 2, value >> 16);
}

static inline void fr_store64(uint8_t* bytes, uint64_t value) {
    fr_store32(bytes, (uint32_t)value);
    fr_store32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
