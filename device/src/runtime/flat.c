// SPDX-License-Identifier: Apache-2.0
#include "runtime/flat.h"

fr_flat_t fr_flat_reader(const uint8_t* bytes, uint32_t size) {
    fr_flat_t flat = {bytes, size, false};
    return flat;
}

static bool is_inside(fr_flat_t* flat, uint32_t position, uint32_t length) {
    if (flat->damaged || length > flat->size || position > flat->size - length) {
        flat->damaged = true;
        return false;
    }
    return true;
}

uint8_t fr_flat_u8(fr_flat_t* flat, uint32_t position) {
    return is_inside(flat, position, 1) ? flat->bytes[position] : 0;
}

uint16_t fr_flat_u16(fr_flat_t* flat, uint32_t position) {
    return is_inside(flat, position, 2) ? fr_load_u16(flat->bytes + position) : (uint16_t)0;
}

uint32_t fr_flat_u32(fr_flat_t* flat, uint32_t position) {
    return is_inside(flat, position, 4) ? fr_load_u32(flat->bytes + position) : 0;
}

static fr_flat_table_t absent_table(void) {
    fr_flat_table_t table = {0, 0, 0, 0};
    return table;
}

fr_flat_table_t fr_flat_table_at(fr_flat_t* flat, uint32_t position) {
    fr_flat_table_t table = {position, 0, 0, 0};
    // The stored offset is signed and counts backwards; unsigned wrap-around does the same, and
    // whatever comes out is checked like any other position.
    table.vtable = position - fr_flat_u32(flat, position);
    table.vtable_size = fr_flat_u16(flat, table.vtable);
    table.table_size = is_inside(flat, table.vtable, 4) ? fr_flat_u16(flat, table.vtable + 2) : 0;
    if (table.vtable_size < 4 || table.table_size < 4) {
        flat->damaged = true;
    }
    if (!is_inside(flat, table.vtable, table.vtable_size) ||
        !is_inside(flat, position, table.table_size)) {
        return absent_table();
    }
    return table;
}

/// The position an unsigned forward offset points to, or 0 when it leads out of the file.
static uint32_t follow(fr_flat_t* flat, uint32_t offset_position) {
    uint32_t offset = fr_flat_u32(flat, offset_position);
    if (flat->damaged || offset == 0 || offset >= flat->size - offset_position) {
        flat->damaged = true;
        return 0;
    }
    return offset_position + offset;
}

fr_flat_table_t fr_flat_table_from(fr_flat_t* flat, uint32_t offset_position) {
    uint32_t position = follow(flat, offset_position);
    return flat->damaged ? absent_table() : fr_flat_table_at(flat, position);
}

uint32_t fr_flat_field(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                       uint32_t width) {
    uint32_t slot = 4u + 2u * field;
    if (flat->damaged || table->position == 0 || slot + 2u > table->vtable_size) {
        return 0;
    }
    uint32_t offset = fr_flat_u16(flat, table->vtable + slot);
    if (offset == 0) {
        return 0;
    }
    if (offset < 4 || offset + width > table->table_size) {
        flat->damaged = true;
        return 0;
    }
    return table->position + offset;
}

uint8_t fr_flat_field_u8(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                         uint8_t absent) {
    uint32_t position = fr_flat_field(flat, table, field, 1);
    return position == 0 ? absent : fr_flat_u8(flat, position);
}

uint32_t fr_flat_field_u32(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                           uint32_t absent) {
    uint32_t position = fr_flat_field(flat, table, field, 4);
    return position == 0 ? absent : fr_flat_u32(flat, position);
}

fr_flat_table_t fr_flat_field_table(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field) {
    uint32_t position = fr_flat_field(flat, table, field, 4);
    return position == 0 ? absent_table() : fr_flat_table_from(flat, position);
}

fr_flat_vector_t fr_flat_field_vector(fr_flat_t* flat, const fr_flat_table_t* table, uint32_t field,
                                      uint32_t element_size) {
    fr_flat_vector_t vector = {0, 0};
    uint32_t position = fr_flat_field(flat, table, field, 4);
    if (position == 0) {
        return vector;
    }
    uint32_t start = follow(flat, position);
    uint32_t count = fr_flat_u32(flat, start);
    if (flat->damaged || count > (flat->size - start - 4u) / element_size) {
        flat->damaged = true;
        return vector;
    }
    vector.position = start + 4u;
    vector.count = count;
    return vector;
}
