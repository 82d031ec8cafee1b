// SPDX-License-Identifier: Apache-2.0
// What becomes of a device whose firmware has other tasks than the one before it. Slots, signed
// records and decisions lie by the place of a task in the configuration, so a model stays only with
// a task whose place stays. What protects a task is carried over by its id: anti-rollback counter,
// policy floor, failures; of a task that is gone the first two wait in the FORMER record. All of it
// is done before the STATE record names the new tasks, and doing it twice changes nothing.
#include <string.h>

#include "bytes/little_endian.h"
#include "node/internal.h"

#define FORMER_VERSION 1u
#define FORMER_HEADER_BYTES 4u
#define FORMER_TASK_BYTES 16u  // id, burned counter, its tag, policy floor

typedef struct {
    uint32_t count;  // the oldest first
    uint8_t bytes[FORMER_HEADER_BYTES + FORMER_TASK_BYTES * FR_FORMER_TASKS_MAX];
} former_t;

/// Slots lie behind the ring of decisions: with another ring they are elsewhere.
static bool has_same_ring(const fr_node_t* node, const fr_kept_tasks_t* kept) {
    return kept->decision_sectors == node->layout.decision_sectors;
}

static bool keeps_place(const fr_node_t* node, const fr_kept_tasks_t* kept, uint32_t task_index) {
    return has_same_ring(node, kept) && task_index < kept->count &&
           task_index < node->config->task_count &&
           kept->ids[task_index] == node->config->tasks[task_index].task;
}

static bool are_the_same(const fr_node_t* node, const fr_kept_tasks_t* kept) {
    bool are_same = kept->count == node->config->task_count && has_same_ring(node, kept);
    for (uint32_t i = 0; i < kept->count; ++i) {
        are_same = are_same && keeps_place(node, kept, i);
    }
    return are_same;
}

// Former tasks.

static uint8_t* former_at(former_t* former, uint32_t place) {
    return former->bytes + FORMER_HEADER_BYTES + FORMER_TASK_BYTES * place;
}

/// Its place, or the count for none.
static uint32_t find_former(former_t* former, uint32_t task) {
    uint32_t place = 0;
    while (place < former->count && fr_load32(former_at(former, place)) != task) {
        ++place;
    }
    return place;
}

static fr_status_t load_former(const fr_node_t* node, former_t* former) {
    uint32_t size = 0;
    const uint8_t* bytes = fr_record_log_get(&node->records, FR_RECORD_FORMER, &size);
    memset(former, 0, sizeof *former);
    if (bytes == NULL) {
        return FR_OK;
    }
    if (size < FORMER_HEADER_BYTES || bytes[0] != FORMER_VERSION ||
        bytes[1] > FR_FORMER_TASKS_MAX ||
        size != FORMER_HEADER_BYTES + FORMER_TASK_BYTES * bytes[1]) {
        return FR_ERROR_UNSUPPORTED;
    }
    former->count = bytes[1];
    memcpy(former->bytes, bytes, size);
    return FR_OK;
}

/// The oldest that is not back: what is back is being carried over, and a cut must find it again.
static void make_room(const fr_node_t* node, former_t* former) {
    uint32_t place = 0;
    while (fr_find_task(node, fr_load32(former_at(former, place))) >= 0) {
        ++place;
    }
    former->count -= 1;
    memmove(former_at(former, place), former_at(former, place + 1),
            FORMER_TASK_BYTES * (former->count - place));
}

static void remember(const fr_node_t* node, former_t* former, uint32_t task,
                     const fr_task_state_t* state) {
    uint32_t place = find_former(former, task);
    if (place == FR_FORMER_TASKS_MAX) {
        make_room(node, former);
        place = former->count;
    }
    former->count += place == former->count ? 1u : 0u;
    uint8_t* out = former_at(former, place);
    fr_store32(out, task);
    fr_store32(out + 4, state->burned_counter);
    fr_store32(out + 8, state->burned_tag);
    fr_store32(out + 12, state->policy_floor);
}

static fr_status_t remember_who_goes(fr_node_t* node, const fr_kept_tasks_t* kept,
                                     former_t* former) {
    bool is_changed = false;
    for (uint32_t i = 0; i < kept->count; ++i) {
        const fr_task_state_t* state = &kept->tasks[i];
        if (fr_find_task(node, kept->ids[i]) < 0 &&
            (state->burned_counter != 0 || state->policy_floor != 0)) {
            remember(node, former, kept->ids[i], state);
            is_changed = true;
        }
    }
    if (!is_changed) {
        return FR_OK;
    }
    former->bytes[0] = FORMER_VERSION;
    former->bytes[1] = (uint8_t)former->count;
    return fr_record_log_put(&node->records, FR_RECORD_FORMER, former->bytes,
                             FORMER_HEADER_BYTES + FORMER_TASK_BYTES * former->count);
}

// The tasks of this firmware.

static void carry_over(fr_node_t* node, const fr_kept_tasks_t* kept, former_t* former,
                       uint32_t task_index) {
    fr_task_state_t* state = fr_state_of(node, task_index);
    const uint32_t task = node->config->tasks[task_index].task;
    if (keeps_place(node, kept, task_index)) {
        *state = kept->tasks[task_index];
        return;
    }
    fr_task_state_init(state);
    for (uint32_t i = 0; i < kept->count; ++i) {
        if (kept->ids[i] == task) {
            const fr_task_state_t* before = &kept->tasks[i];
            state->burned_counter = before->burned_counter;
            state->burned_tag = before->burned_tag;
            state->failed_counter = before->failed_counter;
            state->failures = before->failures;
            state->policy_floor = before->policy_floor;
            return;
        }
    }
    const uint32_t place = find_former(former, task);
    if (place != former->count) {
        const uint8_t* in = former_at(former, place);
        state->burned_counter = fr_load32(in + 4);
        state->burned_tag = fr_load32(in + 8);
        state->policy_floor = fr_load32(in + 12);
    }
}

/// Signed records of another task's models, and the offer in work: the gateway tells it again.
static fr_status_t drop_records(fr_node_t* node, const fr_kept_tasks_t* kept) {
    fr_status_t status = fr_record_drop(node, FR_RECORD_OFFER);
    for (uint32_t i = 0; i < FR_TASKS_MAX; ++i) {
        const uint32_t first = fr_record_manifest(i, 0);
        const uint32_t count = keeps_place(node, kept, i) ? 0 : FR_RECORDS_OF_TASK;
        for (uint32_t type = first; status == FR_OK && type < first + count; ++type) {
            status = fr_record_drop(node, type);
        }
    }
    return status;
}

/// Decisions name their task by its place. What is not delivered yet is declared as dropped.
static fr_status_t forget_decisions(fr_node_t* node) {
    const fr_status_t status =
        fr_decision_log_open(&node->decisions, &node->port->flash, &node->layout,
                             node->state.stream, node->state.boot_epoch + 1u);
    return status == FR_OK ? fr_decision_log_forget(&node->decisions, node->state.stream) : status;
}

static fr_status_t change_tasks(fr_node_t* node, const fr_kept_tasks_t* kept) {
    former_t former;
    bool has_moved = false;
    fr_status_t status = load_former(node, &former);
    if (status == FR_OK) {
        status = remember_who_goes(node, kept, &former);
    }
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        carry_over(node, kept, &former, i);
    }
    for (uint32_t i = 0; i < kept->count; ++i) {
        if (!keeps_place(node, kept, i)) {
            has_moved = true;
            node->counters.models_given_up += kept->tasks[i].active >= 0 ? 1u : 0u;
        }
    }
    if (status == FR_OK) {
        status = drop_records(node, kept);
    }
    // Another ring began a new stream, which has none.
    const bool has_decisions = has_moved && has_same_ring(node, kept);
    return status == FR_OK && has_decisions ? forget_decisions(node) : status;
}

fr_status_t fr_tasks_take_over(fr_node_t* node, const fr_kept_tasks_t* kept) {
    fr_status_t status = FR_OK;
    for (uint32_t i = node->config->task_count; i < FR_TASKS_MAX; ++i) {
        fr_task_state_init(&node->state.tasks[i]);
    }
    if (!has_same_ring(node, kept)) {
        // The sector with the newest number may be outside: no number is used twice in a stream.
        status = fr_stream_begin(node);
    }
    if (status == FR_OK && !are_the_same(node, kept)) {
        return change_tasks(node, kept);
    }
    memcpy(node->state.tasks, kept->tasks, sizeof kept->tasks[0] * kept->count);
    return status;
}
