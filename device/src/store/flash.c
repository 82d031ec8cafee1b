// SPDX-License-Identifier: Apache-2.0
#include "frugal/flash.h"

#include <string.h>

#include "frugal/store.h"

const uint8_t* fr_flash_map(const fr_flash_t* flash, uint32_t offset) {
    return flash->map(flash->context, offset);
}

fr_status_t fr_flash_erase(const fr_flash_t* flash, uint32_t offset, uint32_t size) {
    for (uint32_t done = 0; done < size; done += flash->sector_size) {
        const fr_status_t status = flash->erase(flash->context, offset + done);
        if (status != FR_OK) {
            return FR_ERROR_STORAGE;
        }
    }
    return FR_OK;
}

fr_status_t fr_flash_program(const fr_flash_t* flash, uint32_t offset, const uint8_t* bytes,
                             uint32_t size) {
    const uint32_t whole = size & ~(FR_FLASH_WORD - 1u);
    if (whole != 0 && flash->program(flash->context, offset, bytes, whole) != FR_OK) {
        return FR_ERROR_STORAGE;
    }
    if (whole == size) {
        return FR_OK;
    }
    uint8_t word[FR_FLASH_WORD];
    memset(word, 0xFF, sizeof word);
    memcpy(word, bytes + whole, size - whole);
    if (flash->program(flash->context, offset + whole, word, FR_FLASH_WORD) != FR_OK) {
        return FR_ERROR_STORAGE;
    }
    return FR_OK;
}

bool fr_flash_is_erased(const fr_flash_t* flash, uint32_t offset, uint32_t size) {
    const uint8_t* bytes = fr_flash_map(flash, offset);
    for (uint32_t i = 0; i < size; ++i) {
        if (bytes[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

// CRC-32 goes by nibbles over a table of 64 bytes, CRC-16 by bytes without one: records are short,
// and a table of 1 KB would cost more than it saves.
uint32_t fr_crc32(uint32_t crc, const uint8_t* bytes, uint32_t size) {
    static const uint32_t kNibble[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                         0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                         0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                         0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    crc = ~crc;
    for (uint32_t i = 0; i < size; ++i) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ kNibble[crc & 15u];
        crc = (crc >> 4) ^ kNibble[crc & 15u];
    }
    return ~crc;
}

uint16_t fr_crc16(const uint8_t* bytes, uint32_t size) {
    uint32_t crc = 0xFFFF;
    for (uint32_t i = 0; i < size; ++i) {
        uint32_t x = ((crc >> 8) ^ bytes[i]) & 0xFFu;
        x ^= x >> 4;
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xFFFFu;
    }
    return (uint16_t)crc;
}
