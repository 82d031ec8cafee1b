// SPDX-License-Identifier: Apache-2.0
#include "wire/reader.h"

#include <string.h>

#include "bytes/little_endian.h"

#define WIRE_VARINT 0u
#define WIRE_FIXED64 1u
#define WIRE_LENGTH 2u
#define WIRE_FIXED32 5u

typedef struct {
    const uint8_t* bytes;
    size_t left;
} input_t;

static fr_status_t read_varint(input_t* input, uint64_t* value) {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (input->left == 0) {
            return FR_ERROR_TRUNCATED;
        }
        const uint8_t byte = *input->bytes++;
        input->left -= 1;
        if (shift == 63 && byte > 1) {
            return FR_ERROR_MALFORMED;
        }
        result |= (uint64_t)(byte & 0x7Fu) << shift;
        if (byte < 0x80) {
            *value = result;
            return byte == 0 && shift != 0 ? FR_ERROR_MALFORMED : FR_OK;
        }
    }
    return FR_ERROR_MALFORMED;
}

static fr_status_t read_view(input_t* input, fr_view_t* view) {
    uint64_t size = 0;
    const fr_status_t status = read_varint(input, &size);
    if (status != FR_OK) {
        return status;
    }
    if (size > input->left) {
        return FR_ERROR_TRUNCATED;
    }
    view->bytes = input->bytes;
    view->size = (uint32_t)size;
    input->bytes += (size_t)size;
    input->left -= (size_t)size;
    return FR_OK;
}

static uint32_t wire_type_of(fr_field_kind_t kind) {
    switch (kind) {
        case FR_FIELD_UINT32:
        case FR_FIELD_UINT64:
            return WIRE_VARINT;
        case FR_FIELD_FIXED32:
            return WIRE_FIXED32;
        case FR_FIELD_FIXED64:
            return WIRE_FIXED64;
        default:
            return WIRE_LENGTH;
    }
}

static fr_status_t read_number(input_t* input, const fr_field_t* field, uint64_t* value) {
    const uint32_t width = field->kind == FR_FIELD_FIXED32 ? 4u : 8u;
    if (wire_type_of((fr_field_kind_t)field->kind) == WIRE_VARINT) {
        const fr_status_t status = read_varint(input, value);
        if (status != FR_OK) {
            return status;
        }
    } else if (input->left < width) {
        return FR_ERROR_TRUNCATED;
    } else {
        *value = width == 4u ? fr_load32(input->bytes) : fr_load64(input->bytes);
        input->bytes += width;
        input->left -= width;
    }
    const bool is_wide = field->kind == FR_FIELD_UINT64 || field->kind == FR_FIELD_FIXED64;
    const uint64_t most = is_wide ? UINT64_MAX : (field->limit != 0 ? field->limit : UINT32_MAX);
    return *value == 0 || *value > most ? FR_ERROR_MALFORMED : FR_OK;
}

static fr_status_t read_scalar(input_t* input, const fr_field_t* field, uint8_t* member) {
    uint64_t value = 0;
    const fr_status_t status = read_number(input, field, &value);
    if (status != FR_OK) {
        return status;
    }
    if (field->kind == FR_FIELD_UINT64 || field->kind == FR_FIELD_FIXED64) {
        memcpy(member, &value, sizeof value);
    } else {
        const uint32_t narrow = (uint32_t)value;
        memcpy(member, &narrow, sizeof narrow);
    }
    return FR_OK;
}

static fr_status_t read_numbers(const fr_field_t* field, uint8_t* out, const fr_view_t* view) {
    input_t input = {view->bytes, view->size};
    uint32_t count = 0;
    while (input.left != 0) {
        uint64_t value = 0;
        const fr_status_t status = read_varint(&input, &value);
        if (status != FR_OK) {
            return status;
        }
        if (count == field->limit || value > UINT32_MAX) {
            return FR_ERROR_LIMIT;
        }
        const uint32_t narrow = (uint32_t)value;
        memcpy(out + field->offset + count * sizeof narrow, &narrow, sizeof narrow);
        ++count;
    }
    memcpy(out + field->count_offset, &count, sizeof count);
    return FR_OK;
}

/// One element of an array of messages.
static fr_status_t read_element(const fr_field_t* field, uint8_t* out, const fr_view_t* view) {
    uint32_t count = 0;
    memcpy(&count, out + field->count_offset, sizeof count);
    if (count == field->limit) {
        return FR_ERROR_LIMIT;
    }
    const fr_status_t status =
        fr_read_message(field->nested, out + field->offset + count * field->nested->struct_size,
                        view->bytes, view->size);
    ++count;
    memcpy(out + field->count_offset, &count, sizeof count);
    return status;
}

static fr_status_t read_length_field(input_t* input, const fr_field_t* field, uint8_t* out) {
    fr_view_t view;
    const fr_status_t status = read_view(input, &view);
    if (status != FR_OK) {
        return status;
    }
    switch ((fr_field_kind_t)field->kind) {
        case FR_FIELD_MESSAGE:
            return fr_read_message(field->nested, out + field->offset, view.bytes, view.size);
        case FR_FIELD_MESSAGES:
            return read_element(field, out, &view);
        case FR_FIELD_NUMBERS:
            return view.size == 0 ? FR_ERROR_MALFORMED : read_numbers(field, out, &view);
        default:
            break;
    }
    if (view.size == 0 || view.size > field->limit ||
        (field->kind == FR_FIELD_BYTES && view.size != field->limit)) {
        return FR_ERROR_LIMIT;
    }
    memcpy(out + field->offset, &view, sizeof view);
    return FR_OK;
}

static const fr_field_t* find_field(const fr_message_table_t* table, uint64_t number) {
    for (uint32_t i = 0; i < table->field_count; ++i) {
        if (table->fields[i].number == number) {
            return &table->fields[i];
        }
    }
    return NULL;
}

fr_status_t fr_read_message(const fr_message_table_t* table, void* out, const uint8_t* bytes,
                            size_t size) {
    input_t input = {bytes, size};
    uint64_t last = 0;
    memset(out, 0, table->struct_size);
    while (input.left != 0) {
        uint64_t tag = 0;
        fr_status_t status = read_varint(&input, &tag);
        if (status != FR_OK) {
            return status;
        }
        const fr_field_t* field = find_field(table, tag >> 3);
        if (field == NULL || (tag & 7u) != wire_type_of((fr_field_kind_t)field->kind) ||
            field->number < last || (field->number == last && field->kind != FR_FIELD_MESSAGES)) {
            return FR_ERROR_MALFORMED;
        }
        last = field->number;
        status = wire_type_of((fr_field_kind_t)field->kind) == WIRE_LENGTH
                     ? read_length_field(&input, field, out)
                     : read_scalar(&input, field, (uint8_t*)out + field->offset);
        if (status != FR_OK) {
            return status;
        }
    }
    return FR_OK;
}
