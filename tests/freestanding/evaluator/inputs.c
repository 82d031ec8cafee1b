// SPDX-License-Identifier: Apache-2.0
#include "inputs.h"

#include <string.h>

#define CONTEXTS_A_POLICY 64u

static uint32_t next(evaluator_inputs_t* inputs) {
    uint32_t x = inputs->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    inputs->random = x;
    return x;
}

static void random_task(evaluator_inputs_t* inputs, fr_policy_task_spec_t* task, uint8_t* classes) {
    const uint32_t bits = next(inputs);
    memset(task, 0, sizeof *task);
    task->task = (uint8_t)(bits & 3u);
    task->privacy = (uint8_t)((bits >> 2 & 7u) == 0 ? 2u : bits >> 5 & 1u);
    task->tier = (bits >> 6 & 7u) == 0 ? FR_TIER_LOCAL : FR_TIER_EDGE + (bits >> 9 & 1u);
    task->has_pins = (bits >> 10 & 1u) != 0;
    task->group_count = (uint8_t)(1u + (bits >> 11 & 1u));
    task->deadline_ms = (bits >> 12 & 3u) == 0 ? 0 : (bits >> 14 & 2047u);
    task->shift = (uint8_t)(bits >> 25 & 15u);
    task->audit = (uint8_t)(bits >> 29 == 0 ? 200u : 1u);
    const uint32_t weights = next(inputs);
    for (uint32_t i = 0; i < 4; ++i) {
        task->weights[i] = (uint8_t)(weights >> (8u * i));
    }
    if (task->has_pins || task->group_count > 1) {
        const uint32_t map = next(inputs);
        task->class_count = 8;
        task->classes = classes;
        for (uint32_t i = 0; i < 8; ++i) {
            const uint32_t group = map >> (2u * i) & 3u;
            classes[i] =
                (uint8_t)(group < task->group_count || (task->has_pins && group > 1) ? group : 0u);
        }
    }
    for (uint32_t group = 0; group < task->group_count; ++group) {
        for (uint32_t bin = 0; bin < FR_POLICY_TABLE_BYTES; bin += 4) {
            const uint32_t gains = next(inputs);
            for (uint32_t i = 0; i < 4; ++i) {
                task->gains[group][bin + i] = (uint8_t)(gains >> (8u * i));
            }
        }
    }
}

static void random_guards(evaluator_inputs_t* inputs, fr_guard_spec_t* guards, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        const uint32_t bits = next(inputs);
        const bool names_field = (bits & 15u) == 0;
        guards[i].field = (uint8_t)((bits >> 4 & 31u) % FR_FIELDS);
        guards[i].operation = (uint8_t)((bits >> 9 & 7u) % FR_GUARD_OPERATIONS);
        guards[i].value = (int16_t)(bits >> 16);
        if (names_field) {
            guards[i].operation |= FR_GUARD_FIELD_VALUE;
            guards[i].value = (int16_t)((bits >> 16 & 31u) % FR_FIELDS);
        }
    }
}

static void random_policy(evaluator_inputs_t* inputs) {
    fr_policy_task_spec_t tasks[3];
    fr_guard_spec_t guards[4];
    uint8_t classes[3][8];
    const uint32_t bits = next(inputs);
    const uint32_t task_count = 1u + bits % 3u;
    const uint32_t guard_count = (bits >> 8 & 3u) == 0 ? 1u + (bits >> 10 & 3u) : 0u;
    const fr_policy_spec_t spec = {
        bits | 1u, (bits >> 16 & 1u) != 0 ? 72u : 0u, guards, guard_count, tasks, task_count};
    size_t size = 0;
    for (uint32_t i = 0; i < task_count; ++i) {
        random_task(inputs, &tasks[i], classes[i]);
    }
    random_guards(inputs, guards, guard_count);
    const fr_status_t status = fr_policy_build(&spec, inputs->policy, sizeof inputs->policy, &size);
    inputs->size = status == FR_OK ? (uint32_t)size : (bits >> 20) % sizeof inputs->policy;
    if ((bits >> 12 & 3u) == 0) {
        const uint32_t broken = next(inputs);
        for (uint32_t i = 0; i < 3 && inputs->size != 0; ++i) {
            inputs->policy[(broken >> (8u * i) & 0xFFu) % inputs->size] ^=
                (uint8_t)(1u << (broken >> (24u + i) & 7u));
        }
        inputs->size -= (broken >> 29) == 0 && inputs->size != 0 ? 1u : 0u;
    }
}

/// Wide where the whole range matters, near the usual values elsewhere, so that every rule speaks.
static void random_context(evaluator_inputs_t* inputs) {
    int16_t* fields = inputs->context.fields;
    for (uint32_t i = 0; i < FR_FIELDS; i += 2) {
        const uint32_t bits = next(inputs);
        fields[i] = (int16_t)(bits & 0xFFFFu);
        fields[i + 1] = (int16_t)(bits >> 16);
    }
    const uint32_t bits = next(inputs);
    inputs->context.random = next(inputs);
    if ((bits & 7u) == 0) {
        return;
    }
    fields[FR_FIELD_TASK] = (int16_t)(bits >> 3 & 3u);
    fields[FR_FIELD_PRIVACY] = (int16_t)((bits >> 5 & 3u) == 0 ? bits >> 7 & 3u : 0u);
    fields[FR_FIELD_CLASS] = (int16_t)(bits >> 9 & 15u);
    fields[FR_FIELD_LINK] = (int16_t)((bits >> 13 & 7u) != 0);
    fields[FR_FIELD_TOKENS] = (int16_t)(bits >> 16 & 7u);
    fields[FR_FIELD_RTT] = (int16_t)(bits >> 19 & 255u);
    fields[FR_FIELD_SLACK] = (int16_t)(bits >> 17 & 1023u);
    fields[FR_FIELD_POLICY_AGE] = (int16_t)(bits >> 25 & 127u);
}

void evaluator_inputs_next(evaluator_inputs_t* inputs) {
    if (inputs->made % CONTEXTS_A_POLICY == 0) {
        random_policy(inputs);
    }
    inputs->made += 1u;
    random_context(inputs);
}

static uint32_t add(uint32_t sum, uint32_t word) {
    return (sum ^ word) * 16777619u;
}

void evaluator_inputs_init(evaluator_inputs_t* inputs) {
    memset(inputs, 0, sizeof *inputs);
    inputs->random = 2463534242u;
}

uint32_t evaluator_checksum(evaluator_inputs_t* inputs, uint32_t count) {
    uint32_t sum = 2166136261u;
    for (uint32_t i = 0; i < count; ++i) {
        fr_policy_answer_t answer;
        evaluator_inputs_next(inputs);
        fr_policy_evaluate(inputs->policy, inputs->size, &inputs->context, &answer);
        sum = add(sum, answer.policy_id);
        sum = add(sum, (uint32_t)answer.tier | (uint32_t)answer.reason << 8 |
                           (uint32_t)answer.guard << 16 | (uint32_t)answer.gain << 24);
        sum = add(sum, (uint32_t)answer.price | (uint32_t)answer.deadline_ms << 16);
        inputs->escalated += answer.tier != FR_TIER_LOCAL ? 1u : 0u;
        inputs->reasons |= 1u << (answer.reason & 31u);
    }
    return sum;
}

uint32_t evaluator_third_of_three(uint8_t* policy, uint32_t capacity,
                                  fr_policy_context_t* context) {
    static const fr_guard_spec_t kGuards[4] = {{FR_FIELD_BATTERY, FR_GUARD_LESS, 40},
                                               {FR_FIELD_RSSI, FR_GUARD_LESS, -92},
                                               {FR_FIELD_MISFIRES, FR_GUARD_GREATER, 3},
                                               {FR_FIELD_UPTIME, FR_GUARD_LESS, 0}};
    static const uint8_t kClasses[10] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    fr_policy_task_spec_t tasks[3];
    size_t size = 0;
    memset(tasks, 0, sizeof tasks);
    for (uint32_t i = 0; i < 3; ++i) {
        tasks[i].task = (uint8_t)(i + 1);
        tasks[i].tier = FR_TIER_EDGE;
        tasks[i].group_count = 1;
        tasks[i].weights[0] = 2;
        tasks[i].weights[1] = 3;
        tasks[i].weights[2] = 1;
        tasks[i].weights[3] = 1;
        tasks[i].shift = 3;
        tasks[i].audit = 1;
        tasks[i].deadline_ms = 800;
        memset(tasks[i].gains, 200, sizeof tasks[i].gains);
    }
    tasks[2].group_count = 2;
    tasks[2].classes = kClasses;
    tasks[2].class_count = 10;
    const fr_policy_spec_t spec = {7, 72, kGuards, 4, tasks, 3};
    if (fr_policy_build(&spec, policy, capacity, &size) != FR_OK) {
        return 0;
    }
    memset(context, 0, sizeof *context);
    context->fields[FR_FIELD_CONFIDENCE] = 90;
    context->fields[FR_FIELD_CLASS] = 5;
    context->fields[FR_FIELD_TASK] = 3;
    context->fields[FR_FIELD_BATTERY] = 180;
    context->fields[FR_FIELD_RSSI] = -60;
    context->fields[FR_FIELD_RTT] = 24;
    context->fields[FR_FIELD_LOAD] = 10;
    context->fields[FR_FIELD_PRICE] = 30;
    context->fields[FR_FIELD_PAYLOAD] = 49;
    context->fields[FR_FIELD_TOKENS] = 5;
    context->fields[FR_FIELD_SLACK] = 1000;
    context->fields[FR_FIELD_LINK] = 1;
    return (uint32_t)size;
}
