// SPDX-License-Identifier: Apache-2.0
// Decisions to the gateway: batches of consecutive sequence numbers read straight from the log in
// flash, a window, one timer, back to the first unacked one when it fires. An open escalation holds
// back what comes after it, no longer than its deadline.
#include <string.h>

#include "node/internal.h"

static uint64_t base_of(const fr_node_t* node) {
    return fr_decision_log_first_needed(&node->decisions);
}

static void set_retry(fr_node_t* node) {
    const uint32_t configured = node->config->ack_timeout_ms;
    const uint64_t wait = (uint64_t)(configured != 0 ? configured : FR_ACK_TIMEOUT_MS)
                          << node->sender.backoff;
    node->sender.retry_ms = node->now_ms + wait + fr_jitter(node, wait / 4u);
}

static void go_back(fr_node_t* node) {
    node->sender.sent_sequence = base_of(node);
    node->sender.retry_ms = FR_NEVER;
}

static bool joins(const fr_node_t* node, const fr_batch_t* batch,
                  const fr_decision_record_t* record) {
    return record->is_final && record->boot_epoch == batch->boot_epoch &&
           record->release == batch->release &&
           node->config->tasks[record->task_index].task == batch->task;
}

static void add(fr_batch_t* batch, const fr_decision_record_t* record) {
    batch->ticks[batch->count] = record->ticks;
    batch->classes[batch->count] = record->class_id;
    batch->doubts[batch->count] = record->doubt;
    batch->outcomes[batch->count] = record->outcome;
    batch->energy_uj += record->energy_uj;
    batch->count += 1;
}

/// Gathers the batch that starts at sent_sequence. @return whether it is closed: it could not
/// grow if we waited.
static bool gather(const fr_node_t* node, uint32_t limit, fr_batch_t* batch) {
    fr_decision_cursor_t cursor;
    fr_decision_record_t record;
    memset(batch, 0, sizeof *batch);
    if (fr_decision_log_seek(&node->decisions, node->sender.sent_sequence, &cursor) != FR_OK) {
        return false;
    }
    while (batch->count < limit &&
           fr_decision_log_read(&node->decisions, &cursor, &record, NULL) == FR_OK) {
        if (batch->count == 0 && record.is_final) {
            batch->stream = node->state.stream;
            batch->first_sequence = record.sequence;
            batch->boot_epoch = record.boot_epoch;
            batch->task = node->config->tasks[record.task_index].task;
            batch->release = record.release;
        } else if (batch->count == 0 || !record.is_final) {
            return false;
        } else if (!joins(node, batch, &record)) {
            return true;
        }
        add(batch, &record);
    }
    return batch->count == limit;
}

static bool send(fr_node_t* node, fr_batch_t* batch) {
    const fr_decision_log_t* log = &node->decisions;
    if (batch->first_sequence == log->oldest_sequence &&
        log->acked_sequence < batch->first_sequence) {
        batch->has_dropped = true;
        batch->dropped_from = log->acked_sequence;
    }
    const size_t size = fr_batch_encode(batch, node->config->arena, node->config->arena_bytes);
    if (!fr_publish(node, FR_UP_DECISIONS, size)) {
        return false;
    }
    node->counters.batches_sent += 1;
    node->counters.batch_bytes_sent += (uint32_t)size;
    node->counters.decisions_sent += batch->count;
    node->sender.sent_sequence += batch->count;
    if (node->sender.retry_ms == FR_NEVER) {
        set_retry(node);
    }
    return true;
}

/// Room in the window, at most one batch.
static uint32_t room(const fr_node_t* node) {
    const uint64_t in_flight = node->sender.sent_sequence - base_of(node);
    const uint64_t left = node->sender.credit > in_flight ? node->sender.credit - in_flight : 0;
    return left < FR_DECISION_BATCH_MAX ? (uint32_t)left : FR_DECISION_BATCH_MAX;
}

static bool is_worth_a_look(const fr_node_t* node) {
    const uint64_t unsent = node->decisions.next_sequence - node->sender.sent_sequence;
    return unsent != 0 &&
           (unsent >= FR_DECISION_BATCH_MAX || node->now_ms >= node->sender.flush_ms);
}

static void set_flush(fr_node_t* node) {
    node->sender.flush_ms =
        node->sender.sent_sequence == node->decisions.next_sequence
            ? FR_NEVER
            : fr_after(node, node->config->decision_flush_ms, FR_DECISION_FLUSH_MS);
}

void fr_sender_run(fr_node_t* node) {
    fr_batch_t batch;
    fr_sender_t* sender = &node->sender;
    if (!node->is_connected || node->now_ms < sender->hold_ms) {
        return;
    }
    if (sender->sent_sequence < base_of(node)) {
        sender->sent_sequence = base_of(node);
    }
    if (node->now_ms >= sender->retry_ms) {
        sender->backoff =
            sender->backoff < FR_BACKOFF_MAX ? (uint8_t)(sender->backoff + 1u) : FR_BACKOFF_MAX;
        go_back(node);
        sender->flush_ms = node->now_ms;
    }
    while (is_worth_a_look(node) && room(node) != 0) {
        const bool is_due = node->now_ms >= sender->flush_ms;
        const bool is_closed = gather(node, room(node), &batch);
        if (batch.count == 0 || (!is_closed && !is_due)) {
            // An open escalation is next, or the batch may still grow: somebody will call again.
            sender->flush_ms = batch.count == 0 ? FR_NEVER : sender->flush_ms;
            return;
        }
        if (!send(node, &batch)) {
            sender->flush_ms = node->now_ms + FR_HELLO_HOLD_MS;
            return;
        }
        if (!is_due || sender->sent_sequence == node->decisions.next_sequence) {
            set_flush(node);
        }
    }
}

void fr_sender_on_decision(fr_node_t* node) {
    const uint64_t due = fr_after(node, node->config->decision_flush_ms, FR_DECISION_FLUSH_MS);
    if (node->sender.flush_ms == FR_NEVER) {
        node->sender.flush_ms = due;
    }
    fr_sender_run(node);
}

void fr_sender_on_link(fr_node_t* node) {
    node->sender.backoff = 0;
    go_back(node);
    node->sender.hold_ms = node->now_ms + FR_HELLO_HOLD_MS;
    node->sender.flush_ms = node->decisions.next_sequence != node->sender.sent_sequence
                                ? node->sender.hold_ms
                                : FR_NEVER;
}

static void take_prices(fr_node_t* node, const fr_ack_t* ack) {
    node->load = (uint8_t)ack->load;
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        uint32_t price = ack->price;
        for (uint32_t k = 0; k < ack->dearer_count; ++k) {
            if (ack->dearer[k].task == node->config->tasks[i].task) {
                price = ack->dearer[k].price;
            }
        }
        node->tasks[i].price = (uint8_t)price;
    }
}

void fr_sender_on_ack(fr_node_t* node, const fr_ack_t* ack) {
    fr_sender_t* sender = &node->sender;
    take_prices(node, ack);
    sender->credit = ack->credit != 0 ? ack->credit : 1u;
    sender->hold_ms = 0;
    if (ack->next_sequence > node->decisions.next_sequence) {
        node->counters.messages_rejected += 1;
        return;
    }
    if (ack->next_sequence > node->decisions.acked_sequence) {
        node->decisions.acked_sequence = ack->next_sequence;
        sender->backoff = 0;
        if (sender->sent_sequence < base_of(node)) {
            sender->sent_sequence = base_of(node);
        }
        if (sender->sent_sequence > base_of(node)) {
            set_retry(node);
        } else {
            sender->retry_ms = FR_NEVER;
        }
    }
    fr_sender_run(node);
}

uint64_t fr_sender_deadline(const fr_node_t* node) {
    uint64_t deadline = node->sender.retry_ms;
    if (!node->is_connected) {
        return FR_NEVER;
    }
    if (node->sender.sent_sequence != node->decisions.next_sequence && room(node) != 0) {
        fr_earliest(&deadline, node->sender.flush_ms);
    }
    return deadline != FR_NEVER && deadline < node->sender.hold_ms ? node->sender.hold_ms
                                                                   : deadline;
}
