// SPDX-License-Identifier: Apache-2.0
#include "policy/layout.h"

#include "frugal/policy.h"

bool fr_policy_header_is_valid(const uint8_t* policy, size_t size) {
    const uint32_t magic = 'F' | 'P' << 8 | FR_POLICY_VERSION << 16;
    return size >= FR_POLICY_HEADER_BYTES && size <= FR_POLICY_SIZE_MAX &&
           (fr_load32(policy) & 0xFFFFFFu) == magic &&
           (uint32_t)policy[POLICY_TASKS] - 1u < FR_POLICY_TASKS_MAX &&
           fr_load16(policy + POLICY_GUARDS) <= FR_POLICY_GUARDS_MAX &&  // and the 0 behind it
           fr_policy_tasks_offset(policy) <= size;
}

uint32_t fr_policy_id(const uint8_t* policy, size_t size) {
    return fr_policy_header_is_valid(policy, size) ? fr_load32(policy + FR_POLICY_ID_OFFSET) : 0;
}

/// NULL too for what is no policy.
static const uint8_t* find_task(const uint8_t* policy, size_t size, uint32_t task) {
    return fr_policy_header_is_valid(policy, size) ? fr_policy_find_task(policy, size, task) : NULL;
}

bool fr_policy_has_task(const uint8_t* policy, size_t size, uint32_t task) {
    return find_task(policy, size, task) != NULL;
}

uint32_t fr_policy_cap_per_hour(const uint8_t* policy, size_t size, uint32_t task) {
    const uint8_t* entry = find_task(policy, size, task);
    return entry != NULL ? entry[TASK_CAP] * FR_POLICY_CAP_UNIT : 0;
}

uint32_t fr_policy_model_tag(const uint8_t* digest) {
    const uint32_t tag = fr_load16(digest);
    return tag != 0 ? tag : 0xFFFFu;
}

uint32_t fr_policy_model(const uint8_t* policy, size_t size, uint32_t task) {
    const uint8_t* entry = find_task(policy, size, task);
    return entry != NULL ? fr_load16(entry + TASK_MODEL) : 0;
}

bool fr_policy_suits(const uint8_t* policy, size_t size, uint32_t task, uint32_t model_tag) {
    const uint32_t model = fr_policy_model(policy, size, task);
    return model == 0 || model == model_tag;
}

static bool task_is_valid(const uint8_t* task) {
    const uint32_t groups = task[TASK_GROUPS] & 7u;
    const bool has_pins = (task[TASK_GROUPS] & FR_POLICY_PINS) != 0;
    const uint32_t most = has_pins ? FR_POLICY_PIN_EDGE : FR_POLICY_GROUPS_MAX;
    return (task[TASK_GROUPS] & ~(FR_POLICY_PINS | 7u)) == 0 && groups >= 1 && groups <= most &&
           task[TASK_PRIVACY] <= 2 && task[TASK_TIER] >= FR_TIER_LOCAL &&
           task[TASK_TIER] <= FR_TIER_CLOUD && task[TASK_SHIFT] <= 31 &&
           task[TASK_MAP] <= FR_CLASSES_MAX / 4u &&
           ((groups == 1 && !has_pins) || task[TASK_MAP] != 0);
}

/// Every class of the map belongs to a table or, with pins, to a pin.
static bool map_is_valid(const uint8_t* task) {
    const uint32_t groups = task[TASK_GROUPS] & 7u;
    const bool has_pins = (task[TASK_GROUPS] & FR_POLICY_PINS) != 0;
    for (uint32_t class_id = 0; class_id < 4u * task[TASK_MAP]; ++class_id) {
        const uint32_t group =
            ((uint32_t)task[FR_POLICY_TASK_BYTES + (class_id >> 2)] >> (2u * (class_id & 3u))) & 3u;
        if (group >= groups && !(has_pins && group >= FR_POLICY_PIN_EDGE)) {
            return false;
        }
    }
    return true;
}

static bool guard_is_valid(const uint8_t* guard) {
    const bool names_field = (guard[1] & FR_GUARD_FIELD_VALUE) != 0;
    return guard[0] < FR_FIELDS && (guard[1] & ~FR_GUARD_FIELD_VALUE) < FR_GUARD_OPERATIONS &&
           (!names_field || fr_load16(guard + 2) < FR_FIELDS);
}

fr_status_t fr_policy_check(const uint8_t* policy, size_t size) {
    if (policy == NULL || size < FR_POLICY_HEADER_BYTES) {
        return FR_ERROR_TRUNCATED;
    }
    if (size > FR_POLICY_SIZE_MAX) {
        return FR_ERROR_LIMIT;
    }
    if (policy[0] == 'F' && policy[1] == 'P' && policy[2] != FR_POLICY_VERSION) {
        return FR_ERROR_UNSUPPORTED;
    }
    if (!fr_policy_header_is_valid(policy, size) || fr_policy_id(policy, size) == 0) {
        return FR_ERROR_MALFORMED;
    }
    for (uint32_t i = 0; i < policy[POLICY_GUARDS]; ++i) {
        if (!guard_is_valid(policy + FR_POLICY_HEADER_BYTES + i * FR_POLICY_GUARD_BYTES)) {
            return FR_ERROR_MALFORMED;
        }
    }
    size_t offset = fr_policy_tasks_offset(policy);
    for (uint32_t i = 0; i < policy[POLICY_TASKS]; ++i) {
        const size_t bytes = fr_policy_task_size(policy + offset, size - offset);
        if (bytes == 0) {
            return FR_ERROR_TRUNCATED;
        }
        if (!task_is_valid(policy + offset) || !map_is_valid(policy + offset)) {
            return FR_ERROR_MALFORMED;
        }
        offset += bytes;
    }
    return offset == size ? FR_OK : FR_ERROR_MALFORMED;
}
