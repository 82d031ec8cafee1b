// SPDX-License-Identifier: Apache-2.0
// Where things are in a compiled policy, and the steps through it that every reader shares. Pure;
// internal to the policy library. Nothing here reads past `size`.
#ifndef FRUGAL_POLICY_LAYOUT_H
#define FRUGAL_POLICY_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/little_endian.h"
#include "frugal/policy.h"

// Offsets in the header; that of the id is FR_POLICY_ID_OFFSET
#define POLICY_TASKS 3u
#define POLICY_GUARDS 4u
#define POLICY_EXPIRY 10u

// Offsets in a task
#define TASK_ID 0u
#define TASK_GROUPS 1u
#define TASK_PRIVACY 2u
#define TASK_TIER 3u
#define TASK_DEADLINE 4u
#define TASK_WEIGHTS 6u
#define TASK_SHIFT 10u
#define TASK_AUDIT 11u
#define TASK_CAP 12u
#define TASK_MAP 13u
#define TASK_MODEL 14u

/// Magic, version and counts are right, and header and guards lie within `size`; NULL has size 0.
bool fr_policy_header_is_valid(const uint8_t* policy, size_t size);

/// Bytes of the task at `task`, map and tables included; 0 if it needs more than the `left` there.
static inline size_t fr_policy_task_size(const uint8_t* task, size_t left) {
    if (left < FR_POLICY_TASK_BYTES) {
        return 0;
    }
    const size_t bytes = FR_POLICY_TASK_BYTES + task[TASK_MAP] +
                         FR_POLICY_TABLE_BYTES * ((size_t)task[TASK_GROUPS] & 7u);
    return bytes <= left ? bytes : 0;
}

static inline size_t fr_policy_tasks_offset(const uint8_t* policy) {
    return FR_POLICY_HEADER_BYTES + (size_t)policy[POLICY_GUARDS] * FR_POLICY_GUARD_BYTES;
}

/// The entry of a task after a valid header, or NULL if there is none or the way to it is broken.
static inline const uint8_t* fr_policy_find_task(const uint8_t* policy, size_t size,
                                                 uint32_t task) {
    const uint8_t* at = policy + fr_policy_tasks_offset(policy);
    const uint8_t* const end = policy + size;
    uint32_t left = policy[POLICY_TASKS];  // at least 1
    do {
        const size_t bytes = fr_policy_task_size(at, (size_t)(end - at));
        if (bytes == 0) {
            break;
        }
        if (at[TASK_ID] == task) {
            return at;
        }
        at += bytes;
    } while (--left != 0);
    return NULL;
}

/// The task's own deadline, in ms.
static inline uint32_t fr_task_deadline_ms(const uint8_t* task) {
    return fr_load16(task + TASK_DEADLINE) * FR_POLICY_DEADLINE_UNIT_MS;
}

#endif
