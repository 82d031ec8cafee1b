// SPDX-License-Identifier: Apache-2.0
// From a sample to a final decision. Order matters: an escalation's record is in flash before its
// sequence number travels, and a decision is in flash before anybody hears of it; so a number is
// never used twice and a cut in between is healed at boot with the local answer.
#include <string.h>

#include "frugal/classify.h"
#include "node/internal.h"

#define OUTCOME(tier, reason) ((uint8_t)((tier)*16u + (reason)))
#define ENERGY_MAX 0xFFFFFFu
#define HOUR_MS 3600000u

// ---- final decisions
// -----------------------------------------------------------------------------

static uint32_t take_energy(fr_node_t* node) {
    const uint32_t energy_uj =
        node->pending_energy_uj < ENERGY_MAX ? node->pending_energy_uj : ENERGY_MAX;
    node->pending_energy_uj -= energy_uj;
    return energy_uj;
}

static void tell(fr_node_t* node, const fr_decision_record_t* record) {
    node->counters.decisions += 1;
    const uint32_t reason = record->outcome % 16u;
    node->counters.policy_reasons[reason] += 1;
    if (node->port->decided != NULL) {
        const fr_decision_t decision = {
            record->sequence,
            record->boot_epoch,
            record->ticks,
            node->config->tasks[record->task_index].task,
            record->release,
            record->energy_uj,
            record->class_id,
            (uint8_t)(255u - record->doubt),
            record->local_class,
            (uint8_t)(255u - record->local_doubt),
            (uint8_t)(record->outcome / 16u),
            (uint8_t)reason,
        };
        node->port->decided(node->port->context, &decision);
    }
    if (record->release == node->tasks[record->task_index].loaded.release) {
        fr_update_count_decision(node, record->task_index);
    }
}

/// Fills in the open record of an escalation. If the flash refuses, what it holds decides.
static void finish(fr_node_t* node, fr_escalation_t* escalation, uint8_t outcome, uint8_t class_id,
                   uint8_t doubt) {
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    fr_status_t status = fr_decision_log_seek(&node->decisions, escalation->sequence, &cursor);
    if (status == FR_OK) {
        status = fr_decision_log_read(&node->decisions, &cursor, &record, NULL);
    }
    if (status != FR_OK) {
        fr_count_storage(node, status);
        escalation->is_waiting = 0;
        return;
    }
    record.outcome = outcome;
    record.class_id = outcome / 16u == FR_TIER_LOCAL ? record.local_class : class_id;
    record.doubt = outcome / 16u == FR_TIER_LOCAL ? record.local_doubt : doubt;
    record.energy_uj = take_energy(node);
    status = fr_decision_log_finish(&node->decisions, escalation->position, &record);
    if (status != FR_OK) {
        fr_count_storage(node, status);
        status = fr_decision_log_seek(&node->decisions, escalation->sequence, &cursor);
        if (status == FR_OK) {
            status = fr_decision_log_read(&node->decisions, &cursor, &record, NULL);
        }
        if (status != FR_OK || !record.is_final) {
            escalation->deadline_ms = node->now_ms + FR_CONDITION_INTERVAL_MS;
            return;
        }
    }
    escalation->is_waiting = 0;
    tell(node, &record);
    fr_sender_on_decision(node);
}

static void finish_local(fr_node_t* node, fr_escalation_t* escalation, fr_policy_reason_t reason) {
    finish(node, escalation, OUTCOME(FR_TIER_LOCAL, (uint32_t)reason), 0, 0);
}

// ---- escalations under way
// -----------------------------------------------------------------------

uint32_t fr_escalations_free(const fr_node_t* node) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        count += node->escalations[i].is_waiting ? 0u : 1u;
    }
    return count;
}

static fr_escalation_t* free_escalation(fr_node_t* node) {
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        if (!node->escalations[i].is_waiting) {
            return &node->escalations[i];
        }
    }
    return NULL;
}

void fr_escalations_tick(fr_node_t* node) {
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        fr_escalation_t* escalation = &node->escalations[i];
        if (escalation->is_waiting && node->now_ms >= escalation->deadline_ms) {
            node->counters.late_verdicts += 1;
            finish_local(node, escalation, FR_POLICY_LATE);
        }
    }
}

/// A boot finds the escalations of the last one open: their deadlines are long over.
void fr_escalations_recover(fr_node_t* node) {
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    uint32_t position = 0;
    uint64_t from = node->decisions.acked_sequence;
    if (from < node->decisions.oldest_sequence) {
        from = node->decisions.oldest_sequence;
    }
    if (fr_decision_log_seek(&node->decisions, from, &cursor) != FR_OK) {
        return;
    }
    while (fr_decision_log_read(&node->decisions, &cursor, &record, &position) == FR_OK) {
        if (!record.is_final) {
            fr_escalation_t lost = {record.sequence, 0, position, 1, 0};
            finish_local(node, &lost, FR_POLICY_LATE);
        }
    }
}

static void pause_escalations(fr_node_t* node, const fr_verdict_t* verdict) {
    const uint64_t until = fr_after(node, verdict->retry_after_ms, FR_ESCALATION_DEADLINE_MS);
    if (until > node->busy_until_ms) {
        node->busy_until_ms = until;
    }
    node->counters.busy_verdicts += 1;
}

static bool verdict_decides(const fr_node_t* node, const fr_verdict_t* verdict,
                            const fr_decision_record_t* record) {
    return verdict->status == FR_VERDICT_ANSWERED &&
           (verdict->tier == FR_TIER_EDGE || verdict->tier == FR_TIER_CLOUD) &&
           verdict->class_id < node->config->tasks[record->task_index].class_count;
}

void fr_escalation_on_verdict(fr_node_t* node, const fr_verdict_t* verdict) {
    node->price = (uint8_t)verdict->price;
    node->load = (uint8_t)verdict->load;
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        fr_escalation_t* escalation = &node->escalations[i];
        fr_decision_cursor_t cursor;
        fr_decision_record_t record;
        if (!escalation->is_waiting || escalation->sequence != verdict->sequence ||
            fr_decision_log_seek(&node->decisions, verdict->sequence, &cursor) != FR_OK ||
            fr_decision_log_read(&node->decisions, &cursor, &record, NULL) != FR_OK) {
            continue;
        }
        if (node->now_ms >= escalation->deadline_ms) {
            node->counters.late_verdicts += 1;
            finish_local(node, escalation, FR_POLICY_LATE);
        } else if (verdict_decides(node, verdict, &record)) {
            finish(node, escalation, OUTCOME((uint32_t)verdict->tier, escalation->reason),
                   (uint8_t)verdict->class_id, (uint8_t)(255u - verdict->confidence_q8));
        } else {
            pause_escalations(node, verdict);
            finish_local(node, escalation, FR_POLICY_BUSY_RETRY);
        }
    }
}

// ---- the token bucket: burst and refill together never exceed the cap in any hour
// ----------------

typedef struct {
    uint64_t interval_ms;
    uint64_t burst;
} bucket_t;

static bucket_t bucket_of(uint32_t cap_per_hour) {
    const uint32_t burst = cap_per_hour / 4u != 0 ? cap_per_hour / 4u : 1u;
    const uint32_t refill = cap_per_hour > burst + 1u ? cap_per_hour - burst : 1u;
    const bucket_t bucket = {HOUR_MS / refill + 1u, burst};
    return bucket;
}

static uint32_t tokens_left(const fr_node_t* node, uint32_t task_index, uint32_t cap_per_hour) {
    if (cap_per_hour == 0) {
        return INT16_MAX;
    }
    const bucket_t bucket = bucket_of(cap_per_hour);
    const uint64_t tokens = (node->now_ms - node->tasks[task_index].tokens_ms) / bucket.interval_ms;
    return (uint32_t)(tokens < bucket.burst ? tokens : bucket.burst);
}

static void spend_token(fr_node_t* node, uint32_t task_index, uint32_t cap_per_hour) {
    if (cap_per_hour == 0) {
        return;
    }
    const bucket_t bucket = bucket_of(cap_per_hour);
    uint64_t* spent_ms = &node->tasks[task_index].tokens_ms;
    const uint64_t full = bucket.burst * bucket.interval_ms;
    if (node->now_ms - *spent_ms > full) {
        *spent_ms = node->now_ms - full;
    }
    *spent_ms += bucket.interval_ms;
}

// ---- asking the policy
// ---------------------------------------------------------------------------

static int16_t clamp16(uint64_t value) {
    return (int16_t)(value < INT16_MAX ? value : INT16_MAX);
}

/// 0 public, 1 edge only, 2 never; whatever is unset or unknown is never.
static uint32_t privacy_level(fr_privacy_t privacy) {
    return privacy == FR_PRIVACY_PUBLIC ? 0u : (privacy == FR_PRIVACY_EDGE_ONLY ? 1u : 2u);
}

typedef struct {
    const fr_submission_t* submission;
    uint32_t task_index;
    uint32_t deadline_ms;
    uint32_t cap_per_hour;
    fr_classification_t local;
    fr_view_t policy;
} instance_t;

static uint32_t privacy_of(const fr_node_t* node, const instance_t* instance) {
    const uint32_t task = privacy_level(node->config->tasks[instance->task_index].privacy);
    const uint32_t sample = privacy_level(instance->submission->privacy);
    return task > sample ? task : sample;
}

/// How many escalations may still go up: bucket, free places, and whether this one can travel.
static uint32_t tokens_of(const fr_node_t* node, const instance_t* instance) {
    const fr_node_config_t* config = node->config;
    if (instance->submission->input_size > config->features_bytes_max ||
        instance->submission->input_size + FR_ESCALATE_OVERHEAD > config->arena_bytes ||
        node->now_ms < node->busy_until_ms || fr_escalations_free(node) == 0) {
        return 0;
    }
    return tokens_left(node, instance->task_index, instance->cap_per_hour);
}

static void fill_context(const fr_node_t* node, const instance_t* instance,
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
    fields[FR_FIELD_PRICE] = node->price;
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

static void ask_policy(const fr_node_t* node, instance_t* instance, fr_policy_answer_t* answer) {
    fr_policy_context_t context;
    fr_slot_policy(node, instance->task_index, &instance->policy);
    instance->cap_per_hour = fr_policy_cap_per_hour(instance->policy.bytes, instance->policy.size,
                                                    instance->submission->task);
    fill_context(node, instance, &context);
    fr_policy_evaluate(instance->policy.bytes, instance->policy.size, &context, answer);
}

// ---- inference
// -----------------------------------------------------------------------------------

static fr_status_t infer(fr_node_t* node, instance_t* instance) {
    fr_interpreter_t interpreter;
    fr_tensor_t description;
    uint8_t* input = NULL;
    const uint8_t* output = NULL;
    size_t size = 0;
    const fr_model_t* model = &node->tasks[instance->task_index].loaded.model;
    fr_status_t status =
        fr_interpreter_init(&interpreter, model, node->config->arena, node->config->arena_bytes);
    if (status == FR_OK) {
        status = fr_interpreter_input(&interpreter, 0, &input, &size);
    }
    if (status == FR_OK) {
        status = fr_model_output(model, 0, &description);
    }
    if (status == FR_OK && size != instance->submission->input_size) {
        status = FR_ERROR_ARGUMENT;
    }
    if (status != FR_OK) {
        return status;
    }
    memcpy(input, instance->submission->input, size);
    status = fr_interpreter_invoke(&interpreter);
    if (status == FR_OK) {
        status = fr_interpreter_output(&interpreter, 0, &output, &size);
    }
    if (status == FR_OK) {
        status = fr_classify_output(&description, output, &instance->local);
    }
    fr_interpreter_clear(&interpreter);
    return status;
}

// ---- recording and sending
// -----------------------------------------------------------------------

/// Before the ring overwrites its oldest sector: what is open in there becomes final, what no ack
/// covers counts as dropped.
static void make_room(fr_node_t* node) {
    const fr_decision_log_t* log = &node->decisions;
    const uint64_t oldest = fr_decision_log_oldest_after_append(log);
    if (oldest <= log->oldest_sequence) {
        return;
    }
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        fr_escalation_t* escalation = &node->escalations[i];
        if (escalation->is_waiting && escalation->sequence < oldest) {
            finish_local(node, escalation, FR_POLICY_LATE);
        }
    }
    const uint64_t kept =
        log->acked_sequence > log->oldest_sequence ? log->acked_sequence : log->oldest_sequence;
    if (oldest > kept) {
        node->counters.dropped += (uint32_t)(oldest - kept);
    }
}

static fr_status_t append(fr_node_t* node, const instance_t* instance,
                          const fr_policy_answer_t* answer, fr_decision_record_t* record,
                          uint32_t* position) {
    const bool is_local = answer->tier == FR_TIER_LOCAL;
    memset(record, 0, sizeof *record);
    record->ticks = (uint32_t)(node->now_ms / FR_TIME_TICK_MS);
    record->release = node->tasks[instance->task_index].loaded.release;
    record->task_index = (uint8_t)instance->task_index;
    record->local_class = (uint8_t)instance->local.class_index;
    record->local_doubt = (uint8_t)(255u - instance->local.confidence_q8);
    record->is_final = is_local;
    record->class_id = record->local_class;
    record->doubt = record->local_doubt;
    record->outcome = OUTCOME(FR_TIER_LOCAL, answer->reason);
    make_room(node);
    record->energy_uj = is_local ? take_energy(node) : 0;
    const fr_status_t status =
        fr_decision_log_append(&node->decisions, node->state.stream, record, position);
    fr_count_storage(node, status);
    return status;
}

static void count_avoided(fr_node_t* node, size_t input_size) {
    node->counters.raw_bytes_avoided += input_size;
    const uint64_t energy_nj =
        (uint64_t)input_size * node->config->radio_nj_per_byte + node->energy_rest_nj;
    node->counters.energy_avoided_uj += energy_nj / 1000u;
    node->energy_rest_nj = (uint32_t)(energy_nj % 1000u);
}

static bool send_up(fr_node_t* node, const instance_t* instance, const fr_escalation_t* escalation,
                    const fr_decision_record_t* record) {
    const fr_escalate_t message = {
        node->state.stream,
        escalation->sequence,
        instance->submission->task,
        (uint32_t)(escalation->deadline_ms - node->now_ms),
        record->release,
        record->local_class,
        255u - record->local_doubt,
        (fr_policy_reason_t)escalation->reason,
        fr_view(instance->submission->input, (uint32_t)instance->submission->input_size)};
    const size_t size =
        fr_escalate_encode(&message, node->config->arena, node->config->arena_bytes);
    const bool is_sent = size != 0 && node->port->publish(node->port->context, FR_UP_ESCALATE,
                                                          node->config->arena, size);
    // The input must not outlive the call.
    memset(node->config->arena, 0, size);
    return is_sent;
}

static void escalate(fr_node_t* node, const instance_t* instance, const fr_policy_answer_t* answer,
                     const fr_decision_record_t* record, uint32_t position) {
    fr_escalation_t* escalation = free_escalation(node);
    uint32_t wait_ms = instance->deadline_ms;
    if (answer->deadline_ms != 0 && answer->deadline_ms < wait_ms) {
        wait_ms = answer->deadline_ms;
    }
    escalation->sequence = record->sequence;
    escalation->deadline_ms = node->now_ms + wait_ms;
    escalation->position = position;
    escalation->reason = answer->reason;
    escalation->is_waiting = 1;
    node->counters.escalations += 1;
    spend_token(node, instance->task_index, instance->cap_per_hour);
    if (!send_up(node, instance, escalation, record)) {
        finish_local(node, escalation, FR_POLICY_NOLINK);
    }
}

static fr_status_t check_submission(const fr_node_t* node, const fr_submission_t* submission,
                                    int32_t task_index) {
    if (task_index < 0) {
        return FR_ERROR_NOT_FOUND;
    }
    if (!node->is_booted || node->tasks[task_index].loaded.release == 0) {
        return FR_ERROR_STATE;
    }
    return submission->input != NULL &&
                   submission->input_size == node->config->tasks[task_index].input_bytes
               ? FR_OK
               : FR_ERROR_ARGUMENT;
}

static void fill_result(fr_submit_result_t* result, const fr_decision_record_t* record,
                        const fr_policy_answer_t* answer) {
    result->sequence = record->sequence;
    result->local_class = record->local_class;
    result->local_confidence_q8 = (uint8_t)(255u - record->local_doubt);
    result->reason = answer->reason;
    result->escalated = answer->tier != FR_TIER_LOCAL;
}

fr_status_t fr_node_submit(fr_node_t* node, const fr_submission_t* submission, uint64_t now_ms,
                           fr_submit_result_t* result) {
    instance_t instance;
    fr_policy_answer_t answer;
    fr_decision_record_t record;
    uint32_t position = 0;
    const int32_t task_index = fr_find_task(node, submission->task);
    fr_status_t status = check_submission(node, submission, task_index);
    if (status != FR_OK) {
        return status;
    }
    node->now_ms = now_ms;
    memset(&instance, 0, sizeof instance);
    instance.submission = submission;
    instance.task_index = (uint32_t)task_index;
    instance.deadline_ms =
        submission->deadline_ms != 0 ? submission->deadline_ms : FR_ESCALATION_DEADLINE_MS;
    fr_escalations_tick(node);
    status = infer(node, &instance);
    if (status != FR_OK) {
        const fr_task_state_t* state = &node->state.tasks[task_index];
        if (state->active != state->confirmed) {
            fr_update_revert(node, (uint32_t)task_index, FR_REASON_PROBATION_FAILED);
        }
        return FR_ERROR_UNSUPPORTED;
    }
    node->counters.inferences += 1;
    ask_policy(node, &instance, &answer);
    status = append(node, &instance, &answer, &record, &position);
    if (status != FR_OK) {
        return status;
    }
    fill_result(result, &record, &answer);
    if (result->escalated) {
        escalate(node, &instance, &answer, &record, position);
    } else {
        count_avoided(node, submission->input_size);
        tell(node, &record);
    }
    fr_sender_on_decision(node);
    return FR_OK;
}
