// SPDX-License-Identifier: Apache-2.0
// What a desired state means for one task: it is what runs, it is what is being worked on, it is a
// reason to stop, or it is an offer to judge and take up.
#include <string.h>

#include "node/internal.h"

static void make_offer(fr_offer_t* offer, const fr_task_desired_t* desired, uint32_t version) {
    memset(offer, 0, sizeof *offer);
    offer->task = desired->task;
    offer->desired_version = version;
    offer->minimum_battery_half_percent = desired->minimum_battery_half_percent;
    offer->not_before_ticks = desired->not_before_ticks;
    offer->size_bytes = desired->artifact.size_bytes;
    offer->block_bytes = desired->artifact.block_bytes;
    offer->digest = desired->artifact.digest;
    offer->list_digest = desired->artifact.list_digest;
    offer->base_digest = desired->artifact.base_digest;
    offer->decoder_profile = desired->artifact.decoder_profile;
    offer->decoder_ram_bytes = desired->artifact.decoder_ram_bytes;
    offer->base_lag_bytes = desired->artifact.base_lag_bytes;
    offer->manifest = desired->manifest.content;
    offer->manifest_signature = desired->manifest.signature;
}

/// What is desired is what runs, confirmed; its counter may be new to us (signed again).
static void match(fr_node_t* node, uint32_t task_index, const fr_task_desired_t* desired) {
    fr_manifest_t manifest;
    fr_task_state_t* state = fr_state_of(node, task_index);
    bool is_changed = state->phase != FR_PHASE_CONFIRMED;
    if (fr_slot_manifest(node, task_index, (uint32_t)state->active, &manifest) == FR_OK &&
        manifest.counter > state->burned_counter) {
        fr_burn(state, &manifest);
        node->tasks[task_index].loaded.release = manifest.counter;
        is_changed = true;
    }
    fr_policy_offer(node, task_index, &desired->policy);
    fr_update_step(node, task_index, FR_EVENT_MATCH, FR_REASON_NONE);
    if (is_changed) {
        fr_count_storage(node, fr_state_save(node));
    }
}

/// The running model under a new manifest: nothing to fetch, test or prove.
static bool resign(fr_node_t* node, uint32_t task_index, const fr_offer_t* offer,
                   const fr_manifest_t* manifest) {
    const fr_task_state_t* state = fr_state_of(node, task_index);
    return state->active >= 0 && state->active == state->confirmed &&
           fr_slot_holds(node, task_index, (uint32_t)state->active, manifest) &&
           fr_blob_save(node, fr_record_manifest(task_index, (uint32_t)state->active),
                        &offer->manifest, &offer->manifest_signature) == FR_OK;
}

static void take_up(fr_node_t* node, uint32_t task_index, const fr_task_desired_t* desired,
                    fr_offer_t* offer) {
    fr_manifest_t manifest;
    if (fr_is_in_probation(node, task_index)) {
        fr_update_revert(node, task_index, FR_REASON_SUPERSEDED);
    }
    if (fr_manifest_decode(&manifest, offer->manifest.bytes, offer->manifest.size) != FR_OK) {
        return;
    }
    if (resign(node, task_index, offer, &manifest)) {
        match(node, task_index, desired);
        return;
    }
    const fr_signed_t* policy = &desired->policy;
    if (!fr_policy_is_for(node, task_index, &policy->content, &manifest.model_digest)) {
        fr_policy_offer(node, task_index, policy);  // perhaps it is for what still runs
    } else if (fr_policy_is_fit(node, task_index, &policy->content, &policy->signature)) {
        offer->policy = policy->content;
        offer->policy_signature = policy->signature;
    }
    if (fr_offer_save(node, offer) != FR_OK) {
        fr_update_step(node, task_index, FR_EVENT_REFUSE, FR_REASON_STORAGE_FAULT);
        fr_ask_for_model(node, task_index);
        return;
    }
    fr_update_begin(node);
}

static void refuse(fr_node_t* node, uint32_t task_index, fr_reason_t reason) {
    const bool bans = reason == FR_REASON_QUARANTINED && !fr_is_in_probation(node, task_index);
    fr_update_step(node, task_index, bans ? FR_EVENT_BAN : FR_EVENT_REFUSE, reason);
    fr_ask_for_model(node, task_index);
}

/// The same bytes by the same way. An offer without a way means "you have them": no news either.
static bool is_same_artifact(const fr_offer_t* wanted, const fr_offer_t* offer) {
    return wanted->size_bytes == 0 ||
           (fr_views_equal(&wanted->digest, offer->digest.bytes, offer->digest.size) &&
            fr_views_equal(&wanted->list_digest, offer->list_digest.bytes,
                           offer->list_digest.size) &&
            wanted->size_bytes == offer->size_bytes && wanted->block_bytes == offer->block_bytes);
}

/// The desired state already being worked on; its conditions may have changed. Half a model is not
/// given up because the gateway, which sees none, now offers the whole; but it is for missing
/// blocks, which nobody sends any more.
static bool is_the_work(const fr_node_t* node, const fr_offer_t* wanted) {
    fr_offer_t offer;
    const bool is_under_way = node->state.tasks[node->update.task_index].is_rewriting != 0 &&
                              fr_staging_is_complete(&node->staging);
    return fr_offer_load(node, &offer) == FR_OK && offer.task == wanted->task &&
           fr_views_equal(&wanted->manifest, offer.manifest.bytes, offer.manifest.size) &&
           (is_under_way || is_same_artifact(wanted, &offer));
}

/// Conditions and policy may have changed on the way; manifest and artifact have not.
static void go_on(fr_node_t* node, const fr_task_desired_t* desired, const fr_offer_t* wanted) {
    fr_offer_t offer;
    fr_manifest_t manifest;
    const uint32_t task_index = node->update.task_index;
    const bool is_for_work =
        fr_offer_load_manifest(node, &offer, &manifest) == FR_OK &&
        fr_policy_is_for(node, task_index, &desired->policy.content, &manifest.model_digest);
    if (!is_for_work) {  // but perhaps for what still runs
        fr_policy_offer(node, task_index, &desired->policy);
    }
    if (fr_offer_load(node, &offer) != FR_OK) {
        return;
    }
    node->update.desired_version = wanted->desired_version;
    const bool is_new_policy =
        is_for_work &&
        !fr_views_equal(&desired->policy.content, offer.policy.bytes, offer.policy.size) &&
        fr_policy_is_fit(node, task_index, &desired->policy.content, &desired->policy.signature);
    if (!is_new_policy &&
        offer.minimum_battery_half_percent == wanted->minimum_battery_half_percent &&
        offer.not_before_ticks == wanted->not_before_ticks) {
        return;
    }
    offer.desired_version = wanted->desired_version;
    offer.minimum_battery_half_percent = wanted->minimum_battery_half_percent;
    offer.not_before_ticks = wanted->not_before_ticks;
    if (is_new_policy) {
        offer.policy = desired->policy.content;
        offer.policy_signature = desired->policy.signature;
    }
    fr_count_storage(node, fr_offer_save(node, &offer));
    if (is_new_policy) {
        // It changed while the model is on its way: for the model that still runs, too.
        fr_policy_offer(node, task_index, &desired->policy);
    }
}

/// Desired equals something the device has: what runs, what it fell back from, or what it works on.
static bool is_settled(fr_node_t* node, uint32_t task_index, const fr_task_desired_t* desired,
                       const fr_offer_t* offer) {
    const fr_task_state_t* state = fr_state_of(node, task_index);
    const fr_view_t* manifest = &desired->manifest.content;
    const bool is_working = fr_is_at_work(node, task_index);
    if (fr_slot_has_manifest(node, task_index, state->confirmed, manifest)) {
        if (is_working) {
            fr_update_fail(node, FR_REASON_SUPERSEDED, 0);
        } else if (fr_is_in_probation(node, task_index)) {
            fr_update_revert(node, task_index, FR_REASON_SUPERSEDED);
        }
        match(node, task_index, desired);
        return true;
    }
    if (fr_is_in_probation(node, task_index) &&
        fr_slot_has_manifest(node, task_index, state->active, manifest)) {
        fr_policy_offer(node, task_index, &desired->policy);
        return true;
    }
    if (is_working && is_the_work(node, offer)) {
        go_on(node, desired, offer);
        return true;
    }
    return false;
}

void fr_update_on_desired(fr_node_t* node, uint32_t task_index, const fr_task_desired_t* desired,
                          uint32_t version) {
    fr_offer_t offer;
    fr_shadow_offer(node, task_index, &desired->shadow);
    if (desired->manifest.content.size == 0) {
        fr_policy_offer(node, task_index, &desired->policy);
        return;
    }
    make_offer(&offer, desired, version);
    if (is_settled(node, task_index, desired, &offer)) {
        return;
    }
    if (node->update.is_working && node->update.task_index != task_index) {
        node->update.ask_again = 1;
        return;
    }
    uint32_t detail = 0;
    const bool is_rewriting = node->state.tasks[task_index].is_rewriting != 0;
    // Of half a slot nothing is left for another delta.
    const fr_reason_t reason = is_rewriting && offer.base_digest.size != 0
                                   ? FR_REASON_BASE_MISSING
                                   : fr_offer_judge(node, task_index, &offer, &detail);
    if (node->update.is_working && is_rewriting && reason != FR_REASON_NONE) {
        node->update.ask_again = 1;  // the partial rewrite stays: this wish cannot be met
        return;
    }
    if (node->update.is_working) {
        fr_update_fail(node, FR_REASON_SUPERSEDED, 0);
    }
    node->update.desired_version = version;
    node->update.detail = detail;
    if (reason != FR_REASON_NONE) {
        refuse(node, task_index, reason);
        fr_policy_offer(node, task_index, &desired->policy);
    } else {
        take_up(node, task_index, desired, &offer);
    }
}
