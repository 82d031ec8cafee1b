// SPDX-License-Identifier: Apache-2.0
// How a message leaves, and those that only tell: hello, report, health, bye. All may be lost: a
// hello is repeated until a desired state came, the last report of a task a few times.
#include <string.h>

#include "frugal/codec.h"
#include "node/internal.h"

bool fr_publish(fr_node_t* node, fr_up_kind_t kind, size_t size) {
    if (size == 0 || !node->port->publish(node->port->context, kind, node->config->arena, size)) {
        return false;
    }
    fr_count_radio(node, fr_use_of_up(kind), size);
    return true;
}

static uint32_t release_of(const fr_node_t* node, uint32_t task_index) {
    return node->tasks[task_index].loaded.release;
}

static void describe_slot(const fr_node_t* node, uint32_t task_index, int8_t slot,
                          fr_view_t* digest) {
    fr_manifest_t manifest;
    if (slot >= 0 && fr_slot_is_verified(node, task_index, (uint32_t)slot) &&
        fr_slot_manifest(node, task_index, (uint32_t)slot, &manifest) == FR_OK) {
        *digest = manifest.model_digest;
    }
}

static void describe_task(const fr_node_t* node, uint32_t task_index, fr_task_report_t* out) {
    const fr_task_state_t* state = &node->state.tasks[task_index];
    fr_view_t policy;
    fr_slot_policy(node, task_index, &policy);
    out->task = node->config->tasks[task_index].task;
    out->release = release_of(node, task_index);
    out->phase = (fr_phase_t)state->phase;
    out->reason = (fr_reason_t)state->reason;
    out->policy = fr_policy_id(policy.bytes, policy.size);
    out->burned_counter = state->burned_counter;
    out->policy_floor = state->policy_floor;
    out->state_bytes = node->config->tasks[task_index].state_bytes;
    out->input_bytes = node->config->tasks[task_index].input_bytes;
    out->output_classes = node->config->tasks[task_index].class_count;
    describe_slot(node, task_index, state->active, &out->model_digest);
    describe_slot(node, task_index, state->active == 0 ? 1 : 0, &out->other_digest);
}

static void describe_capability(const fr_node_t* node, uint32_t* operators, fr_capability_t* out) {
    const fr_node_config_t* config = node->config;
    out->device_class = config->device_class;
    out->runtime_abi = FR_RUNTIME_ABI;
    out->arena_bytes = config->arena_bytes;
    out->slot_bytes = config->slot_bytes;
    out->staging_bytes = config->staging_bytes;
    out->block_bytes = config->block_bytes;
    out->decoder_ram_bytes = fr_decoder_ram(node);
    out->decoder_profiles = fr_decoder_profiles(node);
    out->operators = operators;
    out->operator_count = fr_supported_operators(config, operators, FR_OPERATORS_MAX * 2u);
    out->features_bytes_max = config->features_bytes_max;
    out->slots = node->layout.slot_count;
    out->reach_bytes = fr_base_reach(node);
}

void fr_say_hello(fr_node_t* node) {
    fr_hello_t hello;
    fr_artifact_id_t artifact;
    uint32_t operators[FR_OPERATORS_MAX * 2u];
    memset(&hello, 0, sizeof hello);
    hello.device = node->config->device;
    hello.stream = node->state.stream;
    hello.boot_epoch = node->state.boot_epoch;
    hello.next_sequence = node->decisions.next_sequence;
    hello.oldest_sequence = fr_node_oldest_sequence(node);
    hello.fencing_epoch = node->state.fencing_epoch;
    hello.desired_version = node->state.desired_version;
    describe_capability(node, operators, &hello.capability);
    hello.task_count = node->config->task_count;
    for (uint32_t i = 0; i < hello.task_count; ++i) {
        describe_task(node, i, &hello.tasks[i]);
    }
    if (node->update.is_working &&
        node->state.tasks[node->update.task_index].phase == FR_PHASE_TRANSFER &&
        fr_staging_artifact(&node->staging, &artifact) == FR_OK) {
        hello.resume_artifact = fr_view(artifact.digest, FR_SHA256_SIZE);
        hello.resume_blocks_held = fr_staging_blocks_held(&node->staging);
    }
    fr_publish(node, FR_UP_HELLO,
               fr_hello_encode(&hello, node->config->arena, node->config->arena_bytes));
    // Until a desired state comes: the hello, or its answer, may have been lost.
    node->hello_ms = fr_hello_retry(node, node->hello_backoff);
    if (node->hello_backoff < FR_BACKOFF_MAX) {
        node->hello_backoff += 1;
    }
}

/// Release the report is about: the one worked on, else the one that runs.
static uint32_t reported_release(const fr_node_t* node, uint32_t task_index) {
    fr_offer_t offer;
    fr_manifest_t manifest;
    if (fr_offer_load_manifest(node, &offer, &manifest) == FR_OK &&
        offer.task == node->config->tasks[task_index].task) {
        return manifest.counter;
    }
    const fr_task_state_t* state = &node->state.tasks[task_index];
    const bool has_failed =
        state->phase == FR_PHASE_REVERTED || state->phase == FR_PHASE_QUARANTINED;
    return has_failed && state->failed_counter != 0 ? state->failed_counter
                                                    : release_of(node, task_index);
}

void fr_say_report(fr_node_t* node, uint32_t task_index) {
    const fr_task_state_t* state = &node->state.tasks[task_index];
    if (!node->is_connected) {
        return;
    }
    fr_report_t report;
    memset(&report, 0, sizeof report);
    report.task = node->config->tasks[task_index].task;
    report.desired_version = node->update.desired_version != 0 ? node->update.desired_version
                                                               : node->state.desired_version;
    report.release = reported_release(node, task_index);
    report.phase = (fr_phase_t)state->phase;
    report.reason = (fr_reason_t)state->reason;
    report.attempt = state->failures + 1u;
    report.blocks_held =
        state->phase == FR_PHASE_TRANSFER ? fr_staging_blocks_held(&node->staging) : 0;
    report.detail = state->reason != FR_REASON_NONE ? node->update.detail : 0;
    fr_publish(node, FR_UP_REPORT,
               fr_report_encode(&report, node->config->arena, node->config->arena_bytes));
}

static void describe_task_health(const fr_node_t* node, uint32_t task_index,
                                 fr_task_health_t* out) {
    fr_view_t policy;
    fr_slot_policy(node, task_index, &policy);
    out->task = node->config->tasks[task_index].task;
    out->policy = fr_policy_id(policy.bytes, policy.size);
    out->shadow = fr_shadow_id(node, task_index);
    out->shadow_reasons = node->tasks[task_index].shadow.reasons;
    out->shadow_differs = node->tasks[task_index].shadow.differs;
}

void fr_say_health(fr_node_t* node) {
    const fr_node_counters_t* counters = &node->counters;
    fr_task_health_t tasks[FR_TASKS_MAX];
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        describe_task_health(node, i, &tasks[i]);
    }
    const fr_health_t health = {
        .stream = node->state.stream,
        .boot_epoch = node->state.boot_epoch,
        .uptime_ticks = (uint32_t)(node->now_ms / FR_TIME_TICK_MS),
        .battery_half_percent = fr_environment(node).battery_half_percent,
        .resets = node->state.boot_epoch != 0 ? node->state.boot_epoch - 1u : 0,
        .dropped = counters->dropped,
        .energy_uj = counters->energy_uj,
        .energy_avoided_uj = counters->energy_avoided_uj,
        .raw_bytes_avoided = counters->raw_bytes_avoided,
        .inferences = counters->inferences,
        .escalations = counters->escalations,
        .late_verdicts = counters->late_verdicts,
        .busy_verdicts = counters->busy_verdicts,
        .policy_reasons = counters->policy_reasons,
        .use_uj = counters->use_uj,
        .use_bytes = counters->use_bytes,
        .raw_uj = counters->raw_uj,
        .raw_bytes = counters->raw_bytes,
        .tasks = tasks,
        .task_count = node->config->task_count,
        .recent = fr_view(node->recent, (uint32_t)node->recent_count * FR_RECENT_VERDICT_BYTES)};
    fr_publish(node, FR_UP_HEALTH,
               fr_health_encode(&health, node->config->arena, node->config->arena_bytes));
    node->health_ms = fr_after(node, node->config->health_interval_ms, FR_HEALTH_INTERVAL_MS);
}

static void repeat_report(fr_node_t* node, uint32_t task_index) {
    fr_task_volatile_t* task = &node->tasks[task_index];
    fr_say_report(node, task_index);
    task->reports_left -= 1;
    const uint32_t said = FR_REPORT_REPEATS - task->reports_left;
    task->report_ms = task->reports_left != 0
                          ? node->now_ms + ((uint64_t)FR_REPORT_INTERVAL_MS << (2u * said))
                          : FR_NEVER;
}

void fr_talk_tick(fr_node_t* node) {
    if (!node->is_connected) {
        return;
    }
    if (node->now_ms >= node->hello_ms) {
        fr_say_hello(node);
    }
    if (node->now_ms >= node->health_ms) {
        fr_say_health(node);
    }
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        if (node->tasks[i].reports_left != 0 && node->now_ms >= node->tasks[i].report_ms) {
            repeat_report(node, i);
        }
    }
}

void fr_node_say_bye(fr_node_t* node, uint32_t next_wake_s, uint64_t now_ms) {
    node->now_ms = now_ms;
    const fr_bye_t bye = {node->state.stream, next_wake_s, false};
    if (node->is_connected) {
        fr_publish(node, FR_UP_BYE,
                   fr_bye_encode(&bye, node->config->arena, node->config->arena_bytes));
    }
}

size_t fr_node_will(const fr_node_t* node, uint8_t payload[16]) {
    const fr_bye_t bye = {node->state.stream, 0, true};
    return fr_bye_encode(&bye, payload, 16);
}
