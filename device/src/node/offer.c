// SPDX-License-Identifier: Apache-2.0
// Refusals before block 0: everything that can be known from the manifest is checked before a byte
// travels and before a byte of flash is given up for it. The signature comes first: nothing in an
// unsigned manifest is believed.
#include <string.h>

#include "frugal/artifact.h"
#include "frugal/codec.h"
#include "node/internal.h"
#include "runtime/model.h"

/// What the arena leaves for a decoder and its models, once both are aligned.
uint32_t fr_decoder_ram(const fr_node_t* node) {
    const uint32_t alignment = 16;
    return node->config->arena_bytes < alignment ? 0 : node->config->arena_bytes - alignment;
}

uint32_t fr_decoder_profiles(const fr_node_t* node) {
    const fr_profile_set_t* set = node->config->profiles;
    uint32_t numbers = 0;
    for (uint32_t number = 0; number < FR_CODEC_PROFILES; ++number) {
        const fr_profile_t* profile = fr_profile_find(set, number);
        if (profile != NULL &&
            sizeof(fr_decoder_t) + fr_profile_memory_bytes(profile) <= fr_decoder_ram(node)) {
            numbers |= 1u << number;
        }
    }
    return numbers;
}

static bool class_fits(const fr_node_t* node, const fr_manifest_t* manifest) {
    const uint32_t size = (uint32_t)strlen(node->config->device_class);
    return fr_views_equal(&manifest->device_class, (const uint8_t*)"any", 3) ||
           fr_views_equal(&manifest->device_class, (const uint8_t*)node->config->device_class,
                          size);
}

static fr_reason_t judge_operators(const fr_node_t* node, const fr_manifest_t* manifest,
                                   uint32_t* detail) {
    for (uint32_t i = 0; i < manifest->operator_count; ++i) {
        if (!fr_runs_operator(node, manifest->operators[i])) {
            *detail = manifest->operators[i];
            return FR_REASON_UNFIT_OPS;
        }
    }
    return FR_REASON_NONE;
}

static fr_reason_t judge_fit(const fr_node_t* node, const fr_task_config_t* task,
                             const fr_manifest_t* manifest, uint32_t* detail) {
    if (manifest->runtime_abi != FR_RUNTIME_ABI || !class_fits(node, manifest)) {
        *detail = manifest->runtime_abi;
        return FR_REASON_UNFIT_RUNTIME;
    }
    if (manifest->model_bytes > node->config->slot_bytes) {
        *detail = manifest->model_bytes;
        return FR_REASON_NO_SPACE;
    }
    if (manifest->arena_bytes > node->config->arena_bytes) {
        *detail = manifest->arena_bytes;
        return FR_REASON_UNFIT_ARENA;
    }
    if (manifest->state_bytes > task->state_bytes) {
        *detail = manifest->state_bytes;
        return FR_REASON_UNFIT_ARENA;
    }
    if (manifest->task != task->task || manifest->input_bytes != task->input_bytes ||
        manifest->output_classes != task->class_count) {
        *detail = manifest->input_bytes;
        return FR_REASON_UNFIT_IO;
    }
    return judge_operators(node, manifest, detail);
}

/// What a delta builds on must be the confirmed model: a candidate steps back for the new offer,
/// and its slot is the one written.
static bool base_stays(const fr_node_t* node, uint32_t task_index, const fr_view_t* base) {
    const int8_t confirmed = node->state.tasks[task_index].confirmed;
    return confirmed >= 0 && fr_slot_holds_model(node, task_index, (uint32_t)confirmed, base);
}

static fr_reason_t judge_artifact(const fr_node_t* node, uint32_t task_index,
                                  const fr_offer_t* offer, uint32_t* detail) {
    fr_artifact_layout_t layout;
    // Of a slot that is being rewritten the checkpoints tell whether the base is good for the rest.
    const bool needs_base =
        offer->base_digest.size != 0 && !node->state.tasks[task_index].is_rewriting;
    if (offer->size_bytes == 0 ||
        (needs_base && !base_stays(node, task_index, &offer->base_digest))) {
        return FR_REASON_BASE_MISSING;
    }
    if (fr_has_one_slot(node) && offer->base_lag_bytes > fr_base_reach(node)) {
        *detail = offer->base_lag_bytes;
        return FR_REASON_UNFIT_RUNTIME;
    }
    if ((fr_decoder_profiles(node) >> (offer->decoder_profile & 31u) & 1u) == 0 ||
        offer->decoder_ram_bytes > fr_decoder_ram(node)) {
        *detail = offer->decoder_ram_bytes;
        return FR_REASON_UNFIT_RUNTIME;
    }
    if (offer->size_bytes > node->config->staging_bytes) {
        *detail = offer->size_bytes;
        return FR_REASON_NO_SPACE;
    }
    const fr_status_t status = fr_artifact_layout(offer->size_bytes, offer->block_bytes, &layout);
    // What is longer than the fetch window could never be checked as a whole.
    if (status != FR_OK || layout.first_blocks > FR_FETCH_CREDIT_MAX) {
        *detail = offer->block_bytes;
        return FR_REASON_UNFIT_RUNTIME;
    }
    return FR_REASON_NONE;
}

static bool counter_is_fresh(const fr_task_state_t* state, const fr_manifest_t* manifest) {
    // The release that was burned last may come back once its slot was lost; in any variant, if
    // nothing else is left.
    return manifest->counter > state->burned_counter ||
           (manifest->counter == state->burned_counter &&
            (fr_has_lost_model(state) || fr_is_last_confirmed(state, manifest)));
}

static bool a_slot_holds(const fr_node_t* node, uint32_t task_index,
                         const fr_manifest_t* manifest) {
    return fr_slot_holds(node, task_index, 0, manifest) ||
           fr_slot_holds(node, task_index, 1, manifest);
}

fr_reason_t fr_offer_judge(const fr_node_t* node, uint32_t task_index, const fr_offer_t* offer,
                           uint32_t* detail) {
    fr_manifest_t manifest;
    const fr_task_state_t* state = &node->state.tasks[task_index];
    *detail = 0;
    if (!fr_signature_holds(node, node->config->release_public_key, &offer->manifest,
                            &offer->manifest_signature) ||
        fr_manifest_decode(&manifest, offer->manifest.bytes, offer->manifest.size) != FR_OK) {
        return FR_REASON_BAD_SIGNATURE;
    }
    if (!counter_is_fresh(state, &manifest)) {
        *detail = state->burned_counter;
        return FR_REASON_DOWNGRADE;
    }
    const fr_reason_t reason = judge_fit(node, &node->config->tasks[task_index], &manifest, detail);
    if (reason != FR_REASON_NONE) {
        return reason;
    }
    if (state->failed_counter == manifest.counter && state->failures >= FR_UPDATE_ATTEMPTS_MAX) {
        return FR_REASON_QUARANTINED;
    }
    return a_slot_holds(node, task_index, &manifest)
               ? FR_REASON_NONE
               : judge_artifact(node, task_index, offer, detail);
}
