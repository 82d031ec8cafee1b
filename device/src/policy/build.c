// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/policy.h"
#include "policy/layout.h"

typedef struct {
    uint8_t* bytes;
    size_t capacity;
    size_t size;
} output_t;

static uint8_t* take(output_t* out, size_t size) {
    if (size > out->capacity - out->size) {
        return NULL;
    }
    uint8_t* bytes = out->bytes + out->size;
    memset(bytes, 0, size);
    out->size += size;
    return bytes;
}

static uint32_t round_up_to_units(uint32_t value, uint32_t unit) {
    return value / unit + (value % unit != 0 ? 1u : 0u);
}

static uint32_t map_bytes(const fr_policy_task_spec_t* spec) {
    return spec->classes != NULL ? round_up_to_units(spec->class_count, 4u) : 0u;
}

static bool task_fits(const fr_policy_task_spec_t* spec) {
    return spec->group_count >= 1 && spec->group_count <= FR_POLICY_GROUPS_MAX &&
           spec->class_count <= FR_CLASSES_MAX &&
           round_up_to_units(spec->deadline_ms, FR_POLICY_DEADLINE_UNIT_MS) <= 0xFFFFu &&
           round_up_to_units(spec->cap_per_hour, FR_POLICY_CAP_UNIT) <= 0xFFu;
}

static fr_status_t build_task(const fr_policy_task_spec_t* spec, output_t* out) {
    if (!task_fits(spec)) {
        return FR_ERROR_LIMIT;
    }
    const uint32_t map = map_bytes(spec);
    const size_t tables = (size_t)spec->group_count * FR_POLICY_TABLE_BYTES;
    uint8_t* task = take(out, FR_POLICY_TASK_BYTES + map + tables);
    if (task == NULL) {
        return FR_ERROR_NO_SPACE;
    }
    task[TASK_ID] = spec->task;
    task[TASK_GROUPS] = (uint8_t)(spec->group_count | (spec->has_pins ? FR_POLICY_PINS : 0u));
    task[TASK_PRIVACY] = spec->privacy;
    task[TASK_TIER] = spec->tier;
    fr_store16(task + TASK_DEADLINE,
               round_up_to_units(spec->deadline_ms, FR_POLICY_DEADLINE_UNIT_MS));
    memcpy(task + TASK_WEIGHTS, spec->weights, 4);
    task[TASK_SHIFT] = spec->shift;
    task[TASK_AUDIT] = spec->audit;
    task[TASK_CAP] = (uint8_t)round_up_to_units(spec->cap_per_hour, FR_POLICY_CAP_UNIT);
    task[TASK_MAP] = (uint8_t)map;
    fr_store16(task + TASK_MODEL, spec->model);
    for (uint32_t i = 0; map != 0 && i < spec->class_count; ++i) {
        if (spec->classes[i] > 3) {
            return FR_ERROR_ARGUMENT;
        }
        task[FR_POLICY_TASK_BYTES + (i >> 2)] |= (uint8_t)(spec->classes[i] << (2u * (i & 3u)));
    }
    memcpy(task + FR_POLICY_TASK_BYTES + map, spec->gains, tables);
    return FR_OK;
}

static fr_status_t build_head(const fr_policy_spec_t* spec, output_t* out) {
    if (spec->id == 0 || spec->expiry_hours > 0xFFFFu || spec->task_count < 1 ||
        spec->task_count > FR_POLICY_TASKS_MAX || spec->guard_count > FR_POLICY_GUARDS_MAX) {
        return FR_ERROR_LIMIT;
    }
    uint8_t* header = take(out, FR_POLICY_HEADER_BYTES);
    if (header == NULL) {
        return FR_ERROR_NO_SPACE;
    }
    header[0] = 'F';
    header[1] = 'P';
    header[2] = FR_POLICY_VERSION;
    header[POLICY_TASKS] = (uint8_t)spec->task_count;
    header[POLICY_GUARDS] = (uint8_t)spec->guard_count;
    fr_store32(header + FR_POLICY_ID_OFFSET, spec->id);
    fr_store16(header + POLICY_EXPIRY, spec->expiry_hours);
    for (uint32_t i = 0; i < spec->guard_count; ++i) {
        uint8_t* guard = take(out, FR_POLICY_GUARD_BYTES);
        if (guard == NULL) {
            return FR_ERROR_NO_SPACE;
        }
        guard[0] = spec->guards[i].field;
        guard[1] = spec->guards[i].operation;
        fr_store16(guard + 2, (uint16_t)spec->guards[i].value);
    }
    return FR_OK;
}

fr_status_t fr_policy_build(const fr_policy_spec_t* spec, uint8_t* policy, size_t capacity,
                            size_t* size) {
    output_t out = {policy, capacity < FR_POLICY_SIZE_MAX ? capacity : FR_POLICY_SIZE_MAX, 0};
    fr_status_t status = build_head(spec, &out);
    for (uint32_t i = 0; status == FR_OK && i < spec->task_count; ++i) {
        status = build_task(&spec->tasks[i], &out);
    }
    if (status != FR_OK) {
        return status;
    }
    *size = out.size;
    return fr_policy_check(policy, out.size) == FR_OK ? FR_OK : FR_ERROR_ARGUMENT;
}
