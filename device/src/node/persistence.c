// SPDX-License-Identifier: Apache-2.0
// The records a node keeps: its STATE, signed blobs of the slots, the offer in work. A record that
// is not exactly of the form written here is not read.
#include <string.h>

#include "bytes/little_endian.h"
#include "node/internal.h"

#define STATE_VERSION 1u
#define COMMON_BYTES 28u
#define TASK_BYTES 28u
#define STATE_BYTES_MAX (COMMON_BYTES + TASK_BYTES * FR_TASKS_MAX)
#define STREAM_TRIES 8u
#define OFFER_VERSION 1u
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

static uint32_t encode_state(uint8_t out[STATE_BYTES_MAX], const fr_node_t* node) {
    const fr_persistent_t* state = &node->state;
    const uint32_t task_count = node->config->task_count;
    out[0] = STATE_VERSION;
    out[1] = (uint8_t)task_count;
    fr_store16(out + 2, node->layout.decision_sectors);
    fr_store64(out + 4, state->stream);
    fr_store64(out + 12, state->fencing_epoch);
    fr_store32(out + 20, state->boot_epoch);
    fr_store32(out + 24, state->desired_version);
    for (uint32_t i = 0; i < task_count; ++i) {
        uint8_t* task = out + COMMON_BYTES + TASK_BYTES * i;
        fr_store32(task, node->config->tasks[i].task);
        encode_task(task + 4, &state->tasks[i]);
    }
    return COMMON_BYTES + TASK_BYTES * task_count;
}

fr_status_t fr_state_save(fr_node_t* node) {
    uint8_t bytes[STATE_BYTES_MAX];
    const uint32_t size = encode_state(bytes, node);
    const fr_status_t status = fr_record_log_put(&node->records, FR_RECORD_STATE, bytes, size);
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

static bool state_is_known(const uint8_t* bytes, uint32_t size) {
    return size >= COMMON_BYTES && bytes[0] == STATE_VERSION && bytes[1] <= FR_TASKS_MAX &&
           size == COMMON_BYTES + TASK_BYTES * bytes[1];
}

fr_status_t fr_state_load(fr_node_t* node, fr_kept_tasks_t* kept) {
    uint32_t size = 0;
    const uint8_t* bytes = fr_record_log_get(&node->records, FR_RECORD_STATE, &size);
    if (bytes == NULL) {
        return FR_ERROR_NOT_FOUND;
    }
    if (!state_is_known(bytes, size)) {
        return FR_ERROR_UNSUPPORTED;
    }
    node->state.stream = fr_load64(bytes + 4);
    node->state.fencing_epoch = fr_load64(bytes + 12);
    node->state.boot_epoch = fr_load32(bytes + 20);
    node->state.desired_version = fr_load32(bytes + 24);
    kept->count = bytes[1];
    kept->decision_sectors = fr_load16(bytes + 2);
    for (uint32_t i = 0; i < kept->count; ++i) {
        const uint8_t* task = bytes + COMMON_BYTES + TASK_BYTES * i;
        kept->ids[i] = fr_load32(task);
        decode_task(task + 4, &kept->tasks[i]);
        drop_unknown_slots(node, &kept->tasks[i]);
    }
    return FR_OK;
}

void fr_task_state_init(fr_task_state_t* state) {
    memset(state, 0, sizeof *state);
    state->active = -1;
    state->confirmed = -1;
    state->phase = FR_PHASE_IDLE;
}

fr_status_t fr_stream_begin(fr_node_t* node) {
    uint64_t stream = 0;
    for (uint32_t i = 0; i < STREAM_TRIES && stream == 0; ++i) {
        stream = (uint64_t)node->port->random32(node->port->context) << 32;
        stream |= node->port->random32(node->port->context);
    }
    node->state.stream = stream;
    return stream != 0 ? FR_OK : FR_ERROR_STATE;
}

fr_status_t fr_state_format(fr_node_t* node) {
    uint8_t bytes[STATE_BYTES_MAX];
    memset(&node->state, 0, sizeof node->state);
    const fr_status_t status = fr_stream_begin(node);
    if (status != FR_OK) {
        return status;
    }
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        fr_task_state_init(&node->state.tasks[i]);
    }
    const uint32_t size = encode_state(bytes, node);
    return fr_record_log_format(&node->records, &node->port->flash, &node->layout, FR_RECORD_STATE,
                                bytes, size);
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
    out[0] = OFFER_VERSION;
    out[1] = offer->base_digest.size != 0 ? 1u : 0u;
    fr_store16(out + 2, offer->decoder_profile);
    fr_store16(out + 4, offer->manifest.size);
    fr_store16(out + 6, offer->policy.size);
    fr_store32(out + 8, offer->task);
    fr_store32(out + 12, offer->desired_version);
    fr_store32(out + 16, offer->minimum_battery_half_percent);
    fr_store32(out + 20, offer->not_before_ticks);
    fr_store32(out + 24, offer->size_bytes);
    fr_store32(out + 28, offer->block_bytes);
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

/// Of this version, and the blobs it names fill the record to its end.
static bool offer_is_whole(const uint8_t* in, uint32_t size) {
    if (in == NULL || size < OFFER_BYTES || in[0] != OFFER_VERSION) {
        return false;
    }
    const uint32_t manifest_size = fr_load16(in + 4);
    const uint32_t policy_size = fr_load16(in + 6);
    const uint32_t policy_bytes = policy_size != 0 ? FR_SIGNATURE_SIZE + policy_size : 0;
    return manifest_size != 0 &&
           size == OFFER_BYTES + FR_SIGNATURE_SIZE + manifest_size + policy_bytes;
}

fr_status_t fr_offer_load(const fr_node_t* node, fr_offer_t* offer) {
    uint32_t size = 0;
    const uint8_t* in = fr_record_log_get(&node->records, FR_RECORD_OFFER, &size);
    if (!offer_is_whole(in, size)) {
        return FR_ERROR_NOT_FOUND;
    }
    memset(offer, 0, sizeof *offer);
    const uint32_t manifest_size = fr_load16(in + 4);
    const uint32_t policy_size = fr_load16(in + 6);
    offer->task = fr_load32(in + 8);
    offer->desired_version = fr_load32(in + 12);
    offer->minimum_battery_half_percent = fr_load32(in + 16);
    offer->not_before_ticks = fr_load32(in + 20);
    offer->size_bytes = fr_load32(in + 24);
    offer->block_bytes = fr_load32(in + 28);
    if (offer->size_bytes != 0) {
        offer->digest = fr_view(in + 32, FR_SHA256_SIZE);
        offer->list_digest = fr_view(in + 64, FR_SHA256_SIZE);
        offer->base_digest = fr_view(in + 96, in[1] != 0 ? FR_SHA256_SIZE : 0);
        offer->decoder_profile = fr_load16(in + 2);
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

fr_status_t fr_record_drop(fr_node_t* node, uint32_t type) {
    uint32_t size = 0;
    return fr_record_log_get(&node->records, type, &size) != NULL
               ? fr_record_log_put(&node->records, type, NULL, 0)
               : FR_OK;
}

void fr_offer_drop(fr_node_t* node) {
    fr_count_storage(node, fr_record_drop(node, FR_RECORD_OFFER));
}
