// SPDX-License-Identifier: Apache-2.0
// Escalations under way, and the moment any decision becomes final. At most a few wait; each ends
// by a verdict, by its deadline, or, after a reset, by the local answer that stands in its open
// record.
#include "node/internal.h"

#define ENERGY_MAX 0xFFFFFFu

uint32_t fr_take_energy(fr_node_t* node) {
    const uint32_t energy_uj =
        node->pending_energy_uj < ENERGY_MAX ? node->pending_energy_uj : ENERGY_MAX;
    node->pending_energy_uj -= energy_uj;
    return energy_uj;
}

void fr_tell_decision(fr_node_t* node, const fr_decision_record_t* record) {
    node->counters.decisions += 1;
    const uint32_t reason = record->outcome % 16u;
    node->counters.policy_reasons[reason] += 1;
    if (node->port->decided != NULL) {
        const fr_decision_t decision = {
            .sequence = record->sequence,
            .boot_epoch = record->boot_epoch,
            .ticks = record->ticks,
            .task = node->config->tasks[record->task_index].task,
            .release = record->release,
            .energy_uj = record->energy_uj,
            .class_id = record->class_id,
            .confidence_q8 = (uint8_t)(255u - record->doubt),
            .local_class = record->local_class,
            .local_confidence_q8 = (uint8_t)(255u - record->local_doubt),
            .tier = (uint8_t)(record->outcome / 16u),
            .reason = (uint8_t)reason,
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
    record.energy_uj = fr_take_energy(node);
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
    fr_tell_decision(node, &record);
    fr_sender_on_decision(node);
}

void fr_escalation_finish_local(fr_node_t* node, fr_escalation_t* escalation,
                                fr_policy_reason_t reason) {
    finish(node, escalation, FR_OUTCOME(FR_TIER_LOCAL, (uint32_t)reason), 0, 0);
}

uint32_t fr_escalations_free(const fr_node_t* node) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        count += node->escalations[i].is_waiting ? 0u : 1u;
    }
    return count;
}

fr_escalation_t* fr_free_escalation(fr_node_t* node) {
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
            fr_escalation_finish_local(node, escalation, FR_POLICY_LATE);
        }
    }
}

/// A boot finds the escalations of the last one open: their deadlines are long over.
void fr_escalations_recover(fr_node_t* node) {
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    uint32_t position = 0;
    const uint64_t from = fr_decision_log_first_needed(&node->decisions);
    if (fr_decision_log_seek(&node->decisions, from, &cursor) != FR_OK) {
        return;
    }
    while (fr_decision_log_read(&node->decisions, &cursor, &record, &position) == FR_OK) {
        if (!record.is_final) {
            fr_escalation_t lost = {
                .sequence = record.sequence, .position = position, .is_waiting = 1};
            fr_escalation_finish_local(node, &lost, FR_POLICY_LATE);
        }
    }
}

static void pause_escalations(fr_node_t* node, const fr_verdict_t* verdict, uint32_t task_index) {
    const uint64_t until = fr_after(node, verdict->retry_after_ms, FR_ESCALATION_DEADLINE_MS);
    if (until > node->tasks[task_index].busy_until_ms) {
        node->tasks[task_index].busy_until_ms = until;
    }
    node->counters.busy_verdicts += 1;
}

static bool verdict_decides(const fr_node_t* node, const fr_verdict_t* verdict,
                            const fr_decision_record_t* record) {
    return verdict->status == FR_VERDICT_ANSWERED &&
           (verdict->tier == FR_TIER_EDGE || verdict->tier == FR_TIER_CLOUD) &&
           verdict->class_id < node->config->tasks[record->task_index].class_count;
}

static void settle(fr_node_t* node, fr_escalation_t* escalation, const fr_verdict_t* verdict,
                   const fr_decision_record_t* record) {
    if (node->now_ms >= escalation->deadline_ms) {
        node->counters.late_verdicts += 1;
        fr_escalation_finish_local(node, escalation, FR_POLICY_LATE);
    } else if (verdict_decides(node, verdict, record)) {
        finish(node, escalation, FR_OUTCOME((uint32_t)verdict->tier, escalation->reason),
               (uint8_t)verdict->class_id, (uint8_t)(255u - verdict->confidence_q8));
    } else {
        pause_escalations(node, verdict, record->task_index);
        fr_escalation_finish_local(node, escalation, FR_POLICY_BUSY_RETRY);
    }
}

/// One that comes too late decides nothing, but what it says about the edge is news.
void fr_escalation_on_verdict(fr_node_t* node, const fr_verdict_t* verdict) {
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    node->load = (uint8_t)verdict->load;
    if (fr_decision_log_seek(&node->decisions, verdict->sequence, &cursor) != FR_OK ||
        fr_decision_log_read(&node->decisions, &cursor, &record, NULL) != FR_OK) {
        return;
    }
    node->tasks[record.task_index].price = (uint8_t)verdict->price;
    for (uint32_t i = 0; i < FR_ESCALATIONS_MAX; ++i) {
        fr_escalation_t* escalation = &node->escalations[i];
        if (escalation->is_waiting && escalation->sequence == verdict->sequence) {
            settle(node, escalation, verdict, &record);
        }
    }
}
