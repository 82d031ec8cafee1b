// SPDX-License-Identifier: Apache-2.0
// A bounds-checked reader of FlatBuffers bytes that may be hostile. A reader is a small value on
// the stack; the first access that would leave the file marks it damaged, and from then on every
// accessor returns zero: callers read on and ask once at the end. It never writes or allocates.
#ifndef FRUGAL_RUNTIME_FLAT_H
#define FRUGAL_RUNTIME_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t* bytes;
    uint32_t size;
    bool damaged;
} fr_flat_t;

/// A table inside the file; position 0 stands for an absent table, whose fields are all absent.
typedef struct {
    uint32_t position;
    uint32_t vtable;
    uint16_t vtable_size;
    uint16_t table_size;
} fr_flat_table_t;

/// A vector inside the file; an absent vector has count 0.
typedef struct {
    uint32_t position;  ///< of element 0
    uint32_t count;
} fr_flat_vector_t;

fr_flat_t fr_flat_reader(const uint8_t* bytes, uint32_t size);

uint8_t fr_flat_u8(fr_flat_t* flat, uint32_t position);
uint16_t fr_flat_u16(fr_flat_t* flat, uint32_t position);
uint32_t fr_flat_u32(fr_flat_t* flat, uint32_t position);

/// The table at `position`, its vtable checked against the file.
fr_flat_table_t fr_flat_table_at(fr_flat_t* flat, uint32_t position);

/// The table an offset element (of a vector of tables, or the root) points to.
fr_flat_table_t fr_flat_table_from(fr_flat_t* flat, uint32_t offset_position);

/// Position of a field's inline bytes, or 0 if the field is absent.
uint32_t fr_flat_field(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                       uint32_t width);

uint8_t fr_flat_field_u8(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                         uint8_t absent);
uint32_t fr_flat_field_u32(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                           uint32_t absent);
fr_flat_table_t fr_flat_field_table(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field);

/// A vector of `element_size` bytes each, wholly inside the file.
fr_flat_vector_t fr_flat_field_vector(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                                      uint32_t element_size);

/// Little-endian loads from bytes already known to be readable.
static inline uint16_t fr_load_u16(const uint8_t* bytes) {
    return (uint16_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8);
}

static inline uint32_t fr_load_u32(const uint8_t* bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static inline int32_t fr_load_i32(const uint8_t* bytes) {
    return (int32_t)fr_load_u32(bytes);
}

static inline void fr_store_u32(uint8_t* bytes, uint32_t value) {
    bytes[0] = (uint8_t)(value & 0xffu);
    bytes[1] = (uint8_t)((value >> 8) & 0xffu);
    bytes[2] = (uint8_t)((value >> 16) & 0xffu);
    bytes[3] = (uint8_t)(value >> 24);
}

#endif
