// SPDX-License-Identifier: Apache-2.0
#include "frugal/node.h"

#include <string.h>

#include "node/internal.h"

// The link.

void fr_node_on_connected(fr_node_t* node, uint64_t now_ms) {
    if (!node->is_booted) {
        return;
    }
    node->now_ms = now_ms;
    node->is_connected = 1;
    node->hello_backoff = 0;
    fr_say_hello(node);
    fr_sender_on_link(node);
    fr_transfer_on_link(node);
    node->health_ms = fr_after(node, node->config->health_interval_ms, FR_HEALTH_INTERVAL_MS);
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        node->tasks[i].reports_left = 0;  // the hello said it all
    }
    fr_ask_for_models(node);
}

void fr_node_on_disconnected(fr_node_t* node, uint64_t now_ms) {
    if (!node->is_booted) {
        return;
    }
    node->now_ms = now_ms;
    node->is_connected = 0;
    node->hello_ms = FR_NEVER;
    node->health_ms = FR_NEVER;
    node->update.ask_ms = FR_NEVER;
    fr_transfer_on_link(node);
}

// Messages.

/// What came is older than what we know. If it was not just late, the gateway forgot something (its
/// database came from a backup): a hello tells it.
static void reject_old(fr_node_t* node) {
    node->counters.messages_rejected += 1;
    if (node->hello_ms == FR_NEVER) {
        node->hello_ms = node->now_ms + fr_jitter(node, FR_HELLO_RETRY_MS);
    }
}

/// What the flash does not take is not obeyed, now or when it is told again.
static bool remember(fr_node_t* node, uint64_t fencing_epoch, uint32_t desired_version) {
    const uint64_t epoch_before = node->state.fencing_epoch;
    const uint32_t version_before = node->state.desired_version;
    node->state.fencing_epoch = fencing_epoch;
    node->state.desired_version = desired_version;
    if (fr_state_save(node) == FR_OK) {
        return true;
    }
    node->state.fencing_epoch = epoch_before;
    node->state.desired_version = version_before;
    return false;
}

/// Only the highest epoch ever seen is obeyed; a higher one is remembered first.
static bool is_master(fr_node_t* node, uint64_t fencing_epoch) {
    if (fencing_epoch < node->state.fencing_epoch) {
        reject_old(node);
        return false;
    }
    return fencing_epoch == node->state.fencing_epoch || remember(node, fencing_epoch, 0);
}

/// Of a task that is not named, nothing is to be evaluated in the shadow. What runs stays.
static void end_other_shadows(fr_node_t* node, const fr_desired_t* desired) {
    const fr_signed_t none = {{NULL, 0}, {NULL, 0}, 0};
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        bool is_named = false;
        for (uint32_t k = 0; k < desired->task_count; ++k) {
            is_named = is_named || desired->tasks[k].task == node->config->tasks[i].task;
        }
        if (!is_named) {
            fr_shadow_offer(node, i, &none);
        }
    }
}

static void on_desired(fr_node_t* node, const uint8_t* payload, size_t size) {
    fr_desired_t desired;
    if (fr_desired_decode(&desired, payload, size) != FR_OK) {
        node->counters.messages_rejected += 1;
        return;
    }
    if (!is_master(node, desired.fencing_epoch)) {
        return;
    }
    if (desired.version < node->state.desired_version) {
        reject_old(node);
        return;
    }
    node->hello_ms = FR_NEVER;
    node->hello_backoff = 0;
    if (desired.version != node->state.desired_version &&
        !remember(node, desired.fencing_epoch, desired.version)) {
        return;
    }
    for (uint32_t i = 0; i < desired.task_count; ++i) {
        const int32_t task_index = fr_find_task(node, desired.tasks[i].task);
        if (task_index >= 0) {
            fr_update_on_desired(node, (uint32_t)task_index, &desired.tasks[i], desired.version);
        }
    }
    end_other_shadows(node, &desired);
}

static void on_chunk(fr_node_t* node, const uint8_t* payload, size_t size) {
    fr_chunk_t chunk;
    if (fr_chunk_decode(&chunk, payload, size) != FR_OK) {
        node->counters.messages_rejected += 1;
        return;
    }
    fr_transfer_on_chunk(node, &chunk);
}

static void on_ack(fr_node_t* node, const uint8_t* payload, size_t size) {
    fr_ack_t ack;
    if (fr_ack_decode(&ack, payload, size) != FR_OK || ack.stream != node->state.stream) {
        node->counters.messages_rejected += 1;
        return;
    }
    if (is_master(node, ack.fencing_epoch)) {
        fr_sender_on_ack(node, &ack);
    }
}

static void on_verdict(fr_node_t* node, const uint8_t* payload, size_t size) {
    fr_verdict_t verdict;
    if (fr_verdict_decode(&verdict, payload, size) != FR_OK ||
        verdict.stream != node->state.stream) {
        node->counters.messages_rejected += 1;
        return;
    }
    fr_escalation_on_verdict(node, &verdict);
}

static void on_probe(fr_node_t* node, const uint8_t* payload, size_t size) {
    fr_probe_kind_t kind = FR_PROBE_UNSPECIFIED;
    if (fr_probe_decode(&kind, payload, size) != FR_OK || kind == FR_PROBE_UNSPECIFIED) {
        node->counters.messages_rejected += 1;
    } else if (kind == FR_PROBE_HELLO) {
        fr_say_hello(node);
    } else {
        fr_say_health(node);
    }
}

void fr_node_on_message(fr_node_t* node, fr_down_kind_t kind, const uint8_t* payload, size_t size,
                        uint64_t now_ms) {
    if (!node->is_booted || !node->is_connected) {
        return;
    }
    node->now_ms = now_ms;
    fr_count_radio(node, fr_use_of_down(kind), size);
    if (size > FR_MESSAGE_SIZE_MAX) {
        node->counters.messages_rejected += 1;
        return;
    }
    switch (kind) {
        case FR_DOWN_DESIRED:
            on_desired(node, payload, size);
            break;
        case FR_DOWN_CHUNK:
        case FR_DOWN_SHARED_CHUNK:
            on_chunk(node, payload, size);
            break;
        case FR_DOWN_ACK:
            on_ack(node, payload, size);
            break;
        case FR_DOWN_VERDICT:
            on_verdict(node, payload, size);
            break;
        case FR_DOWN_PROBE:
            on_probe(node, payload, size);
            break;
        default:
            node->counters.messages_rejected += 1;
            break;
    }
}

// Time.

void fr_node_tick(fr_node_t* node, uint64_t now_ms) {
    if (!node->is_booted) {
        return;
    }
    node->now_ms = now_ms;
    fr_escalations_tick(node);
    fr_update_tick(node);
    fr_recovery_tick(node);
    fr_talk_tick(node);
    fr_sender_run(node);
}

uint64_t fr_node_next_deadline(const fr_node_t* node) {
    uint64_t deadline = FR_NEVER;
    if (!node->is_booted) {
        return deadline;
    }
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        if (node->escalations[i].is_waiting) {
            fr_earliest(&deadline, node->escalations[i].deadline_ms);
        }
    }
    if (node->update.is_working) {
        fr_earliest(&deadline, node->update.deadline_ms);
    }
    if (node->is_connected) {
        fr_earliest(&deadline, node->hello_ms);
        fr_earliest(&deadline, node->update.ask_ms);
        fr_earliest(&deadline, node->health_ms);
        for (uint32_t i = 0; i < node->config->task_count; ++i) {
            if (node->tasks[i].reports_left != 0) {
                fr_earliest(&deadline, node->tasks[i].report_ms);
            }
        }
    }
    fr_earliest(&deadline, fr_sender_deadline(node));
    return deadline;
}

// Looking in.

const fr_node_counters_t* fr_node_counters(const fr_node_t* node) {
    return &node->counters;
}

static void copy_digest(const fr_node_t* node, uint32_t task_index, int32_t slot,
                        uint8_t digest[FR_SHA256_SIZE]) {
    fr_manifest_t manifest;
    if (slot >= 0 && fr_slot_is_verified(node, task_index, (uint32_t)slot) &&
        fr_slot_manifest(node, task_index, (uint32_t)slot, &manifest) == FR_OK) {
        memcpy(digest, manifest.model_digest.bytes, FR_SHA256_SIZE);
    }
}

fr_status_t fr_node_task_status(const fr_node_t* node, uint32_t task, fr_task_status_t* status) {
    const int32_t task_index = node->is_booted ? fr_find_task(node, task) : -1;
    if (task_index < 0) {
        return FR_ERROR_NOT_FOUND;
    }
    const fr_task_state_t* state = &node->state.tasks[task_index];
    fr_view_t policy;
    memset(status, 0, sizeof *status);
    fr_slot_policy(node, (uint32_t)task_index, &policy);
    status->phase = (fr_phase_t)state->phase;
    status->reason = (fr_reason_t)state->reason;
    status->release = node->tasks[task_index].loaded.release;
    status->burned_counter = state->burned_counter;
    status->policy = fr_policy_id(policy.bytes, policy.size);
    status->shadow = fr_shadow_id(node, (uint32_t)task_index);
    status->blocks_held = node->staging.open ? fr_staging_blocks_held(&node->staging) : 0;
    status->active_slot = state->active;
    status->confirmed_slot = state->confirmed;
    status->has_model = status->release != 0;
    copy_digest(node, (uint32_t)task_index, state->active, status->model_digest);
    copy_digest(node, (uint32_t)task_index, state->active == 0 ? 1 : 0, status->other_digest);
    return FR_OK;
}

uint64_t fr_node_stream(const fr_node_t* node) {
    return node->state.stream;
}
uint32_t fr_node_boot_epoch(const fr_node_t* node) {
    return node->state.boot_epoch;
}
uint64_t fr_node_next_sequence(const fr_node_t* node) {
    return node->decisions.next_sequence;
}
uint64_t fr_node_acked_sequence(const fr_node_t* node) {
    return node->decisions.acked_sequence;
}

uint64_t fr_node_oldest_sequence(const fr_node_t* node) {
    return fr_decision_log_first_needed(&node->decisions);
}
