// SPDX-License-Identifier: Apache-2.0
// Asking the policy: gathers what it may look at, spends its tokens.
#include <string.h>

#include "frugal/policy_bucket.h"
#include "node/internal.h"

#define HOUR_MS 3600000u

void fr_spend_token(fr_node_t* node, uint32_t task_index, uint32_t cap_per_hour) {
    uint64_t* spent_ms = &node->tasks[task_index].tokens_ms;
    *spent_ms = fr_policy_spend(*spent_ms, node->now_ms, cap_per_hour);
}

static int16_t clamp16(uint64_t value) {
    return (int16_t)(value < INT16_MAX ? value : INT16_MAX);
}

/// 0 public, 1 edge only, 2 never; whatever is unset or unknown is never.
static uint32_t privacy_level(fr_privacy_t privacy) {
    return privacy == FR_PRIVACY_PUBLIC ? 0u : (privacy == FR_PRIVACY_EDGE_ONLY ? 1u : 2u);
}

static uint32_t privacy_of(const fr_node_t* node, const fr_instance_t* instance) {
    const uint32_t task = privacy_level(node->config->tasks[instance->task_index].privacy);
    const uint32_t sample = privacy_level(instance->submission->privacy);
    return task > sample ? task : sample;
}

/// The edge said so with the last ack or verdict; the next one may say otherwise.
static bool is_edge_closed(const fr_node_t* node, uint32_t task_index) {
    const fr_task_volatile_t* task = &node->tasks[task_index];
    return node->load == FR_EDGE_STOP || task->price == FR_EDGE_STOP ||
           node->now_ms < task->busy_until_ms;
}

/// How many escalations may still go up: bucket, free places, and whether this one can travel.
static uint32_t tokens_of(const fr_node_t* node, const fr_instance_t* instance) {
    const fr_node_config_t* config = node->config;
    if (instance->submission->input_size > config->features_bytes_max ||
        instance->submission->input_size + FR_ESCALATE_OVERHEAD > config->arena_bytes ||
        fr_escalations_free(node) == 0 || is_edge_closed(node, instance->task_index)) {
        return 0;
    }
    return fr_policy_tokens(node->tasks[instance->task_index].tokens_ms, node->now_ms,
                            instance->cap_per_hour);
}

static void fill_context(const fr_node_t* node, const fr_instance_t* instance,
                         fr_policy_context_t* context) {
    const fr_environment_t environment = fr_environment(node);
    int16_t* fields = context->fields;
    const uint64_t age_ms = node->now_ms - node->tasks[instance->task_index].policy_since_ms;
    memset(context, 0, sizeof *context);
    fields[FR_FIELD_CONFIDENCE] = instance->local.confidence_q8;
    fields[FR_FIELD_MARGIN] = instance->local.margin_q8;
    fields[FR_FIELD_CLASS] = clamp16(instance->local.class_index);
    fields[FR_FIELD_TASK] = clamp16(instance->submission->task);
    fields[FR_FIELD_PRIVACY] = clamp16(privacy_of(node, instance));
    fields[FR_FIELD_BATTERY] = environment.battery_half_percent;
    fields[FR_FIELD_ENERGY_BUDGET] = clamp16(environment.energy_budget_mj_16);
    fields[FR_FIELD_RSSI] = environment.rssi_dbm;
    fields[FR_FIELD_RTT] = clamp16(environment.rtt_ms);
    fields[FR_FIELD_LOAD] = node->load;
    fields[FR_FIELD_PRICE] = node->tasks[instance->task_index].price;
    fields[FR_FIELD_PAYLOAD] = clamp16(instance->submission->input_size / 16u);
    fields[FR_FIELD_TOKENS] = clamp16(tokens_of(node, instance));
    fields[FR_FIELD_SLACK] = clamp16(instance->deadline_ms);
    fields[FR_FIELD_UPTIME] = clamp16(node->now_ms / HOUR_MS);
    fields[FR_FIELD_MISFIRES] = environment.misfires;
    fields[FR_FIELD_FREE_RAM] = clamp16(environment.free_ram_64);
    fields[FR_FIELD_BUSY] = environment.accelerator_busy;
    fields[FR_FIELD_POLICY_AGE] = clamp16(age_ms / HOUR_MS);
    fields[FR_FIELD_LINK] = node->is_connected;
    context->random = node->port->random32(node->port->context);
}

void fr_consult_policy(fr_node_t* node, fr_instance_t* instance, fr_policy_answer_t* answer) {
    fr_policy_context_t context;
    fr_slot_policy(node, instance->task_index, &instance->policy);
    instance->cap_per_hour = fr_policy_cap_per_hour(instance->policy.bytes, instance->policy.size,
                                                    instance->submission->task);
    fill_context(node, instance, &context);
    fr_policy_evaluate(instance->policy.bytes, instance->policy.size, &context, answer);
    fr_shadow_consult(node, instance->task_index, &context, answer);
    if (answer->reason == FR_POLICY_BADPOLICY && instance->policy.size != 0) {
        fr_policy_count_fault(node, instance->task_index);
        instance->policy = fr_view(NULL, 0);
    }
}
