// SPDX-License-Identifier: Apache-2.0
// On an emulated Cortex-M4: prints the checksum of EVALUATOR_INPUTS answers and how many escalated;
// or, with EVALUATOR_INPUTS 0, instructions and stack bytes of one evaluation of the third of three
// tasks (QEMU's -icount shift=0: SysTick counts every 40th instruction).
#include <string.h>

#include "inputs.h"

#define SYSTICK_CONTROL (*(volatile uint32_t*)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t*)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t*)0xE000E018u)
#define INSTRUCTIONS_PER_TICK 40u
#define ROUNDS 4000u
#define PAINTED 256u
#define PAINT 0xA5u

static evaluator_inputs_t inputs;
static uint8_t policy[FR_POLICY_SIZE_MAX];
static fr_policy_answer_t answer;

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

typedef void (*evaluate_t)(const uint8_t*, size_t, const fr_policy_context_t*, fr_policy_answer_t*);

static void nothing(const uint8_t* bytes, size_t size, const fr_policy_context_t* context,
                    fr_policy_answer_t* out) {
    (void)bytes;
    (void)size;
    (void)context;
    (void)out;
}

static uint32_t ticks_of(evaluate_t evaluate, uint32_t size) {
    const uint32_t before = SYSTICK_VALUE;
    for (uint32_t i = 0; i < ROUNDS; ++i) {
        evaluate(policy, size, &inputs.context, &answer);
    }
    return (before - SYSTICK_VALUE) & 0xFFFFFFu;
}

static __attribute__((noinline)) uint32_t stack_of(evaluate_t evaluate, uint32_t size) {
    uint8_t* top;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    for (uint32_t i = 1; i <= PAINTED; ++i) {
        *(volatile uint8_t*)(top - i) = PAINT;
    }
    evaluate(policy, size, &inputs.context, &answer);
    uint32_t used = PAINTED;
    while (used != 0 && *(volatile uint8_t*)(top - used) == PAINT) {
        --used;
    }
    return used;
}

static void measure(void) {
    volatile evaluate_t empty = nothing;
    volatile evaluate_t real = fr_policy_evaluate;
    const uint32_t size = evaluator_third_of_three(policy, sizeof policy, &inputs.context);
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5;
    const uint32_t loop = ticks_of(empty, size);
    const uint32_t all = ticks_of(real, size);
    print_number((all - loop) * INSTRUCTIONS_PER_TICK / ROUNDS, ' ');
    print_number(stack_of(real, size), ' ');
    print_number(answer.reason, '\n');
}

void reset(void) {
    if (EVALUATOR_INPUTS == 0) {
        measure();
    } else {
        evaluator_inputs_init(&inputs);
        print_number(evaluator_checksum(&inputs, EVALUATOR_INPUTS), ' ');
        print_number(inputs.escalated, ' ');
        print_number(inputs.reasons, '\n');
    }
    const uint32_t kApplicationExit = 0x20026;
    semihost(0x18, (const void*)kApplicationExit);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void* const kVectors[2] = {
    (const void*)0x20400000u, (const void*)reset};
