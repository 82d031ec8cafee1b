// SPDX-License-Identifier: Apache-2.0
// What becomes of an update that failed or was cut: which failures count against a release, how a
// task that lost its model comes to one again, and what a boot takes up.
#include "node/internal.h"

static void count_failure(fr_node_t* node, uint32_t task_index, uint32_t counter) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    if (state->failed_counter != counter) {
        state->failed_counter = counter;
        state->failures = 0;
    }
    if (state->failures < FR_UPDATE_ATTEMPTS_MAX) {
        state->failures += 1;
    }
}

bool fr_has_lost_model(const fr_task_state_t* state) {
    return state->confirmed < 0 && state->burned_counter != 0;
}

/// Of link, flash, gateway and power, not of the release: what a task without a model tries again.
static bool is_of_the_way(fr_reason_t reason) {
    return reason == FR_REASON_TIMED_OUT || reason == FR_REASON_BAD_BLOCK ||
           reason == FR_REASON_BAD_DIGEST || reason == FR_REASON_BASE_MISSING ||
           reason == FR_REASON_NO_SPACE || reason == FR_REASON_STORAGE_FAULT;
}

/// Never against the release that was confirmed here when the task has no other: below it there is
/// none it may take.
bool fr_count_against(fr_node_t* node, uint32_t task_index, uint32_t counter, fr_reason_t reason) {
    const fr_task_state_t* state = fr_state_of(node, task_index);
    const bool is_spared =
        fr_has_lost_model(state) && (counter == state->burned_counter || is_of_the_way(reason));
    if (is_spared || reason == FR_REASON_SUPERSEDED) {
        return false;
    }
    count_failure(node, task_index, counter);
    return state->failures >= FR_UPDATE_ATTEMPTS_MAX;
}

bool fr_is_last_confirmed(const fr_task_state_t* state, const fr_manifest_t* manifest) {
    return manifest->counter == state->burned_counter &&
           fr_digest_tag(manifest->model_digest.bytes) == state->burned_tag;
}

void fr_burn(fr_task_state_t* state, const fr_manifest_t* manifest) {
    state->burned_counter = manifest->counter;
    state->burned_tag = fr_digest_tag(manifest->model_digest.bytes);
}

bool fr_is_cut_short(const fr_task_state_t* state) {
    return state->is_rewriting || state->is_testing;
}

/// The only slot was given up, but holds what was confirmed last, byte for byte: it runs again.
static void take_back_slot(fr_node_t* node, uint32_t task_index) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    fr_manifest_t manifest;
    if (fr_slot_manifest(node, task_index, 0, &manifest) != FR_OK ||
        !fr_is_last_confirmed(state, &manifest) || fr_slot_check(node, task_index, 0) != FR_OK) {
        return;
    }
    state->verified = 1;
    state->active = 0;
    state->confirmed = 0;
    fr_count_storage(node, fr_model_load(node, task_index));
}

/// Nothing runs that may stay, and nothing is on its way.
static bool needs_model(const fr_node_t* node, uint32_t task_index) {
    return fr_has_lost_model(&node->state.tasks[task_index]) && !fr_is_at_work(node, task_index) &&
           !fr_is_in_probation(node, task_index);
}

void fr_ask_for_model(fr_node_t* node, uint32_t task_index) {
    if (!needs_model(node, task_index) || !node->is_connected) {
        return;
    }
    if (node->update.asked < FR_ASK_DOUBLINGS_MAX) {
        node->update.asked += 1;
    }
    const fr_task_state_t* state = fr_state_of(node, task_index);
    const bool is_slow =
        state->phase == FR_PHASE_QUARANTINED || state->reason == FR_REASON_WATCHDOG;
    fr_earliest(&node->update.ask_ms,
                fr_hello_retry(node, is_slow ? FR_ASK_DOUBLINGS_MAX : node->update.asked));
}

void fr_ask_for_models(fr_node_t* node) {
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        fr_ask_for_model(node, i);
    }
}

/// Again and again: the answer to a hello may be about something else, or about nothing.
void fr_recovery_tick(fr_node_t* node) {
    if (node->now_ms < node->update.ask_ms) {
        return;
    }
    node->update.ask_ms = FR_NEVER;
    fr_ask_for_models(node);
    if (node->update.ask_ms != FR_NEVER) {
        node->hello_ms = node->now_ms;
    }
}

void fr_end_work(fr_node_t* node, uint32_t task_index) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    if (state->is_rewriting) {
        take_back_slot(node, task_index);
    }
    if (fr_is_cut_short(state)) {
        state->boot_attempts = 0;
    }
    state->is_rewriting = 0;
    state->is_testing = 0;
}

/// Why the work a cut interrupted is not gone on with: it is what resets the device, or half a slot
/// cannot be made whole. Blocks that are missing come from nobody: the site sees no model, and
/// offers the next one in full.
static fr_reason_t judge_work(const fr_node_t* node, const fr_offer_t* offer) {
    const fr_task_state_t* state = &node->state.tasks[node->update.task_index];
    if (!node->update.is_working) {
        return FR_REASON_NONE;
    }
    if (state->is_rewriting && state->boot_attempts > FR_REWRITE_BOOTS_MAX) {
        return FR_REASON_WATCHDOG;
    }
    return state->is_rewriting && offer->base_digest.size != 0 &&
                   !fr_staging_is_complete(&node->staging)
               ? FR_REASON_SUPERSEDED
               : FR_REASON_NONE;
}

/// Not if it is done, or not acceptable any more.
static bool is_open(const fr_node_t* node, const fr_offer_t* offer) {
    uint32_t detail = 0;
    const int32_t task_index = fr_find_task(node, offer->task);
    if (task_index < 0 || fr_is_in_probation(node, (uint32_t)task_index)) {
        return false;
    }
    return !fr_slot_has_manifest(node, (uint32_t)task_index, node->state.tasks[task_index].active,
                                 &offer->manifest) &&
           fr_offer_judge(node, (uint32_t)task_index, offer, &detail) == FR_REASON_NONE;
}

/// Without its offer no work goes on. What was not overwritten yet runs again.
static void end_lost_work(fr_node_t* node) {
    bool is_changed = false;
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        fr_task_state_t* state = fr_state_of(node, i);
        if (fr_is_cut_short(state) && !fr_is_at_work(node, i)) {
            fr_end_work(node, i);
            is_changed = true;
        }
    }
    if (is_changed) {
        fr_count_storage(node, fr_state_save(node));
    }
}

/// After a boot: takes up the offer a cut interrupted.
void fr_update_resume(fr_node_t* node) {
    fr_offer_t offer;
    if (fr_offer_load(node, &offer) == FR_OK && is_open(node, &offer)) {
        fr_update_begin(node);
        const fr_reason_t reason = judge_work(node, &offer);
        if (reason != FR_REASON_NONE) {
            fr_update_fail(node, reason, 0);
        }
    } else {
        fr_offer_drop(node);
    }
    end_lost_work(node);
}
