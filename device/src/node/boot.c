// SPDX-License-Identifier: Apache-2.0
// Boot: from whatever the last cut left to a running node. The boot itself costs one record (epoch,
// attempt count and, if need be, the fallback all in it), so a cut during boot changes nothing.
#include <string.h>

#include "node/internal.h"

static fr_store_shape_t shape_of(const fr_node_config_t* config, uint32_t sector_size) {
    const bool is_single = config->in_place != NULL;
    const fr_store_shape_t shape = {
        .sector_size = sector_size,
        .task_count = config->task_count,
        .slot_bytes = config->slot_bytes,
        .staging_bytes = config->staging_bytes,
        .block_bytes = config->block_bytes,
        .decision_sectors = config->decision_sectors,
        .slots = is_single ? 1u : FR_SLOTS,
        .reach_bytes = is_single ? config->reach_bytes : 0,
        .state_bytes = is_single ? config->in_place->state_bytes(config) : 0};
    return shape;
}

uint32_t fr_node_flash_size(const fr_node_config_t* config, uint32_t sector_size) {
    fr_layout_t layout;
    const fr_store_shape_t shape = shape_of(config, sector_size);
    return fr_layout_init(&layout, &shape) == FR_OK ? layout.total_bytes : 0;
}

static bool tasks_are_valid(const fr_node_config_t* config) {
    if (config->tasks == NULL || config->task_count < 1 || config->task_count > FR_TASKS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < config->task_count; ++i) {
        const fr_task_config_t* task = &config->tasks[i];
        if ((task->state == NULL && task->state_bytes != 0) || task->class_count < 2 ||
            task->class_count > FR_CLASSES_MAX || task->input_bytes == 0 ||
            (i != 0 && task->task <= config->tasks[i - 1].task)) {
            return false;
        }
    }
    return true;
}

static bool config_is_valid(const fr_node_config_t* config) {
    return config->site != NULL && fr_id_is_valid(config->site) && config->device != NULL &&
           fr_id_is_valid(config->device) && config->device_class != NULL &&
           fr_id_is_valid(config->device_class) && config->release_public_key != NULL &&
           config->operators != NULL && config->profiles != NULL && config->arena != NULL &&
           config->fetch_credit >= 1 && config->fetch_credit <= FR_FETCH_CREDIT_MAX &&
           config->features_bytes_max <= FR_FEATURES_SIZE_MAX && tasks_are_valid(config);
}

static bool port_is_valid(const fr_port_t* port) {
    return port->flash.map != NULL && port->flash.erase != NULL && port->flash.program != NULL &&
           port->verify_es256 != NULL && port->random32 != NULL && port->publish != NULL;
}

static fr_status_t bind(fr_node_t* node, const fr_node_config_t* config, const fr_port_t* port,
                        uint64_t now_ms) {
    memset(node, 0, sizeof *node);
    if (!config_is_valid(config) || !port_is_valid(port)) {
        return FR_ERROR_ARGUMENT;
    }
    const fr_store_shape_t shape = shape_of(config, port->flash.sector_size);
    const fr_status_t status = fr_layout_init(&node->layout, &shape);
    if (status != FR_OK) {
        return status;
    }
    if (node->layout.total_bytes > port->flash.size || config->arena_bytes < FR_ARENA_BYTES_MIN) {
        return FR_ERROR_NO_SPACE;
    }
    node->config = config;
    node->port = port;
    node->now_ms = now_ms;
    node->hello_ms = FR_NEVER;
    node->health_ms = FR_NEVER;
    node->update.deadline_ms = FR_NEVER;
    node->update.ask_ms = FR_NEVER;
    node->sender.retry_ms = FR_NEVER;
    node->sender.flush_ms = FR_NEVER;
    node->sender.credit = FR_DECISION_WINDOW;
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        node->tasks[i].report_ms = FR_NEVER;
        node->tasks[i].policy_since_ms = now_ms;
        node->tasks[i].tokens_ms = now_ms;
    }
    return FR_OK;
}

/// A phase before the flip did not survive the reset; one after it is told from the slots.
static void settle_phase(fr_task_state_t* state) {
    if (state->active != state->confirmed) {
        state->phase = FR_PHASE_PROBATION;
        return;
    }
    const bool is_resting = state->phase == FR_PHASE_REFUSED || state->phase == FR_PHASE_REVERTED ||
                            state->phase == FR_PHASE_QUARANTINED;
    if (!is_resting) {
        state->phase = state->active >= 0 ? FR_PHASE_CONFIRMED : FR_PHASE_IDLE;
        state->reason = FR_REASON_NONE;
    }
}

/// Counts the boot; a candidate that boots too often is given up, before it runs once more. Work
/// that was cut is judged when its offer is looked at.
static bool count_boot(fr_task_state_t* state) {
    settle_phase(state);
    if (state->active == state->confirmed) {
        if (state->is_rewriting && state->boot_attempts < UINT8_MAX) {
            state->boot_attempts += 1;
        }
        return false;
    }
    if (state->boot_attempts >= FR_BOOT_ATTEMPTS_MAX) {
        return true;
    }
    state->boot_attempts += 1;
    return false;
}

/// The confirmed model is damaged: the other slot if it verifies, else none. Better an older signed
/// model than no decisions; the burned counter stays where it is.
static void fall_back(fr_node_t* node, uint32_t task_index) {
    fr_task_state_t* state = &node->state.tasks[task_index];
    const int8_t damaged = state->active;
    const int8_t other = damaged == 0 ? 1 : 0;
    state->verified = (uint8_t)(state->verified & ~(1u << damaged));
    const bool is_fine = fr_slot_verify(node, task_index, (uint32_t)other) == FR_OK;
    state->active = is_fine ? other : -1;
    state->confirmed = state->active;
    node->counters.storage_faults += 1;
    fr_update_step(node, task_index, FR_EVENT_FAIL, FR_REASON_STORAGE_FAULT);
    fr_count_storage(node, fr_state_save(node));
}

static bool runs_verified(const fr_node_t* node, uint32_t task_index) {
    const int8_t active = node->state.tasks[task_index].active;
    return active < 0 || fr_slot_verify(node, task_index, (uint32_t)active) == FR_OK;
}

static void settle_task(fr_node_t* node, uint32_t task_index, bool gives_up) {
    fr_task_state_t* state = &node->state.tasks[task_index];
    if (gives_up) {
        fr_update_revert(node, task_index, FR_REASON_WATCHDOG);
    } else if (!runs_verified(node, task_index) && state->active != state->confirmed) {
        fr_update_revert(node, task_index, FR_REASON_STORAGE_FAULT);
    }
    if (!runs_verified(node, task_index)) {
        // What it fell back to was never confirmed by a phase: say so, then look at the other slot.
        state->phase = FR_PHASE_CONFIRMED;
        fall_back(node, task_index);
    }
    if (state->is_superseded) {
        fr_update_step(node, task_index, FR_EVENT_FAIL, FR_REASON_SUPERSEDED);
    }
    if (state->active >= 0) {
        fr_count_storage(node, fr_model_load(node, task_index));
    }
}

/// Blank storage is formatted; what another form of STATE says is not ours to throw away.
static fr_status_t open_state(fr_node_t* node) {
    fr_kept_tasks_t kept;
    fr_status_t status = fr_record_log_open(&node->records, &node->port->flash, &node->layout);
    if (status == FR_OK) {
        status = fr_state_load(node, &kept);
    }
    if (status == FR_ERROR_NOT_FOUND) {
        return fr_state_format(node);
    }
    return status == FR_OK ? fr_tasks_take_over(node, &kept) : status;
}

fr_status_t fr_node_boot(fr_node_t* node, const fr_node_config_t* config, const fr_port_t* port,
                         uint64_t now_ms) {
    bool gives_up[FR_TASKS_MAX] = {false};
    fr_status_t status = bind(node, config, port, now_ms);
    if (status == FR_OK) {
        status = open_state(node);
    }
    if (status != FR_OK) {
        return status;
    }
    for (uint32_t i = 0; i < config->task_count; ++i) {
        gives_up[i] = count_boot(&node->state.tasks[i]);
    }
    node->state.boot_epoch += 1;
    status = fr_state_save(node);
    if (status == FR_OK) {
        status = fr_decision_log_open(&node->decisions, &port->flash, &node->layout,
                                      node->state.stream, node->state.boot_epoch);
    }
    if (status != FR_OK) {
        return status;
    }
    fr_staging_open(&node->staging, &port->flash, &node->layout);
    for (uint32_t i = 0; i < config->task_count; ++i) {
        settle_task(node, i, gives_up[i]);
    }
    fr_escalations_recover(node);
    fr_update_resume(node);
    node->is_booted = 1;
    return FR_OK;
}
