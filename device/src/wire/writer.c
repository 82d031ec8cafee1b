// SPDX-License-Identifier: Apache-2.0
#include "wire/writer.h"

#include <string.h>

#define WIRE_VARINT 0u
#define WIRE_FIXED64 1u
#define WIRE_LENGTH 2u

void fr_writer_init(fr_writer_t* writer, uint8_t* bytes, size_t capacity) {
    writer->bytes = bytes;
    writer->capacity = capacity;
    writer->size = 0;
    writer->failed = false;
}

size_t fr_writer_size(const fr_writer_t* writer) {
    return writer->failed ? 0 : writer->size;
}

static void put(fr_writer_t* writer, const uint8_t* bytes, size_t size) {
    if (writer->failed || size > writer->capacity - writer->size) {
        writer->failed = true;
        return;
    }
    if (size != 0) {
        memcpy(writer->bytes + writer->size, bytes, size);
    }
    writer->size += size;
}

static size_t make_varint(uint8_t bytes[10], uint64_t value) {
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    return size;
}

void fr_write_element(fr_writer_t* writer, uint64_t value) {
    uint8_t bytes[10];
    put(writer, bytes, make_varint(bytes, value));
}

static void put_tag(fr_writer_t* writer, uint32_t field, uint32_t wire_type) {
    fr_write_element(writer, field << 3 | wire_type);
}

void fr_write_present_varint(fr_writer_t* writer, uint32_t field, uint64_t value) {
    put_tag(writer, field, WIRE_VARINT);
    fr_write_element(writer, value);
}

void fr_write_varint(fr_writer_t* writer, uint32_t field, uint64_t value) {
    if (value != 0) {
        fr_write_present_varint(writer, field, value);
    }
}

void fr_write_fixed64(fr_writer_t* writer, uint32_t field, uint64_t value) {
    if (value == 0) {
        return;
    }
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    put_tag(writer, field, WIRE_FIXED64);
    put(writer, bytes, sizeof bytes);
}

void fr_write_bytes(fr_writer_t* writer, uint32_t field, const uint8_t* bytes, size_t size) {
    if (size != 0) {
        put_tag(writer, field, WIRE_LENGTH);
        fr_write_element(writer, size);
        put(writer, bytes, size);
    }
}

void fr_write_text(fr_writer_t* writer, uint32_t field, const char* text) {
    size_t size = 0;
    while (text[size] != '\0') {
        ++size;
    }
    fr_write_bytes(writer, field, (const uint8_t*)text, size);
}

size_t fr_write_begin(fr_writer_t* writer, uint32_t field) {
    put_tag(writer, field, WIRE_LENGTH);
    return writer->size;
}

void fr_write_end(fr_writer_t* writer, size_t mark) {
    if (writer->failed) {
        return;
    }
    // The content stands where its length belongs: move it by as much as the length takes.
    uint8_t length[10];
    const size_t content = writer->size - mark;
    const size_t shift = make_varint(length, content);
    if (shift > writer->capacity - writer->size) {
        writer->failed = true;
        return;
    }
    memmove(writer->bytes + mark + shift, writer->bytes + mark, content);
    memcpy(writer->bytes + mark, length, shift);
    writer->size += shift;
}
