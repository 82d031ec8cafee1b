// SPDX-License-Identifier: Apache-2.0
// Written for a Cortex-M: rules answer with their reason alone, which says whether the task goes to
// its tier; a comparison is a bit in a constant; nothing is copied. tests/freestanding/evaluator.sh
// holds the figures.
#include "frugal/policy.h"
#include "policy/layout.h"

// For each fr_guard_operation_t 4 bits: 1 holds if less, 2 if equal, 4 if greater.
#define OPERATION_BITS 0x526431u

static int32_t field(const fr_policy_context_t* context, uint32_t number) {
    return context->fields[number];
}

/// GUARD for the first guard that holds, BADPOLICY if one before it is none, else UNSPECIFIED.
static uint32_t run_guards(const uint8_t* policy, const fr_policy_context_t* context,
                           fr_policy_answer_t* answer) {
    const uint8_t* const guards = policy + FR_POLICY_HEADER_BYTES;
    const uint8_t* const end = guards + (size_t)policy[POLICY_GUARDS] * FR_POLICY_GUARD_BYTES;
    const uint8_t* guard = guards;
    if (guard == end) {
        return FR_POLICY_UNSPECIFIED;
    }
    do {
        const uint32_t left_field = guard[0];
        const uint32_t operation = guard[1] & 0x7Fu;
        int32_t right = (int16_t)fr_load16(guard + 2);
        if (left_field >= FR_FIELDS || operation >= FR_GUARD_OPERATIONS) {
            return FR_POLICY_BADPOLICY;
        }
        if ((guard[1] & FR_GUARD_FIELD_VALUE) != 0) {
            if ((uint32_t)right >= FR_FIELDS) {
                return FR_POLICY_BADPOLICY;
            }
            right = field(context, (uint32_t)right);
        }
        const int32_t left = field(context, left_field);
        const uint32_t relation = left < right ? 1u : (left == right ? 2u : 4u);
        if ((OPERATION_BITS >> (4u * operation) & relation) != 0) {
            answer->guard = (uint8_t)((uint32_t)(guard - guards) / FR_POLICY_GUARD_BYTES);
            return FR_POLICY_GUARD;
        }
        guard += FR_POLICY_GUARD_BYTES;
    } while (guard != end);
    return FR_POLICY_UNSPECIFIED;
}

static uint32_t group_of(const uint8_t* task, uint32_t class_id) {
    const uint32_t byte = class_id >> 2;
    if (byte >= task[TASK_MAP]) {
        return 0;
    }
    return (task[FR_POLICY_TASK_BYTES + byte] >> (2u * (class_id & 3u))) & 3u;
}

static uint32_t positive(int32_t value) {
    return value > 0 ? (uint32_t)value : 0u;
}

/// All terms fit 32 bits: 255 x 33278 x 4 weights is below 2^26.
static uint32_t price_of(const uint8_t* task, const fr_policy_context_t* context) {
    const int32_t load = field(context, FR_FIELD_LOAD);
    const int32_t edge_price = field(context, FR_FIELD_PRICE);
    uint32_t sum = positive(field(context, FR_FIELD_PAYLOAD)) * task[TASK_WEIGHTS];
    sum += (positive(field(context, FR_FIELD_RTT)) >> 2) * task[TASK_WEIGHTS + 1u];
    sum += positive(load > edge_price ? load : edge_price) * task[TASK_WEIGHTS + 2u];
    sum += positive(510 - field(context, FR_FIELD_BATTERY)) * task[TASK_WEIGHTS + 3u];
    sum >>= task[TASK_SHIFT] & 31u;
    return sum < 0xFFFFu ? sum : 0xFFFFu;
}

/// Price and audit: the last two rules.
static uint32_t weigh(const uint8_t* task, const fr_policy_context_t* context,
                      fr_policy_answer_t* answer) {
    const uint32_t groups = task[TASK_GROUPS];
    const uint32_t group = group_of(task, (uint32_t)field(context, FR_FIELD_CLASS));
    if ((groups & FR_POLICY_PINS) != 0 && group >= FR_POLICY_PIN_EDGE) {
        return group == FR_POLICY_PIN_LOCAL ? FR_POLICY_CLASS_RULE : FR_POLICY_ESC_RULE;
    }
    if (group >= (groups & 7u)) {
        return FR_POLICY_BADPOLICY;
    }
    const uint32_t bin = ((uint32_t)field(context, FR_FIELD_CONFIDENCE) & 0xFFu) >> 3;
    const uint32_t gain =
        task[FR_POLICY_TASK_BYTES + task[TASK_MAP] + FR_POLICY_TABLE_BYTES * group + bin];
    const uint32_t price = price_of(task, context);
    answer->gain = (uint8_t)gain;
    answer->price = (uint16_t)price;
    if (gain >= price) {
        return FR_POLICY_ESC_GAIN;
    }
    return (context->random & 0xFFu) < task[TASK_AUDIT] ? FR_POLICY_AUDIT : FR_POLICY_LOCAL_CONF;
}

/// The rules of the task itself: privacy once more, tier, link, deadline, bucket.
static uint32_t judge_task(const uint8_t* task, const fr_policy_context_t* context,
                           fr_policy_answer_t* answer) {
    // The sample's is 0 or 1 here, so that the union of bits is as strict as the stricter of the
    // two.
    const uint32_t privacy = task[TASK_PRIVACY] | (uint32_t)field(context, FR_FIELD_PRIVACY);
    const uint32_t tier = task[TASK_TIER];
    const int32_t deadline_ms = (int32_t)fr_task_deadline_ms(task);
    int32_t time_left = field(context, FR_FIELD_SLACK);
    answer->deadline_ms = (uint16_t)(deadline_ms < 0xFFFF ? deadline_ms : 0xFFFF);
    if (deadline_ms != 0 && deadline_ms < time_left) {
        time_left = deadline_ms;
    }
    if (privacy + (tier == FR_TIER_CLOUD ? 1u : 0u) >= 2u) {  // edge-only stops before the cloud
        return FR_POLICY_PRIVATE;
    }
    if (tier == FR_TIER_LOCAL) {
        return FR_POLICY_CLASS_RULE;
    }
    if (tier != FR_TIER_EDGE && tier != FR_TIER_CLOUD) {
        return FR_POLICY_BADPOLICY;
    }
    if (field(context, FR_FIELD_LINK) == 0) {
        return FR_POLICY_NOLINK;
    }
    if (time_left <= field(context, FR_FIELD_RTT)) {
        return FR_POLICY_DEADLINE;
    }
    return field(context, FR_FIELD_TOKENS) <= 0 ? FR_POLICY_BUDGET : weigh(task, context, answer);
}

/// From expiry on: the bytes are a policy's header.
static uint32_t judge(const uint8_t* policy, size_t size, const fr_policy_context_t* context,
                      fr_policy_answer_t* answer) {
    answer->policy_id = fr_load32(policy + FR_POLICY_ID_OFFSET);
    const int32_t expiry = (int32_t)fr_load16(policy + POLICY_EXPIRY);
    if (expiry != 0 && field(context, FR_FIELD_POLICY_AGE) >= expiry) {
        return FR_POLICY_EXPIRED;
    }
    uint32_t reason = run_guards(policy, context, answer);
    if (reason != FR_POLICY_UNSPECIFIED) {
        return reason;
    }
    const uint8_t* task =
        fr_policy_find_task(policy, size, (uint32_t)field(context, FR_FIELD_TASK));
    if (task == NULL) {
        return FR_POLICY_BADPOLICY;
    }
    reason = judge_task(task, context, answer);
    if (reason >= FR_POLICY_ESC_GAIN) {
        answer->tier = task[TASK_TIER];
    }
    return reason;
}

void fr_policy_evaluate(const uint8_t* policy, size_t size, const fr_policy_context_t* context,
                        fr_policy_answer_t* answer) {
    uint32_t reason = FR_POLICY_BADPOLICY;
    answer->policy_id = 0;
    answer->tier = FR_TIER_LOCAL;
    answer->guard = 0;
    answer->gain = 0;
    answer->price = 0;
    answer->deadline_ms = 0;
    // Privacy comes before any byte of the policy is read: no policy can widen it. A negative value
    // is above 1 too.
    if ((uint32_t)field(context, FR_FIELD_PRIVACY) >= 2u) {
        reason = FR_POLICY_PRIVATE;
    } else if (fr_policy_header_is_valid(policy, size)) {
        reason = judge(policy, size, context, answer);
    }
    answer->reason = (uint8_t)reason;
}
