// SPDX-License-Identifier: Apache-2.0
// Writes Protobuf into the caller's buffer: ascending fields, defaults left out, shortest varints.
// One writer per message, on the stack. Too small a buffer sets `failed`; nothing is written past
// it.
#ifndef FRUGAL_WIRE_WRITER_H
#define FRUGAL_WIRE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t* bytes;
    size_t capacity;
    size_t size;
    bool failed;
} fr_writer_t;

void fr_writer_init(fr_writer_t* writer, uint8_t* bytes, size_t capacity);

/// Bytes written, or 0 if they did not fit.
size_t fr_writer_size(const fr_writer_t* writer);

/// Scalar fields: left out when zero.
void fr_write_varint(fr_writer_t* writer, uint32_t field, uint64_t value);
void fr_write_fixed64(fr_writer_t* writer, uint32_t field, uint64_t value);

/// A varint field with explicit presence: written also when zero.
void fr_write_present_varint(fr_writer_t* writer, uint32_t field, uint64_t value);

/// Bytes or text: left out when empty.
void fr_write_bytes(fr_writer_t* writer, uint32_t field, const uint8_t* bytes, size_t size);
void fr_write_text(fr_writer_t* writer, uint32_t field, const char* text);

/// A message within a message, or a packed array of varints: everything written between begin and
/// end. `mark` remembers the place.
size_t fr_write_begin(fr_writer_t* writer, uint32_t field);
void fr_write_end(fr_writer_t* writer, size_t mark);

/// One element of a packed array.
void fr_write_element(fr_writer_t* writer, uint64_t value);

#endif
