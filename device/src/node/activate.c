// SPDX-License-Identifier: Apache-2.0
// The end of an update: its conditions, the self-test of the candidate, the flip, the confirmation.
#include "frugal/self_test.h"
#include "node/internal.h"

fr_reason_t fr_update_condition(const fr_node_t* node, const fr_offer_t* offer) {
    const uint64_t waited_ms = node->now_ms - node->update.staged_ms;
    if (waited_ms < (uint64_t)offer->not_before_ticks * FR_TIME_TICK_MS) {
        return FR_REASON_WINDOW_CLOSED;
    }
    const fr_environment_t environment = fr_environment(node);
    return environment.battery_half_percent < offer->minimum_battery_half_percent
               ? FR_REASON_BATTERY_LOW
               : FR_REASON_NONE;
}

fr_status_t fr_run_self_tests(const fr_node_t* node, uint32_t task_index, uint32_t slot) {
    fr_manifest_t manifest;
    fr_slot_model_t model;
    const fr_task_config_t* task = &node->config->tasks[task_index];
    fr_status_t status = fr_slot_manifest(node, task_index, slot, &manifest);
    if (status == FR_OK) {
        status = fr_slot_check_digest(node, task_index, slot, &manifest);
    }
    if (status == FR_OK) {
        status = fr_slot_model_open(
            node, &model, fr_slot_bytes(&node->port->flash, &node->layout, task_index, slot),
            manifest.model_bytes, NULL);
    }
    for (uint32_t i = 0; status == FR_OK && i < manifest.self_test_count; ++i) {
        uint8_t digest[FR_SELF_TEST_DIGEST_SIZE];
        status = fr_slot_model_test(node, &model, task, manifest.self_tests[i].seed, digest);
        if (status == FR_OK && !fr_views_equal(&manifest.self_tests[i].output_digest, digest,
                                               FR_SELF_TEST_DIGEST_SIZE)) {
            status = FR_ERROR_DIGEST;
        }
        fr_feed_watchdog(node);
    }
    // The candidate borrowed the state of the model that still runs: that one starts afresh.
    const fr_slot_model_t* running = &node->tasks[task_index].loaded.model;
    if (running->is_open && fr_slot_model_reset(running, task) != FR_OK) {
        return FR_ERROR_STORAGE;
    }
    return status;
}

/// The flip: one record decides what runs. The old slot stays confirmed until the new one is. On a
/// failure nothing has changed; on success the caller loads the model.
fr_status_t fr_activate(fr_node_t* node) {
    const uint32_t task_index = node->update.task_index;
    fr_task_state_t* state = &node->state.tasks[task_index];
    const fr_task_state_t before = *state;
    fr_manifest_t manifest;
    fr_view_t policy;
    fr_view_t signature;
    state->active = (int8_t)node->update.slot;
    if (fr_has_one_slot(node) && fr_slot_manifest(node, task_index, 0, &manifest) == FR_OK &&
        fr_is_last_confirmed(state, &manifest)) {
        state->confirmed = state->active;  // it is back, and need not prove itself again
    }
    state->is_superseded = 0;
    state->is_testing = 0;
    state->boot_attempts = 0;
    fr_blob_load(node, fr_record_policy(task_index, node->update.slot), &policy, &signature);
    const uint32_t policy_id = fr_policy_id(policy.bytes, policy.size);
    if (policy_id > state->policy_floor) {
        state->policy_floor = policy_id;
    }
    const fr_status_t status = fr_state_save(node);
    if (status != FR_OK) {
        *state = before;
        return status;
    }
    node->tasks[task_index].probation_count = 0;
    node->tasks[task_index].policy_since_ms = node->now_ms;
    fr_forget_answers(node);
    return FR_OK;
}

/// The counter is burned in the record that confirms, never before.
fr_status_t fr_confirm(fr_node_t* node, uint32_t task_index) {
    fr_task_state_t* state = &node->state.tasks[task_index];
    const fr_task_state_t before = *state;
    fr_manifest_t manifest;
    fr_status_t status = fr_slot_manifest(node, task_index, (uint32_t)state->active, &manifest);
    if (status != FR_OK) {
        return status;
    }
    state->confirmed = state->active;
    state->boot_attempts = 0;
    state->failures = 0;
    state->failed_counter = 0;
    if (manifest.counter >= state->burned_counter) {
        fr_burn(state, &manifest);
    }
    status = fr_state_save(node);
    if (status != FR_OK) {
        *state = before;
        return status;
    }
    fr_update_step(node, task_index, FR_EVENT_CONFIRM, FR_REASON_NONE);
    return FR_OK;
}
