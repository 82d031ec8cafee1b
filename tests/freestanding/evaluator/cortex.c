// SPDX-License-Identifier: Apache-2.0
// On an emulated Cortex-M4: prints the checksum of EVALUATOR_INPUTS answers and how many escalated;
// or, with EVALUATOR_INPUTS 0, instructions and stack bytes of one evaluation of the third of three
// tasks (QEMU's -icount shift=0: SysTick counts every 40th instruction).
#include "inputs.h"
#include "support/cortex/board.h"

#define ROUNDS 4000u
#define PAINTED 256u
#define PAINT 0xA5u

static evaluator_inputs_t inputs;
static uint8_t policy[FR_POLICY_SIZE_MAX];
static fr_policy_answer_t answer;

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
    return (before - SYSTICK_VALUE) & TICKS_MASK;
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
    start_counting();
    const uint32_t loop = ticks_of(empty, size);
    const uint32_t all = ticks_of(real, size);
    print_number((all - loop) * INSTRUCTIONS_PER_TICK / ROUNDS, ' ');
    print_number(stack_of(real, size), ' ');
    print_number(answer.reason, '\n');
}

static void run(void) {
    if (EVALUATOR_INPUTS == 0) {
        measure();
        return;
    }
    evaluator_inputs_init(&inputs);
    print_number(evaluator_checksum(&inputs, EVALUATOR_INPUTS), ' ');
    print_number(inputs.escalated, ' ');
    print_number(inputs.reasons, '\n');
}
