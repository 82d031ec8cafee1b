// SPDX-License-Identifier: Apache-2.0
// Where things are in a compiled policy, and the steps through it that every reader shares. Pure;
// internal to the policy library. Nothing here reads past `size`.
#ifndef FRUGAL_POLICY_LAYOUT_H
#define FRUGAL_POLICY_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/little_endian.h"

// Offsets in the header
#define POLICY_TASKS 3u
#define POLICY_GUARDS 4u
#define POLICY_ID 6u
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

/// Magic, version and counts are right, and header and guards lie within `size`.
bool fr_policy_header_is_valid(const uint8_t* policy, size_t size);

/// Bytes of the task that starts at `offset`, map and tables included; 0 if it leads past `size`.
size_t fr_policy_task_size(const uint8_t* policy, size_t size, size_t offset);

/// The entry of a task after a valid header, or NULL if there is none or the way to it is broken.
const uint8_t* fr_policy_find_task(const uint8_t* policy, size_t size, uint32_t task);

/// The task's own deadline, at most 65535 ms.
uint16_t fr_task_deadline_ms(const uint8_t* task);

#endif
