// SPDX-License-Identifier: Apache-2.0
// The interpreter: the arena starts with one offset for each tensor, the activations follow.
#include <string.h>

#include "runtime/order.h"
#include "runtime/plan.h"
#include "runtime/state.h"

static uint32_t table_size(const fr_model_t* model) {
    return FR_OFFSET_SIZE * model->tensor_count;
}

/// Turns the planner's entries into the table of arena offsets, in place.
static void keep_offsets(const fr_model_t* model, uint8_t* arena) {
    for (uint32_t index = 0; index < model->tensor_count; index++) {
        uint32_t offset = fr_load_u32(arena + FR_PLAN_ENTRY_SIZE * index);
        bool is_activation = offset != UINT32_MAX;
        fr_store_u32(arena + FR_OFFSET_SIZE * index,
                     is_activation ? offset + table_size(model) : UINT32_MAX);
    }
}

fr_status_t fr_interpreter_init(fr_interpreter_t* interpreter, const fr_model_t* model, void* arena,
                                size_t arena_size) {
    if (interpreter == NULL || model == NULL || arena == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    fr_plan_t plan;
    fr_status_t status = fr_model_plan(model, arena, arena_size, &plan);
    if (status != FR_OK) {
        return status;
    }
    if (arena_size < plan.arena_size_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    keep_offsets(model, (uint8_t*)arena);
    interpreter->state_size = fr_state_layout(model, (uint8_t*)arena);
    interpreter->model = model;
    interpreter->arena = (uint8_t*)arena;
    interpreter->arena_size = plan.arena_size_bytes;
    interpreter->state = NULL;
    fr_interpreter_clear(interpreter);
    return FR_OK;
}

static fr_call_t new_call(const fr_interpreter_t* interpreter, fr_model_problem_t* problem) {
    fr_call_t call = {interpreter->model,
                      {0},
                      interpreter->arena,
                      interpreter->state,
                      interpreter->arena_size,
                      interpreter->state_size,
                      problem};
    return call;
}

static uint8_t* find_activation(const fr_interpreter_t* interpreter, const fr_tensor_t* tensor,
                                size_t* size) {
    fr_model_problem_t unread;
    fr_call_t call = new_call(interpreter, &unread);
    *size = tensor->size_bytes;
    return fr_call_room(&call, tensor);
}

fr_status_t fr_interpreter_input(const fr_interpreter_t* interpreter, uint32_t port, uint8_t** data,
                                 size_t* size) {
    fr_tensor_t tensor;
    fr_status_t status = fr_model_input(interpreter->model, port, &tensor);
    if (status != FR_OK) {
        return status;
    }
    *data = find_activation(interpreter, &tensor, size);
    return *data == NULL ? FR_ERROR_NOT_FOUND : FR_OK;
}

fr_status_t fr_interpreter_output(const fr_interpreter_t* interpreter, uint32_t port,
                                  const uint8_t** data, size_t* size) {
    fr_tensor_t tensor;
    fr_status_t status = fr_model_output(interpreter->model, port, &tensor);
    if (status != FR_OK) {
        return status;
    }
    *data = find_activation(interpreter, &tensor, size);
    return *data == NULL ? FR_ERROR_NOT_FOUND : FR_OK;
}

fr_status_t fr_interpreter_run_operators(const fr_interpreter_t* interpreter, uint32_t first,
                                         uint32_t end) {
    if (interpreter == NULL || interpreter->model == NULL || first > end ||
        end > interpreter->model->operator_count ||
        (interpreter->state_size != 0 && interpreter->state == NULL)) {
        return FR_ERROR_ARGUMENT;
    }
    const fr_model_t* model = interpreter->model;
    fr_model_problem_t unread;
    for (uint32_t index = first; index < end; index++) {
        fr_call_t call = new_call(interpreter, &unread);
        // Everything was checked at open; a refusal now means the bytes under us changed.
        if (fr_operation_read(model, index, &call.operation, &unread) != FR_OK ||
            fr_kernel_find(model->set, call.operation.code)->run(&call) != FR_OK) {
            return FR_ERROR_STORAGE;
        }
    }
    return FR_OK;
}

fr_status_t fr_interpreter_invoke(const fr_interpreter_t* interpreter) {
    if (interpreter == NULL || interpreter->model == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    return fr_interpreter_run_operators(interpreter, 0, interpreter->model->operator_count);
}

fr_status_t fr_interpreter_activation(const fr_interpreter_t* interpreter, uint32_t index,
                                      const uint8_t** data, size_t* size) {
    fr_tensor_t tensor;
    fr_status_t status = fr_model_tensor(interpreter->model, index, &tensor);
    if (status != FR_OK) {
        return status;
    }
    *data = find_activation(interpreter, &tensor, size);
    return *data == NULL ? FR_ERROR_NOT_FOUND : FR_OK;
}

void fr_interpreter_clear(const fr_interpreter_t* interpreter) {
    uint32_t table = table_size(interpreter->model);
    memset(interpreter->arena + table, 0, interpreter->arena_size - table);
}
