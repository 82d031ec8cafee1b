// SPDX-License-Identifier: Apache-2.0
#include "frugal/wire.h"
#include "wire/writer.h"

static void write_view(fr_writer_t* writer, uint32_t field, const fr_view_t* view) {
    fr_write_bytes(writer, field, view->bytes, view->size);
}

static void write_capability(fr_writer_t* writer, uint32_t field, const fr_capability_t* in) {
    const size_t mark = fr_write_begin(writer, field);
    fr_write_text(writer, 1, in->device_class);
    fr_write_varint(writer, 2, in->runtime_abi);
    fr_write_varint(writer, 3, in->arena_bytes);
    fr_write_varint(writer, 4, in->slot_bytes);
    fr_write_varint(writer, 5, in->staging_bytes);
    fr_write_varint(writer, 6, in->block_bytes);
    fr_write_varint(writer, 7, in->decoder_ram_bytes);
    fr_write_varint(writer, 8, in->decoder_profiles);
    if (in->operator_count != 0) {
        const size_t packed = fr_write_begin(writer, 9);
        for (uint32_t i = 0; i < in->operator_count; ++i) {
            fr_write_element(writer, in->operators[i]);
        }
        fr_write_end(writer, packed);
    }
    fr_write_varint(writer, 10, in->features_bytes_max);
    fr_write_varint(writer, 11, in->slots);
    fr_write_varint(writer, 12, in->reach_bytes);
    fr_write_end(writer, mark);
}

static void write_task(fr_writer_t* writer, uint32_t field, const fr_task_report_t* in) {
    const size_t mark = fr_write_begin(writer, field);
    fr_write_varint(writer, 1, in->task);
    fr_write_varint(writer, 2, in->release);
    write_view(writer, 3, &in->model_digest);
    fr_write_varint(writer, 4, in->phase);
    fr_write_varint(writer, 5, in->reason);
    fr_write_varint(writer, 6, in->policy);
    fr_write_varint(writer, 7, in->burned_counter);
    write_view(writer, 8, &in->other_digest);
    fr_write_varint(writer, 9, in->state_bytes);
    fr_write_varint(writer, 10, in->input_bytes);
    fr_write_varint(writer, 11, in->output_classes);
    fr_write_varint(writer, 12, in->policy_floor);
    fr_write_end(writer, mark);
}

size_t fr_hello_encode(const fr_hello_t* hello, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_varint(&writer, 1, FR_PROTOCOL_VERSION);
    fr_write_text(&writer, 2, hello->device);
    fr_write_fixed64(&writer, 3, hello->stream);
    fr_write_varint(&writer, 4, hello->boot_epoch);
    fr_write_varint(&writer, 5, hello->next_sequence);
    fr_write_varint(&writer, 6, hello->oldest_sequence);
    fr_write_varint(&writer, 7, hello->fencing_epoch);
    fr_write_varint(&writer, 8, hello->desired_version);
    write_capability(&writer, 9, &hello->capability);
    for (uint32_t i = 0; i < hello->task_count; ++i) {
        write_task(&writer, 10, &hello->tasks[i]);
    }
    if (hello->resume_artifact.size != 0) {
        const size_t mark = fr_write_begin(&writer, 11);
        write_view(&writer, 1, &hello->resume_artifact);
        fr_write_varint(&writer, 2, hello->resume_blocks_held);
        fr_write_end(&writer, mark);
    }
    return fr_writer_size(&writer);
}

/// A column: one entry if all are equal, else one per decision.
static void write_column(fr_writer_t* writer, uint32_t field, const uint8_t* entries,
                         uint32_t count) {
    uint32_t equal = 1;
    while (equal < count && entries[equal] == entries[0]) {
        ++equal;
    }
    const uint32_t written = equal == count ? 1u : count;
    const size_t mark = fr_write_begin(writer, field);
    for (uint32_t i = 0; i < written; ++i) {
        fr_write_element(writer, entries[i]);
    }
    fr_write_end(writer, mark);
}

static void write_deltas(fr_writer_t* writer, const fr_batch_t* batch) {
    uint32_t equal = 2;
    while (equal < batch->count &&
           batch->ticks[equal] - batch->ticks[equal - 1] == batch->ticks[1] - batch->ticks[0]) {
        ++equal;
    }
    const uint32_t written = equal >= batch->count ? 2u : batch->count;
    const size_t mark = fr_write_begin(writer, 7);
    for (uint32_t i = 1; i < written; ++i) {
        fr_write_element(writer, batch->ticks[i] - batch->ticks[i - 1]);
    }
    fr_write_end(writer, mark);
}

size_t fr_batch_encode(const fr_batch_t* batch, uint8_t* payload, size_t capacity) {
    if (batch->count == 0 || batch->count > FR_DECISION_BATCH_MAX) {
        return 0;
    }
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_fixed64(&writer, 1, batch->stream);
    fr_write_varint(&writer, 2, batch->boot_epoch);
    fr_write_varint(&writer, 3, batch->first_sequence);
    fr_write_varint(&writer, 4, batch->task);
    fr_write_varint(&writer, 5, batch->release);
    fr_write_varint(&writer, 6, batch->ticks[0]);
    if (batch->count > 1) {
        write_deltas(&writer, batch);
    }
    const size_t mark = fr_write_begin(&writer, 8);
    for (uint32_t i = 0; i < batch->count; ++i) {
        fr_write_element(&writer, batch->classes[i]);
    }
    fr_write_end(&writer, mark);
    write_column(&writer, 9, batch->doubts, batch->count);
    write_column(&writer, 10, batch->outcomes, batch->count);
    fr_write_varint(&writer, 11, batch->energy_uj);
    if (batch->has_dropped) {
        fr_write_present_varint(&writer, 12, batch->dropped_from);
    }
    return fr_writer_size(&writer);
}

size_t fr_fetch_encode(const fr_fetch_t* fetch, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    write_view(&writer, 1, &fetch->artifact);
    fr_write_varint(&writer, 2, fetch->base_block);
    fr_write_fixed64(&writer, 3, fetch->missing);
    fr_write_varint(&writer, 4, fetch->credit);
    return fr_writer_size(&writer);
}

size_t fr_report_encode(const fr_report_t* report, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_varint(&writer, 1, report->task);
    fr_write_varint(&writer, 2, report->desired_version);
    fr_write_varint(&writer, 3, report->release);
    fr_write_varint(&writer, 4, report->phase);
    fr_write_varint(&writer, 5, report->reason);
    fr_write_varint(&writer, 6, report->attempt);
    fr_write_varint(&writer, 7, report->blocks_held);
    fr_write_varint(&writer, 8, report->detail);
    return fr_writer_size(&writer);
}

size_t fr_escalate_encode(const fr_escalate_t* escalate, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_fixed64(&writer, 1, escalate->stream);
    fr_write_varint(&writer, 2, escalate->sequence);
    fr_write_varint(&writer, 3, escalate->task);
    fr_write_varint(&writer, 4, escalate->deadline_ms);
    fr_write_varint(&writer, 5, escalate->release);
    fr_write_varint(&writer, 6, escalate->local_class);
    fr_write_varint(&writer, 7, escalate->local_confidence_q8);
    fr_write_varint(&writer, 8, escalate->policy_reason);
    fr_write_varint(&writer, 9, escalate->may_go_on ? 1u : 0u);
    write_view(&writer, 15, &escalate->features);
    return fr_writer_size(&writer);
}

static void write_counts(fr_writer_t* writer, uint32_t field, const uint32_t* counts) {
    uint32_t used = FR_POLICY_REASONS;
    while (used != 0 && counts[used - 1] == 0) {
        --used;
    }
    if (used == 0) {
        return;
    }
    const size_t mark = fr_write_begin(writer, field);
    for (uint32_t i = 0; i < used; ++i) {
        fr_write_element(writer, counts[i]);
    }
    fr_write_end(writer, mark);
}

static void write_sums(fr_writer_t* writer, uint32_t field, const uint64_t* sums) {
    uint32_t used = FR_USES;
    while (used != 0 && sums[used - 1] == 0) {
        --used;
    }
    if (used == 0) {
        return;
    }
    const size_t mark = fr_write_begin(writer, field);
    for (uint32_t i = 0; i < used; ++i) {
        fr_write_element(writer, sums[i]);
    }
    fr_write_end(writer, mark);
}

static void write_shadow(fr_writer_t* writer, const fr_task_health_t* in) {
    uint32_t used = FR_POLICY_REASONS;
    while (used != 0 && in->shadow_reasons[used - 1] == 0) {
        --used;
    }
    fr_write_varint(writer, 3, in->shadow);
    if (used != 0) {
        const size_t mark = fr_write_begin(writer, 4);
        for (uint32_t i = 0; i < used; ++i) {
            fr_write_element(writer, in->shadow_reasons[i]);
        }
        fr_write_end(writer, mark);
    }
    fr_write_varint(writer, 5, in->shadow_differs);
}

static void write_task_health(fr_writer_t* writer, uint32_t field, const fr_task_health_t* in) {
    const size_t mark = fr_write_begin(writer, field);
    fr_write_varint(writer, 1, in->task);
    fr_write_varint(writer, 2, in->policy);
    if (in->shadow != 0) {
        write_shadow(writer, in);
    }
    fr_write_end(writer, mark);
}

size_t fr_health_encode(const fr_health_t* health, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_fixed64(&writer, 1, health->stream);
    fr_write_varint(&writer, 2, health->boot_epoch);
    fr_write_varint(&writer, 3, health->uptime_ticks);
    fr_write_varint(&writer, 4, health->battery_half_percent);
    fr_write_varint(&writer, 5, health->resets);
    fr_write_varint(&writer, 6, health->dropped);
    fr_write_varint(&writer, 7, health->energy_uj);
    fr_write_varint(&writer, 8, health->energy_avoided_uj);
    fr_write_varint(&writer, 9, health->raw_bytes_avoided);
    fr_write_varint(&writer, 10, health->inferences);
    fr_write_varint(&writer, 11, health->escalations);
    fr_write_varint(&writer, 12, health->late_verdicts);
    fr_write_varint(&writer, 13, health->busy_verdicts);
    write_counts(&writer, 14, health->policy_reasons);
    write_sums(&writer, 15, health->use_uj);
    write_sums(&writer, 16, health->use_bytes);
    fr_write_varint(&writer, 17, health->raw_uj);
    fr_write_varint(&writer, 18, health->raw_bytes);
    for (uint32_t i = 0; i < health->task_count; ++i) {
        write_task_health(&writer, 19, &health->tasks[i]);
    }
    write_view(&writer, 20, &health->recent);
    return fr_writer_size(&writer);
}

size_t fr_bye_encode(const fr_bye_t* bye, uint8_t* payload, size_t capacity) {
    fr_writer_t writer;
    fr_writer_init(&writer, payload, capacity);
    fr_write_fixed64(&writer, 1, bye->stream);
    fr_write_varint(&writer, 2, bye->next_wake_s);
    fr_write_varint(&writer, 3, bye->unexpected ? 1u : 0u);
    return fr_writer_size(&writer);
}
