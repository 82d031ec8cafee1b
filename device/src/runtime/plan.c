// SPDX-License-Identifier: Apache-2.0
// Greedy by size: the largest activation first, each at the lowest place no longer-lived neighbour
// in time occupies. Ties go to the lower index, so equal models get equal plans on every machine.
#include "runtime/plan.h"

#include "runtime/order.h"

enum { UNPLACED = -1 };

typedef struct {
    uint32_t offset;  ///< its place; before that UNPLACED, or the tensor it is another shape of
    uint32_t size;    ///< 0: not an activation of its own
    uint16_t first;   ///< 0 for a model input, else 1 + the operator that writes it
    uint16_t last;    ///< 1 + the last operator that reads it
} fr_plan_entry_t;

typedef struct {
    uint8_t* entries;
    uint32_t count;
} fr_planner_t;

static fr_plan_entry_t load(const fr_planner_t* planner, uint32_t index) {
    const uint8_t* bytes = planner->entries + FR_PLAN_ENTRY_SIZE * index;
    fr_plan_entry_t entry = {fr_load_u32(bytes), fr_load_u32(bytes + 4), fr_load_u16(bytes + 8),
                             fr_load_u16(bytes + 10)};
    return entry;
}

static void store(const fr_planner_t* planner, uint32_t index, fr_plan_entry_t entry) {
    uint8_t* bytes = planner->entries + FR_PLAN_ENTRY_SIZE * index;
    fr_store_u32(bytes, entry.offset);
    fr_store_u32(bytes + 4, entry.size);
    fr_store_u32(bytes + 8, (uint32_t)entry.first | (uint32_t)entry.last << 16);
}

/// The tensor whose place this one shares: itself, unless it is the output of a RESHAPE.
static uint32_t root_of(const fr_planner_t* planner, uint32_t index) {
    fr_plan_entry_t entry = load(planner, index);
    bool is_alias = entry.size == 0 && entry.offset < planner->count;
    return is_alias ? entry.offset : index;
}

static void note_write(const fr_planner_t* planner, const fr_model_t* model, uint32_t index,
                       uint32_t time) {
    fr_tensor_t tensor;
    if (fr_model_tensor(model, index, &tensor) == FR_OK) {
        fr_plan_entry_t entry = {(uint32_t)UNPLACED, (tensor.size_bytes + 3u) & ~3u, (uint16_t)time,
                                 (uint16_t)time};
        store(planner, index, entry);
    }
}

static void note_read(const fr_planner_t* planner, uint32_t index, uint32_t time) {
    if (index >= planner->count) {
        return;
    }
    uint32_t root = root_of(planner, index);
    fr_plan_entry_t entry = load(planner, root);
    if (entry.size != 0 && entry.last < time) {
        entry.last = (uint16_t)time;
        store(planner, root, entry);
    }
}

/// A RESHAPE of an activation needs no memory: its output is its input.
static bool note_alias(const fr_planner_t* planner, const fr_operation_t* operation, uint32_t input,
                       uint32_t output) {
    if (operation->code != FR_OPERATOR_RESHAPE || input >= planner->count) {
        return false;
    }
    uint32_t root = root_of(planner, input);
    if (load(planner, root).size == 0) {
        return false;  // a constant
    }
    fr_plan_entry_t entry = {root, 0, 0, 0};
    store(planner, output, entry);
    return true;
}

static fr_status_t note_operator(const fr_planner_t* planner, const fr_model_t* model,
                                 uint32_t index) {
    fr_model_problem_t unread;
    fr_operation_t operation;
    fr_status_t status = fr_operation_read(model, index, &operation, &unread);
    if (status != FR_OK) {
        return FR_ERROR_STORAGE;
    }
    uint32_t time = index + 1u;
    for (uint32_t port = 0; port < operation.input_count; port++) {
        note_read(planner, (uint32_t)fr_operation_input(model, &operation, port), time);
    }
    uint32_t input = (uint32_t)fr_operation_input(model, &operation, 0);
    for (uint32_t port = 0; port < operation.output_count; port++) {
        uint32_t output = (uint32_t)fr_operation_output(model, &operation, port);
        if (output >= planner->count) {
            return FR_ERROR_STORAGE;
        }
        if (!note_alias(planner, &operation, input, output)) {
            note_write(planner, model, output, time);
        }
    }
    return FR_OK;
}

static fr_status_t note_lifetimes(const fr_planner_t* planner, const fr_model_t* model) {
    for (uint32_t index = 0; index < planner->count; index++) {
        fr_plan_entry_t nothing = {(uint32_t)UNPLACED, 0, 0, 0};
        store(planner, index, nothing);
    }
    for (uint32_t port = 0; port < model->input_count; port++) {
        note_write(planner, model, fr_order_model_port(model, model->inputs, port), 0);
    }
    for (uint32_t index = 0; index < model->operator_count; index++) {
        fr_status_t status = note_operator(planner, model, index);
        if (status != FR_OK) {
            return status;
        }
    }
    for (uint32_t port = 0; port < model->output_count; port++) {
        note_read(planner, fr_order_model_port(model, model->outputs, port),
                  model->operator_count + 1u);
    }
    return FR_OK;
}

/// The largest activation without a place, or the entry count.
static uint32_t next_to_place(const fr_planner_t* planner) {
    uint32_t best = planner->count;
    uint32_t best_size = 0;
    for (uint32_t index = 0; index < planner->count; index++) {
        fr_plan_entry_t entry = load(planner, index);
        if (entry.offset == (uint32_t)UNPLACED && entry.size > best_size) {
            best = index;
            best_size = entry.size;
        }
    }
    return best;
}

/// End of a placed activation that stands in the way of `wanted` at its offset, or 0.
static uint32_t conflict_end(const fr_planner_t* planner, const fr_plan_entry_t* wanted) {
    for (uint32_t index = 0; index < planner->count; index++) {
        fr_plan_entry_t other = load(planner, index);
        bool is_placed = other.size != 0 && other.offset != (uint32_t)UNPLACED;
        bool in_time = other.first <= wanted->last && wanted->first <= other.last;
        bool in_space = other.offset < wanted->offset + wanted->size &&
                        wanted->offset < other.offset + other.size;
        if (is_placed && in_time && in_space) {
            return other.offset + other.size;
        }
    }
    return 0;
}

static void share_places(const fr_planner_t* planner) {
    for (uint32_t index = 0; index < planner->count; index++) {
        uint32_t root = root_of(planner, index);
        if (root != index) {
            fr_plan_entry_t entry = load(planner, index);
            entry.offset = load(planner, root).offset;
            entry.first = 1;  // no longer an alias, and never looked at again
            store(planner, index, entry);
        }
    }
}

fr_status_t fr_plan_layout(const fr_model_t* model, uint8_t* entries, uint32_t* size_bytes) {
    fr_planner_t planner = {entries, model->tensor_count};
    fr_status_t status = note_lifetimes(&planner, model);
    if (status != FR_OK) {
        return status;
    }
    *size_bytes = 0;
    for (uint32_t index = next_to_place(&planner); index < planner.count;
         index = next_to_place(&planner)) {
        fr_plan_entry_t entry = load(&planner, index);
        entry.offset = 0;
        for (uint32_t end = conflict_end(&planner, &entry); end != 0;
             end = conflict_end(&planner, &entry)) {
            entry.offset = end;
            if (end > FR_MODEL_ARENA_MAX - entry.size) {
                return FR_ERROR_LIMIT;
            }
        }
        store(&planner, index, entry);
        if (entry.offset + entry.size > *size_bytes) {
            *size_bytes = entry.offset + entry.size;
        }
    }
    share_places(&planner);
    return FR_OK;
}

size_t fr_model_plan_scratch_size(const fr_model_t* model) {
    return (size_t)FR_PLAN_ENTRY_SIZE * model->tensor_count;
}

fr_status_t fr_model_plan(const fr_model_t* model, void* scratch, size_t scratch_size,
                          fr_plan_t* plan) {
    if (model == NULL || scratch == NULL || plan == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    uint32_t planning = (uint32_t)fr_model_plan_scratch_size(model);
    if (scratch_size < planning) {
        return FR_ERROR_NO_SPACE;
    }
    uint32_t size = 0;
    fr_status_t status = fr_plan_layout(model, (uint8_t*)scratch, &size);
    if (status != FR_OK) {
        return status;
    }
    uint32_t running = FR_OFFSET_SIZE * model->tensor_count + size;
    plan->activation_size_bytes = size;
    plan->arena_size_bytes = running > planning ? running : planning;
    plan->state_size_bytes = fr_state_size(model);
    plan->work = model->work;
    return plan->state_size_bytes > FR_MODEL_ARENA_MAX ? FR_ERROR_LIMIT : FR_OK;
}
