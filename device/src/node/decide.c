// SPDX-License-Identifier: Apache-2.0
// From a sample to a final decision. Order matters: an escalation's record is in flash before its
// sequence number travels, and a decision is in flash before anybody hears of it; so a number is
// never used twice and a cut in between is healed at boot with the local answer.
#include <string.h>

#include "node/internal.h"

static fr_status_t infer(fr_node_t* node, fr_instance_t* instance) {
    const fr_view_t input =
        fr_view(instance->submission->input, (uint32_t)instance->submission->input_size);
    return fr_slot_model_infer(node, &node->tasks[instance->task_index].loaded.model,
                               &node->config->tasks[instance->task_index], &input,
                               &instance->local);
}

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
            fr_escalation_finish_local(node, escalation, FR_POLICY_LATE);
        }
    }
    const uint64_t kept = fr_decision_log_first_needed(log);
    if (oldest > kept) {
        node->counters.dropped += (uint32_t)(oldest - kept);
    }
}

static fr_status_t append(fr_node_t* node, const fr_instance_t* instance,
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
    record->outcome = FR_OUTCOME(FR_TIER_LOCAL, answer->reason);
    make_room(node);
    record->energy_uj = is_local ? fr_take_energy(node) : 0;
    const fr_status_t status =
        fr_decision_log_append(&node->decisions, node->state.stream, record, position);
    fr_count_storage(node, status);
    return status;
}

static bool send_up(fr_node_t* node, const fr_instance_t* instance,
                    const fr_escalation_t* escalation, const fr_decision_record_t* record,
                    bool may_go_on) {
    const fr_escalate_t message = {
        .stream = node->state.stream,
        .sequence = escalation->sequence,
        .task = instance->submission->task,
        .deadline_ms = (uint32_t)(escalation->deadline_ms - node->now_ms),
        .release = record->release,
        .local_class = record->local_class,
        .local_confidence_q8 = 255u - record->local_doubt,
        .policy_reason = (fr_policy_reason_t)escalation->reason,
        .may_go_on = may_go_on,
        .features =
            fr_view(instance->submission->input, (uint32_t)instance->submission->input_size)};
    const size_t size =
        fr_escalate_encode(&message, node->config->arena, node->config->arena_bytes);
    const bool is_sent = fr_publish(node, FR_UP_ESCALATE, size);
    // The input must not outlive the call.
    memset(node->config->arena, 0, size);
    return is_sent;
}

static void escalate(fr_node_t* node, const fr_instance_t* instance,
                     const fr_policy_answer_t* answer, const fr_decision_record_t* record,
                     uint32_t position) {
    fr_escalation_t* escalation = fr_free_escalation(node);
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
    fr_spend_token(node, instance->task_index, instance->cap_per_hour);
    if (!send_up(node, instance, escalation, record, answer->tier == FR_TIER_CLOUD)) {
        fr_escalation_finish_local(node, escalation, FR_POLICY_NOLINK);
    }
}

/// Without a boot there is no configuration to look the task up in.
static fr_status_t check_submission(const fr_node_t* node, const fr_submission_t* submission,
                                    uint32_t* task_index) {
    if (!node->is_booted) {
        return FR_ERROR_STATE;
    }
    const int32_t found = fr_find_task(node, submission->task);
    if (found < 0) {
        return FR_ERROR_NOT_FOUND;
    }
    *task_index = (uint32_t)found;
    if (node->tasks[found].loaded.release == 0) {
        return FR_ERROR_STATE;
    }
    return submission->input != NULL &&
                   submission->input_size == node->config->tasks[found].input_bytes
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
    fr_instance_t instance;
    fr_policy_answer_t answer;
    fr_decision_record_t record;
    uint32_t position = 0;
    memset(&instance, 0, sizeof instance);
    fr_status_t status = check_submission(node, submission, &instance.task_index);
    if (status != FR_OK) {
        return status;
    }
    node->now_ms = now_ms;
    instance.submission = submission;
    instance.deadline_ms =
        submission->deadline_ms != 0 ? submission->deadline_ms : FR_ESCALATION_DEADLINE_MS;
    fr_escalations_tick(node);
    status = infer(node, &instance);
    if (status != FR_OK) {
        if (fr_is_in_probation(node, instance.task_index)) {
            fr_update_revert(node, instance.task_index, FR_REASON_PROBATION_FAILED);
        }
        return FR_ERROR_UNSUPPORTED;
    }
    node->counters.inferences += 1;
    fr_consult_policy(node, &instance, &answer);
    status = append(node, &instance, &answer, &record, &position);
    if (status != FR_OK) {
        return status;
    }
    fill_result(result, &record, &answer);
    fr_count_input(node, submission->input_size, !result->escalated);
    fr_note_answer(node, &instance, &answer, record.sequence);
    if (result->escalated) {
        escalate(node, &instance, &answer, &record, position);
    } else {
        fr_tell_decision(node, &record);
    }
    fr_sender_on_decision(node);
    return FR_OK;
}
