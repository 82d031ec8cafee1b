// SPDX-License-Identifier: Apache-2.0
// Decodes one stream on an emulated Cortex-M4 and prints how many instructions that took, by
// QEMU's instruction counter (-icount shift=0: one instruction is one nanosecond; SysTick counts
// every 40th). Bench code: the stream is linked in, the output is kept in RAM.
#include <stddef.h>

#include "frugal/codec.h"

#define SYSTICK_CONTROL (*(volatile uint32_t*)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t*)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t*)0xE000E018u)
#define INSTRUCTIONS_PER_TICK 40u
#define OUTPUT_MAX (2u << 20)
#define PIECE 64u

extern const uint8_t stream_start[];
extern const uint8_t stream_end[];

static uint8_t output[OUTPUT_MAX];
static fr_codec_memory_t memory;
static fr_decoder_t decoder;

static void semihost(uint32_t operation, const void* argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print_number(uint32_t number, char end) {
    char text[12];
    uint32_t at = sizeof(text);
    text[--at] = 0;
    text[--at] = end;
    do {
        text[--at] = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0);
    semihost(4, text + at);
}

static fr_status_t read_output(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    (void)context;
    for (uint32_t i = 0; i < size; ++i) {
        out[i] = output[offset + i];
    }
    return FR_OK;
}

static uint32_t before;

static uint32_t ticks_since(void) {
    const uint32_t now = SYSTICK_VALUE;
    const uint32_t ticks = (before - now) & 0xFFFFFFu;
    before = now;
    return ticks;
}

// Prints status, bytes out and instructions / 40.
static void run(void) {
    const fr_decoder_config_t config = {
        OUTPUT_MAX, read_output, NULL, &memory, sizeof(memory), NULL, 0, NULL, &fr_profiles_all};
    const uint32_t size = (uint32_t)(stream_end - stream_start);
    uint32_t at = 0;
    uint32_t written = 0;
    uint32_t ticks = 0;
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5;
    before = SYSTICK_VALUE;
    fr_status_t status = fr_decoder_init(&decoder, &config);
    while (status == FR_OK && at < size) {
        size_t moved = 0;
        const uint32_t piece = size - at < PIECE ? size - at : PIECE;
        status = fr_decoder_sink(&decoder, stream_start + at, piece, &moved);
        at += (uint32_t)moved;
        do {
            moved = 0;
            if (status == FR_OK) {
                status = fr_decoder_poll(&decoder, output + written, PIECE, &moved);
            }
            written += (uint32_t)moved;
        } while (status == FR_OK && moved == PIECE);
        ticks += ticks_since();
    }
    if (status == FR_OK) {
        status = fr_decoder_finish(&decoder);
    }
    print_number((uint32_t)status, ' ');
    print_number(written, ' ');
    print_number(ticks + ticks_since(), '\n');
}

void* memcpy(void* to, const void* from, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        ((uint8_t*)to)[i] = ((const uint8_t*)from)[i];
    }
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    if ((const uint8_t*)to <= (const uint8_t*)from) {
        return memcpy(to, from, size);
    }
    for (size_t i = size; i > 0; --i) {
        ((uint8_t*)to)[i - 1] = ((const uint8_t*)from)[i - 1];
    }
    return to;
}

void* memset(void* to, int value, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        ((uint8_t*)to)[i] = (uint8_t)value;
    }
    return to;
}

int memcmp(const void* a, const void* b, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        if (((const uint8_t*)a)[i] != ((const uint8_t*)b)[i]) {
            return ((const uint8_t*)a)[i] < ((const uint8_t*)b)[i] ? -1 : 1;
        }
    }
    return 0;
}

void reset(void) {
    run();
    const uint32_t kApplicationExit = 0x20026;
    semihost(0x18, (const void*)kApplicationExit);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void* const kVectors[2] = {
    (const void*)0x20400000u, (const void*)reset};
