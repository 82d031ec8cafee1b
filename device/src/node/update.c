// SPDX-License-Identifier: Apache-2.0
// Actions of the update machine. The truth in flash is small: `active` and `confirmed` of the STATE
// record, the slots' manifests, the OFFER record. A candidate is unconfirmed exactly while active
// and confirmed differ; phases before the flip are redone after a reboot, phases after it are told
// from these two, and from `is_superseded`: with one slot a candidate that was called off runs on.
// Nothing here writes a slot: install.c does, and of two only the free one. A device with one slot
// gives it up and installs when the conditions hold, in SELF_TEST, not before.
#include <string.h>

#include "node/internal.h"

bool fr_is_in_probation(const fr_node_t* node, uint32_t task_index) {
    const fr_task_state_t* state = &node->state.tasks[task_index];
    return state->active != state->confirmed && !state->is_superseded;
}

bool fr_is_at_work(const fr_node_t* node, uint32_t task_index) {
    return node->update.is_working && node->update.task_index == task_index;
}

static bool is_resting(fr_phase_t phase) {
    return phase < FR_PHASE_OFFERED || phase == FR_PHASE_REFUSED || phase > FR_PHASE_SHADOW;
}

void fr_update_step(fr_node_t* node, uint32_t task_index, fr_update_event_t event,
                    fr_reason_t reason) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    const fr_phase_t next = fr_update_next((fr_phase_t)state->phase, event);
    if (next == FR_PHASE_UNSPECIFIED) {
        node->counters.internal_errors += 1;
        return;
    }
    const bool is_news = state->phase != next || state->reason != reason;
    state->phase = (uint8_t)next;
    state->reason = (uint8_t)reason;
    fr_task_volatile_t* task = &node->tasks[task_index];
    const bool is_repeated = is_news && is_resting(next);
    task->reports_left = is_repeated ? FR_REPORT_REPEATS : 0;
    task->report_ms = is_repeated ? node->now_ms + FR_REPORT_INTERVAL_MS : FR_NEVER;
    if (is_news && node->port->phase_changed != NULL) {
        node->port->phase_changed(node->port->context, node->config->tasks[task_index].task, next,
                                  reason);
    }
    if (is_news || event == FR_EVENT_REFUSE || event == FR_EVENT_MATCH) {
        fr_say_report(node, task_index);
    }
}

static void fail_and_ban(fr_node_t* node, uint32_t task_index, fr_reason_t reason,
                         bool is_hopeless) {
    fr_update_step(node, task_index, FR_EVENT_FAIL, reason);
    if (is_hopeless) {
        fr_update_step(node, task_index, FR_EVENT_BAN, FR_REASON_QUARANTINED);
    }
}

static void leave_work(fr_node_t* node) {
    fr_transfer_stop(node);
    node->update.is_working = 0;
    node->update.deadline_ms = FR_NEVER;
    if (node->update.ask_again && node->is_connected) {
        node->update.ask_again = 0;
        node->hello_ms = node->now_ms;
    }
}

void fr_update_fail(fr_node_t* node, fr_reason_t reason, uint32_t detail) {
    const uint32_t task_index = node->update.task_index;
    fr_offer_t offer;
    fr_manifest_t manifest;
    leave_work(node);
    node->update.detail = detail;
    fr_end_work(node, task_index);
    const bool is_hopeless = fr_offer_load_manifest(node, &offer, &manifest) == FR_OK &&
                             fr_count_against(node, task_index, manifest.counter, reason);
    fail_and_ban(node, task_index, reason, is_hopeless);
    fr_count_storage(node, fr_state_save(node));
    fr_offer_drop(node);
    if (reason == FR_REASON_BAD_DIGEST || reason == FR_REASON_BAD_BLOCK) {
        fr_count_storage(node, fr_staging_restart(&node->staging));
    }
    if (reason != FR_REASON_SUPERSEDED) {  // for what takes its place, or for a hello to come
        fr_ask_for_model(node, task_index);
    }
}

/// With one slot a superseded candidate runs on, unconfirmed, until what takes its place is here.
void fr_update_revert(fr_node_t* node, uint32_t task_index, fr_reason_t reason) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    const int8_t candidate = state->active;
    fr_manifest_t manifest;
    state->is_superseded = fr_has_one_slot(node) && reason == FR_REASON_SUPERSEDED;
    state->active = state->is_superseded ? candidate : state->confirmed;
    state->is_testing = 0;
    state->boot_attempts = 0;
    node->update.detail = 0;
    fr_forget_answers(node);
    bool is_hopeless = false;
    if (reason != FR_REASON_SUPERSEDED && candidate >= 0) {
        state->verified = (uint8_t)(state->verified & ~(1u << candidate));
        is_hopeless = fr_slot_manifest(node, task_index, (uint32_t)candidate, &manifest) == FR_OK &&
                      fr_count_against(node, task_index, manifest.counter, reason);
    }
    fail_and_ban(node, task_index, reason, is_hopeless);
    fr_count_storage(node, fr_state_save(node));
    const fr_status_t status = fr_model_load(node, task_index);
    if (status != FR_OK && status != FR_ERROR_NOT_FOUND) {
        node->counters.storage_faults += 1;
    }
    fr_policy_ask(node, task_index);
    if (reason != FR_REASON_SUPERSEDED) {
        fr_ask_for_model(node, task_index);
    }
}

static uint32_t free_slot(const fr_node_t* node, uint32_t task_index) {
    const int8_t active = node->state.tasks[task_index].active;
    return active == 0 && !fr_has_one_slot(node) ? 1u : 0u;
}

/// The free slot already holds the model: only its manifest and policy are new.
static void begin_flip(fr_node_t* node, const fr_offer_t* offer) {
    const uint32_t task_index = node->update.task_index;
    const uint32_t slot = node->update.slot;
    fr_status_t status = fr_blob_save(node, fr_record_manifest(task_index, slot), &offer->manifest,
                                      &offer->manifest_signature);
    fr_offer_t again;  // the first put may have moved the records
    if (status == FR_OK) {
        status = fr_offer_load(node, &again);
    }
    if (status == FR_OK && again.policy.size != 0) {  // else the slot keeps its own
        status = fr_blob_save(node, fr_record_policy(task_index, slot), &again.policy,
                              &again.policy_signature);
    }
    if (status != FR_OK) {
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, 0);
        return;
    }
    node->update.staged_ms = node->now_ms;
    node->update.deadline_ms = node->now_ms;
    fr_update_step(node, task_index, FR_EVENT_STAGE, FR_REASON_NONE);
}

static void begin_fetch(fr_node_t* node, const fr_offer_t* offer) {
    fr_artifact_id_t artifact = {offer->size_bytes, offer->block_bytes, {0}, {0}};
    memcpy(artifact.digest, offer->digest.bytes, FR_SHA256_SIZE);
    memcpy(artifact.list_digest, offer->list_digest.bytes, FR_SHA256_SIZE);
    if (fr_staging_begin(&node->staging, &artifact) != FR_OK) {
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, 0);
        return;
    }
    fr_update_step(node, node->update.task_index, FR_EVENT_FETCH, FR_REASON_NONE);
    fr_transfer_start(node);
}

/// Starts on the offer in the OFFER record, which was judged to be fit.
void fr_update_begin(fr_node_t* node) {
    fr_offer_t offer;
    fr_manifest_t manifest;
    if (fr_offer_load_manifest(node, &offer, &manifest) != FR_OK) {
        return;
    }
    const uint32_t task_index = (uint32_t)fr_find_task(node, offer.task);
    fr_update_t* update = &node->update;
    update->task_index = (uint8_t)task_index;
    update->slot = (uint8_t)free_slot(node, task_index);
    update->desired_version = offer.desired_version;
    update->is_working = 1;
    update->detail = 0;
    update->bad_blocks = 0;
    fr_update_step(node, task_index, FR_EVENT_OFFER, FR_REASON_NONE);
    if (fr_slot_holds(node, task_index, update->slot, &manifest)) {
        begin_flip(node, &offer);
    } else {
        begin_fetch(node, &offer);
    }
}

/// A superseded candidate is not confirmed, but its boots are forgiven.
void fr_update_count_decision(fr_node_t* node, uint32_t task_index) {
    fr_task_volatile_t* task = &node->tasks[task_index];
    fr_task_state_t* state = fr_state_of(node, task_index);
    const bool is_forgivable = state->is_superseded && state->boot_attempts != 0;
    if (!fr_is_in_probation(node, task_index) && !is_forgivable) {
        return;
    }
    task->probation_count += 1;
    if (task->probation_count < FR_PROBATION_DECISIONS) {
        return;
    }
    if (fr_is_in_probation(node, task_index)) {
        fr_count_storage(node, fr_confirm(node, task_index));
    } else {
        task->probation_count = 0;
        state->boot_attempts = 0;
        fr_count_storage(node, fr_state_save(node));
    }
}

/// Half a model is gone on with after a fault of the flash, as after a cut, and not for ever.
static bool tries_again(fr_node_t* node, fr_reason_t reason) {
    fr_task_state_t* state = fr_state_of(node, node->update.task_index);
    if (reason != FR_REASON_STORAGE_FAULT || !state->is_rewriting ||
        state->boot_attempts >= FR_REWRITE_BOOTS_MAX) {
        return false;
    }
    state->boot_attempts += 1;
    node->counters.storage_faults += 1;
    node->update.deadline_ms = node->now_ms + FR_CONDITION_INTERVAL_MS;
    return true;
}

/// False for a failure, which is then told, or tried again.
static bool install(fr_node_t* node) {
    uint32_t detail = 0;
    const fr_reason_t reason = fr_install(node, &detail);
    if (reason != FR_REASON_NONE && !tries_again(node, reason)) {
        fr_update_fail(node, reason, detail);
    }
    return reason == FR_REASON_NONE;
}

/// Every byte is here. Two slots: the new model goes beside the one that runs, at once.
static void stage(fr_node_t* node) {
    fr_transfer_stop(node);
    if (!fr_has_one_slot(node) && !install(node)) {
        return;
    }
    node->update.staged_ms = node->now_ms;
    node->update.deadline_ms = node->now_ms;
    fr_update_step(node, node->update.task_index, FR_EVENT_STAGE, FR_REASON_NONE);
}

static void look_at_conditions(fr_node_t* node) {
    fr_offer_t offer;
    if (fr_offer_load(node, &offer) != FR_OK) {
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, 0);
        return;
    }
    // Nothing in the only slot, or half a model: no reason to wait is as good as having one again.
    const bool has_none =
        fr_has_one_slot(node) && fr_state_of(node, node->update.task_index)->active < 0;
    const fr_reason_t reason = has_none ? FR_REASON_NONE : fr_update_condition(node, &offer);
    if (reason != FR_REASON_NONE) {
        node->update.deadline_ms = node->now_ms + FR_CONDITION_INTERVAL_MS;
        fr_update_step(node, node->update.task_index, FR_EVENT_WAIT, reason);
        return;
    }
    node->update.deadline_ms = node->now_ms;
    fr_update_step(node, node->update.task_index, FR_EVENT_TEST, FR_REASON_NONE);
}

/// The slot holds what the offer in work is about.
static bool is_installed(const fr_node_t* node) {
    fr_offer_t offer;
    fr_manifest_t manifest;
    return fr_offer_load_manifest(node, &offer, &manifest) == FR_OK &&
           fr_slot_holds(node, node->update.task_index, node->update.slot, &manifest);
}

/// Before a model runs for the first time, which may end in a reset: tests are counted as they
/// begin.
static fr_reason_t note_test(fr_node_t* node) {
    fr_task_state_t* state = fr_state_of(node, node->update.task_index);
    if (state->is_testing && state->boot_attempts >= FR_BOOT_ATTEMPTS_MAX) {
        return FR_REASON_WATCHDOG;
    }
    state->boot_attempts = (uint8_t)(state->is_testing ? state->boot_attempts + 1u : 0u);
    state->is_testing = 1;
    return fr_state_save(node) == FR_OK ? FR_REASON_NONE : FR_REASON_STORAGE_FAULT;
}

/// The flip is stored. A model that passed its tests and cannot be loaded now was damaged since:
/// it steps back, also one that was confirmed before.
static void start_flipped(fr_node_t* node, uint32_t task_index) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    const bool is_loaded = fr_model_load(node, task_index) == FR_OK;
    fr_update_step(node, task_index, FR_EVENT_SWITCH, FR_REASON_NONE);  // told with what runs now
    if (!is_loaded) {
        state->confirmed = state->confirmed == state->active ? (int8_t)-1 : state->confirmed;
        node->counters.storage_faults += 1;
        fr_update_revert(node, task_index, FR_REASON_STORAGE_FAULT);
        return;
    }
    if (!fr_is_in_probation(node, task_index)) {  // it has proved itself before
        fr_update_step(node, task_index, FR_EVENT_CONFIRM, FR_REASON_NONE);
    }
    fr_policy_ask(node, task_index);
}

static void test_and_switch(fr_node_t* node) {
    const uint32_t task_index = node->update.task_index;
    if (!is_installed(node) && !install(node)) {
        return;
    }
    const fr_reason_t reason = note_test(node);
    if (reason != FR_REASON_NONE) {
        fr_update_fail(node, reason, 0);
        return;
    }
    if (fr_run_self_tests(node, task_index, node->update.slot) != FR_OK) {
        fr_update_fail(node, FR_REASON_SELF_TEST_FAILED, 0);
        return;
    }
    if (fr_activate(node) != FR_OK) {
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, 0);
        return;
    }
    leave_work(node);
    node->update.asked = 0;
    start_flipped(node, task_index);
    fr_offer_drop(node);
}

void fr_update_tick(fr_node_t* node) {
    if (!node->update.is_working || node->now_ms < node->update.deadline_ms) {
        return;
    }
    switch ((fr_phase_t)fr_state_of(node, node->update.task_index)->phase) {
        case FR_PHASE_TRANSFER:
            if (fr_staging_is_complete(&node->staging) && node->update.list_is_checked) {
                stage(node);
            } else {
                fr_transfer_tick(node);
            }
            break;
        case FR_PHASE_STAGED:
        case FR_PHASE_WAITING:
            look_at_conditions(node);
            break;
        case FR_PHASE_SELF_TEST:
            test_and_switch(node);
            break;
        default:
            node->counters.internal_errors += 1;
            node->update.deadline_ms = FR_NEVER;
            break;
    }
}
