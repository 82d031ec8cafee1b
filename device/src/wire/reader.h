// SPDX-License-Identifier: Apache-2.0
// Reads Protobuf by a table of fields into a plain struct. Strict: fields ascend and come once,
// varints are shortest, defaults are left out, unknown fields and out-of-range values are refused,
// so that one struct has one encoding. Bounded: recursion as deep as the tables (two levels), work
// linear in the input. Byte fields become views; nothing is copied. Pure; any thread.
#ifndef FRUGAL_WIRE_READER_H
#define FRUGAL_WIRE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "frugal/status.h"
#include "frugal/wire.h"

typedef enum {
    FR_FIELD_UINT32,    // varint into uint32_t; limit: largest value, 0 for none
    FR_FIELD_UINT64,    // varint into uint64_t
    FR_FIELD_FIXED32,   // into uint32_t
    FR_FIELD_FIXED64,   // into uint64_t
    FR_FIELD_BYTES,     // into fr_view_t; limit: exact size
    FR_FIELD_CONTENT,   // into fr_view_t; limit: largest size
    FR_FIELD_MESSAGE,   // into a struct by `nested`
    FR_FIELD_MESSAGES,  // into an array of `limit` structs by `nested`
    FR_FIELD_NUMBERS    // packed varints into an array of `limit` uint32_t
} fr_field_kind_t;

struct fr_message_table;

typedef struct {
    uint8_t number;  // 1..15
    uint8_t kind;
    uint16_t offset;  // of the member
    uint32_t limit;
    uint16_t count_offset;  // of the uint32_t element count, for arrays
    const struct fr_message_table* nested;
} fr_field_t;

typedef struct fr_message_table {
    const fr_field_t* fields;  // ascending by number
    uint16_t field_count;
    uint16_t struct_size;
} fr_message_table_t;

/// Zeroes `out`, then reads all of `bytes` into it.
FR_MUST_USE fr_status_t fr_read_message(const fr_message_table_t* table, void* out,
                                        const uint8_t* bytes, size_t size);

#endif
