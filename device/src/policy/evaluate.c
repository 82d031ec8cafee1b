// SPDX-License-Identifier: Apache-2.0
#include "frugal/policy.h"
#include "policy/layout.h"

static int32_t field(const fr_policy_context_t* context, uint32_t number) {
    return context->fields[number];
}

/// @return 1 if the guard holds, 0 if not, -1 if it is none.
static int guard_holds(const uint8_t* guard, const fr_policy_context_t* context) {
    const uint32_t operation = guard[1] & ~FR_GUARD_FIELD_VALUE;
    int32_t right = (int16_t)fr_load16(guard + 2);
    if (guard[0] >= FR_FIELDS || operation >= FR_GUARD_OPERATIONS) {
        return -1;
    }
    if ((guard[1] & FR_GUARD_FIELD_VALUE) != 0) {
        if (right < 0 || right >= (int32_t)FR_FIELDS) {
            return -1;
        }
        right = field(context, (uint32_t)right);
    }
    const int32_t left = field(context, guard[0]);
    switch ((fr_guard_operation_t)operation) {
        case FR_GUARD_LESS:
            return left < right;
        case FR_GUARD_LESS_EQUAL:
            return left <= right;
        case FR_GUARD_GREATER:
            return left > right;
        case FR_GUARD_GREATER_EQUAL:
            return left >= right;
        case FR_GUARD_EQUAL:
            return left == right;
        default:
            return left != right;
    }
}

static void say(fr_policy_answer_t* answer, uint8_t tier, fr_policy_reason_t reason) {
    answer->tier = tier;
    answer->reason = (uint8_t)reason;
}

/// First guard that holds: its number; FR_POLICY_GUARDS_MAX if none does, one more if one is bad.
static uint32_t run_guards(const uint8_t* policy, const fr_policy_context_t* context) {
    const uint8_t* guard = policy + FR_POLICY_HEADER_BYTES;
    for (uint32_t i = 0; i < policy[POLICY_GUARDS]; ++i) {
        const int holds = guard_holds(guard, context);
        if (holds != 0) {
            return holds < 0 ? FR_POLICY_GUARDS_MAX + 1u : i;
        }
        guard += FR_POLICY_GUARD_BYTES;
    }
    return FR_POLICY_GUARDS_MAX;
}

static uint32_t group_of(const uint8_t* task, uint32_t class_id) {
    const uint32_t byte = class_id >> 2;
    if (byte >= task[TASK_MAP]) {
        return 0;
    }
    return (task[FR_POLICY_TASK_BYTES + byte] >> (2u * (class_id & 3u))) & 3u;
}

/// All terms fit 32 bits: 255 x 32767 x 4 weights is below 2^25.
static uint32_t price_of(const uint8_t* task, const fr_policy_context_t* context) {
    const int32_t load = field(context, FR_FIELD_LOAD);
    const int32_t edge_price = field(context, FR_FIELD_PRICE);
    const int32_t terms[4] = {field(context, FR_FIELD_PAYLOAD), field(context, FR_FIELD_RTT) / 4,
                              load > edge_price ? load : edge_price,
                              510 - field(context, FR_FIELD_BATTERY)};
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        sum += terms[i] > 0 ? (uint32_t)terms[i] * task[TASK_WEIGHTS + i] : 0u;
    }
    sum >>= task[TASK_SHIFT] & 31u;
    return sum < 0xFFFFu ? sum : 0xFFFFu;
}

/// Price and audit: the last two rules.
static void weigh(const uint8_t* task, const fr_policy_context_t* context,
                  fr_policy_answer_t* answer) {
    const uint32_t class_id = (uint32_t)field(context, FR_FIELD_CLASS);
    const uint32_t group = group_of(task, class_id);
    const bool has_pins = (task[TASK_GROUPS] & FR_POLICY_PINS) != 0;
    if (has_pins && group == FR_POLICY_PIN_LOCAL) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_CLASS_RULE);
        return;
    }
    if (has_pins && group == FR_POLICY_PIN_EDGE) {
        say(answer, task[TASK_TIER], FR_POLICY_ESC_RULE);
        return;
    }
    if (group >= (task[TASK_GROUPS] & 7u)) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_BADPOLICY);
        return;
    }
    const uint32_t bin = ((uint32_t)field(context, FR_FIELD_CONFIDENCE) & 0xFFu) >> 3;
    answer->gain =
        task[FR_POLICY_TASK_BYTES + task[TASK_MAP] + FR_POLICY_TABLE_BYTES * group + bin];
    answer->price = (uint16_t)price_of(task, context);
    if (answer->gain >= answer->price) {
        say(answer, task[TASK_TIER], FR_POLICY_ESC_GAIN);
    } else if ((context->random & 0xFFu) < task[TASK_AUDIT]) {
        say(answer, task[TASK_TIER], FR_POLICY_AUDIT);
    } else {
        say(answer, FR_TIER_LOCAL, FR_POLICY_LOCAL_CONF);
    }
}

/// The rules of the task itself: privacy once more, tier, link, deadline, bucket.
static void judge_task(const uint8_t* task, const fr_policy_context_t* context,
                       fr_policy_answer_t* answer) {
    const int32_t private_to = field(context, FR_FIELD_PRIVACY);
    const int32_t privacy = task[TASK_PRIVACY] > private_to ? task[TASK_PRIVACY] : private_to;
    int32_t time_left = field(context, FR_FIELD_SLACK);
    answer->deadline_ms = fr_task_deadline_ms(task);
    if (answer->deadline_ms != 0 && answer->deadline_ms < time_left) {
        time_left = answer->deadline_ms;
    }
    if (privacy >= 2 || (privacy == 1 && task[TASK_TIER] == FR_TIER_CLOUD)) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_PRIVATE);
    } else if (task[TASK_TIER] == FR_TIER_LOCAL) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_CLASS_RULE);
    } else if (task[TASK_TIER] != FR_TIER_EDGE && task[TASK_TIER] != FR_TIER_CLOUD) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_BADPOLICY);
    } else if (field(context, FR_FIELD_LINK) == 0) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_NOLINK);
    } else if (time_left <= field(context, FR_FIELD_RTT)) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_DEADLINE);
    } else if (field(context, FR_FIELD_TOKENS) <= 0) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_BUDGET);
    } else {
        weigh(task, context, answer);
    }
}

void fr_policy_evaluate(const uint8_t* policy, size_t size, const fr_policy_context_t* context,
                        fr_policy_answer_t* answer) {
    const fr_policy_answer_t none = {0, FR_TIER_LOCAL, FR_POLICY_BADPOLICY, 0, 0, 0, 0};
    *answer = none;
    // Privacy comes before any byte of the policy is read: no policy can widen it.
    if (field(context, FR_FIELD_PRIVACY) >= 2 || field(context, FR_FIELD_PRIVACY) < 0) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_PRIVATE);
        return;
    }
    if (!fr_policy_header_is_valid(policy, size)) {
        return;
    }
    answer->policy_id = fr_load32(policy + POLICY_ID);
    const uint32_t expiry = fr_load16(policy + POLICY_EXPIRY);
    if (expiry != 0 && field(context, FR_FIELD_POLICY_AGE) >= (int32_t)expiry) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_EXPIRED);
        return;
    }
    const uint32_t guard = run_guards(policy, context);
    if (guard < FR_POLICY_GUARDS_MAX) {
        say(answer, FR_TIER_LOCAL, FR_POLICY_GUARD);
        answer->guard = (uint8_t)guard;
        return;
    }
    const uint8_t* task =
        guard == FR_POLICY_GUARDS_MAX
            ? fr_policy_find_task(policy, size, (uint32_t)field(context, FR_FIELD_TASK))
            : NULL;
    if (task != NULL) {
        judge_task(task, context, answer);
    }
}
