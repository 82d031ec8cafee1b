// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "node/internal.h"
#include "store/little_endian.h"

#define COMMON_BYTES 24u
#define TASK_BYTES 24u
#define STATE_BYTES (COMMON_BYTES + TASK_BYTES * FR_TASKS_MAX)
#define STREAM_TRIES 8u
#define OFFER_BYTES 128u  // before the signed blobs

// State.

static void encode_task(uint8_t* out, const fr_task_state_t* task) {
    out[0] = (uint8_t)task->active;
    out[1] = (uint8_t)task->confirmed;
    out[2] = task->phase;
    out[3] = task->reason;
    out[4] = task->verified;
    out[5] = task->failures;
    out[6] = task->boot_attempts;
    out[7] = (uint8_t)(task->is_rewriting | task->is_superseded << 1 | task->is_testing << 2);
    fr_store32(out + 8, task->burned_counter);
    fr_store32(out + 12, task->burned_tag);
    fr_store32(out + 16, task->failed_counter);
    fr_store32(out + 20, task->policy_floor);
}

static void decode_task(const uint8_t* in, fr_task_state_t* task) {
    task->active = (int8_t)in[0];
    task->confirmed = (int8_t)in[1];
    task->phase = in[2];
    task->reason = in[3];
    task->verified = in[4];
    task->failures = in[5];
    task->boot_attempts = in[6];
    task->is_rewriting = in[7] & 1u;
    task->is_superseded = in[7] >> 1 & 1u;
    task->is_testing = in[7] >> 2 & 1u;
    task->burned_counter = fr_load32(in + 8);
    task->burned_tag = fr_load32(in + 12);
    task->failed_counter = fr_load32(in + 16);
    task->policy_floor = fr_load32(in + 20);
}

static void encode_state(uint8_t out[STATE_BYTES], const fr_persistent_t* state) {
    fr_store64(out, state->stream);
    fr_store64(out + 8, state->fencing_epoch);
    fr_store32(out + 16, state->boot_epoch);
    fr_store32(out + 20, state->desired_version);
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        encode_task(out + COMMON_BYTES + TASK_BYTES * i, &state->tasks[i]);
    }
}

fr_status_t fr_state_save(fr_node_t* node) {
    uint8_t bytes[STATE_BYTES];
    encode_state(bytes, &node->state);
    const fr_status_t status =
        fr_record_log_put(&node->records, FR_RECORD_STATE, bytes, STATE_BYTES);
    fr_count_storage(node, status);
    return status;
}

/// A slot this firmware has. One it gave up, or that never was, holds nothing.
static int8_t known_slot(const fr_node_t* node, int8_t slot) {
    return slot >= 0 && (uint32_t)slot < node->layout.slot_count ? slot : (int8_t)-1;
}

static void drop_unknown_slots(const fr_node_t* node, fr_task_state_t* task) {
    task->confirmed = known_slot(node, task->confirmed);
    if (known_slot(node, task->active) != task->active) {
        task->active = task->confirmed;
    }
    task->verified = (uint8_t)(task->verified & ((1u << node->layout.slot_count) - 1u));
    if (!fr_has_one_slot(node)) {
        task->is_rewriting = 0;
        task->is_superseded = 0;
    }
}

fr_status_t fr_state_load(fr_node_t* node) {
    uint32_t size = 0;
    const uint8_t* bytes = fr_record_log_get(&node->records, FR_RECORD_STATE, &size);
    if (bytes == NULL || size != STATE_BYTES) {
        return FR_ERROR_NOT_FOUND;
    }
    node->state.stream = fr_load64(bytes);
    node->state.fencing_epoch = fr_load64(bytes + 8);
    node->state.boot_epoch = fr_load32(bytes + 16);
    node->state.desired_version = fr_load32(bytes + 20);
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        decode_task(bytes + COMMON_BYTES + TASK_BYTES * i, &node->state.tasks[i]);
        drop_unknown_slots(node, &node->state.tasks[i]);
    }
    return FR_OK;
}

fr_status_t fr_state_format(fr_node_t* node) {
    fr_persistent_t* state = &node->state;
    memset(state, 0, sizeof *state);
    for (uint32_t i = 0; i < STREAM_TRIES && state->stream == 0; ++i) {
        state->stream = (uint64_t)node->port->random32(node->port->context) << 32;
        state->stream |= node->port->random32(node->port->context);
    }
    if (state->stream == 0) {
        return FR_ERROR_STATE;
    }
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        state->tasks[i].active = -1;
        state->tasks[i].confirmed = -1;
        state->tasks[i].phase = FR_PHASE_IDLE;
    }
    uint8_t bytes[STATE_BYTES];
    encode_state(bytes, state);
    return fr_record_log_format(&node->records, &node->port->flash, &node->layout, FR_RECORD_STATE,
                                bytes, STATE_BYTES);
}

// Signed blobs: signature, then content.

static uint32_t copy_view(uint8_t* out, const fr_view_t* view) {
    if (view->size != 0) {
        memmove(out, view->bytes, view->size);
    }
    return view->size;
}

fr_status_t fr_blob_save(fr_node_t* node, uint32_t type, const fr_view_t* content,
                         const fr_view_t* signature) {
    uint32_t size = 0;
    if (content->size != 0) {
        size = copy_view(node->config->arena, signature);
        size += copy_view(node->config->arena + size, content);
    }
    fr_view_t present;
    fr_view_t present_signature;
    fr_blob_load(node, type, &present, &present_signature);
    if (fr_views_equal(&present, content->bytes, content->size) &&
        fr_views_equal(&present_signature, signature->bytes, signature->size)) {
        return FR_OK;
    }
    const fr_status_t status = fr_record_log_put(&node->records, type, node->config->arena, size);
    fr_count_storage(node, status);
    return status;
}

void fr_blob_load(const fr_node_t* node, uint32_t type, fr_view_t* content, fr_view_t* signature) {
    uint32_t size = 0;
    const uint8_t* bytes = fr_record_log_get(&node->records, type, &size);
    if (bytes == NULL || size <= FR_SIGNATURE_SIZE) {
        size = 0;
    }
    *signature = fr_view(bytes, size != 0 ? FR_SIGNATURE_SIZE : 0);
    *content =
        size != 0 ? fr_view(bytes + FR_SIGNATURE_SIZE, size - FR_SIGNATURE_SIZE) : fr_view(NULL, 0);
}

// The offer in work.

static void copy_digest(uint8_t* out, const fr_view_t* digest) {
    memset(out, 0, FR_SHA256_SIZE);
    copy_view(out, digest);
}

fr_status_t fr_offer_save(fr_node_t* node, const fr_offer_t* offer) {
    // Built in the arena: it is too long for a small device's stack.
    uint8_t* out = node->config->arena;
    fr_store32(out, offer->task);
    fr_store32(out + 4, offer->desired_version);
    fr_store32(out + 8, offer->minimum_battery_half_percent);
    fr_store32(out + 12, offer->not_before_ticks);
    fr_store32(out + 16, offer->size_bytes);
    fr_store32(out + 20, offer->block_bytes);
    fr_store16(out + 24, offer->manifest.size);
    fr_store16(out + 26, offer->policy.size);
    fr_store32(out + 28, (offer->base_digest.size != 0 ? 1u : 0u) | offer->decoder_profile << 8);
    copy_digest(out + 32, &offer->digest);
    copy_digest(out + 64, &offer->list_digest);
    copy_digest(out + 96, &offer->base_digest);
    uint32_t size = OFFER_BYTES;
    size += copy_view(out + size, &offer->manifest_signature);
    size += copy_view(out + size, &offer->manifest);
    if (offer->policy.size != 0) {
        size += copy_view(out + size, &offer->policy_signature);
        size += copy_view(out + size, &offer->policy);
    }
    const fr_status_t status = fr_record_log_put(&node->records, FR_RECORD_OFFER, out, size);
    fr_count_storage(node, status);
    return status;
}

fr_status_t fr_offer_load(const fr_node_t* node, fr_offer_t* offer) {
    uint32_t size = 0;
    const uint8_t* in = fr_record_log_get(&node->records, FR_RECORD_OFFER, &size);
    if (in == NULL || size < OFFER_BYTES + FR_SIGNATURE_SIZE) {
        return FR_ERROR_NOT_FOUND;
    }
    memset(offer, 0, sizeof *offer);
    offer->task = fr_load32(in);
    offer->desired_version = fr_load32(in + 4);
    offer->minimum_battery_half_percent = fr_load32(in + 8);
    offer->not_before_ticks = fr_load32(in + 12);
    offer->size_bytes = fr_load32(in + 16);
    offer->block_bytes = fr_load32(in + 20);
    const uint32_t manifest_size = fr_load16(in + 24);
    const uint32_t policy_size = fr_load16(in + 26);
    if (offer->size_bytes != 0) {
        offer->digest = fr_view(in + 32, FR_SHA256_SIZE);
        offer->list_digest = fr_view(in + 64, FR_SHA256_SIZE);
        const uint32_t encoding = fr_load32(in + 28);
        offer->base_digest = fr_view(in + 96, (encoding & 1u) != 0 ? FR_SHA256_SIZE : 0);
        offer->decoder_profile = encoding >> 8;
    }
    offer->manifest_signature = fr_view(in + OFFER_BYTES, FR_SIGNATURE_SIZE);
    offer->manifest = fr_view(in + OFFER_BYTES + FR_SIGNATURE_SIZE, manifest_size);
    if (policy_size != 0) {
        const uint8_t* policy = in + OFFER_BYTES + FR_SIGNATURE_SIZE + manifest_size;
        offer->policy_signature = fr_view(policy, FR_SIGNATURE_SIZE);
        offer->policy = fr_view(policy + FR_SIGNATURE_SIZE, policy_size);
    }
    return FR_OK;
}

fr_status_t fr_offer_load_manifest(const fr_node_t* node, fr_offer_t* offer,
                                   fr_manifest_t* manifest) {
    const fr_status_t status = fr_offer_load(node, offer);
    return status == FR_OK
               ? fr_manifest_decode(manifest, offer->manifest.bytes, offer->manifest.size)
               : status;
}

void fr_offer_drop(fr_node_t* node) {
    uint32_t size = 0;
    if (fr_record_log_get(&node->records, FR_RECORD_OFFER, &size) != NULL) {
        fr_count_storage(node, fr_record_log_put(&node->records, FR_RECORD_OFFER, NULL, 0));
    }
}
