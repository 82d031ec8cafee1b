// SPDX-License-Identifier: Apache-2.0
// What a program on QEMU's Cortex-M4 (mps2-an386, link.ld) stands on without a C library: output
// and exit by semihosting, the instruction counter, copies, and the vectors that start run().
// Include it in the one file that defines run(). Test code only.
#ifndef FRUGAL_CORTEX_BOARD_H
#define FRUGAL_CORTEX_BOARD_H

#include <stddef.h>
#include <stdint.h>

// With -icount shift=0 an instruction is a nanosecond, and SysTick counts every 40th, downwards.
#define SYSTICK_CONTROL (*(volatile uint32_t*)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t*)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t*)0xE000E018u)
#define INSTRUCTIONS_PER_TICK 40u
#define TICKS_MASK 0xFFFFFFu

static void run(void);

static inline void start_counting(void) {
    SYSTICK_RELOAD = TICKS_MASK;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5;
}

static inline void semihost(uint32_t operation, const void* argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static inline void print_number(uint32_t number, char end) {
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

void* memcpy(void* to, const void* from, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        ((uint8_t*)to)[i] = ((const uint8_t*)from)[i];
    }
    return to;
}

void* memset(void* to, int value, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        ((uint8_t*)to)[i] = (uint8_t)value;
    }
    return to;
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

#endif
