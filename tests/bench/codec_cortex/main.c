// SPDX-License-Identifier: Apache-2.0
// Decodes one stream on an emulated Cortex-M4 and prints how many instructions that took, by
// QEMU's instruction counter (-icount shift=0: one instruction is one nanosecond; SysTick counts
// every 40th). Bench code: the stream is linked in, the output is kept in RAM.
#include "frugal/codec.h"
#include "support/cortex/board.h"

#define OUTPUT_MAX (2u << 20)
#define PIECE 64u

extern const uint8_t stream_start[];
extern const uint8_t stream_end[];

static uint8_t output[OUTPUT_MAX];
static fr_codec_memory_t memory;
static fr_decoder_t decoder;

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
    const uint32_t ticks = (before - now) & TICKS_MASK;
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
    start_counting();
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

void* memmove(void* to, const void* from, size_t size) {
    if ((const uint8_t*)to <= (const uint8_t*)from) {
        return memcpy(to, from, size);
    }
    for (size_t i = size; i > 0; --i) {
        ((uint8_t*)to)[i - 1] = ((const uint8_t*)from)[i - 1];
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
