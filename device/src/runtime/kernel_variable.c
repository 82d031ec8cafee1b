// SPDX-License-Identifier: Apache-2.0
// CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE: what a streaming model remembers from
// one inference to the next. A handle is resolved to a place in the caller's state when a model is
// bound; CALL_ONCE runs at fr_state_reset(), not inside an inference. Its subgraph may only assign
// constants.
#include <string.h>

#include "runtime/model.h"

enum { CALL_ONCE_SUBGRAPH = 0 };
enum { HANDLE_CONTAINER = 0, HANDLE_NAME = 1 };
enum { HANDLE_PORT = 0, VALUE_PORT = 1 };  // inputs of READ_VARIABLE and ASSIGN_VARIABLE

/// The two strings that tell variables apart, in place.
typedef struct {
    const uint8_t* container;
    const uint8_t* name;
    uint32_t container_size;
    uint32_t name_size;
} fr_variable_name_t;

static fr_variable_name_t name_of(const fr_model_t* model, const fr_operation_t* handle) {
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    fr_flat_vector_t container = fr_flat_field_vector(&flat, &handle->options, HANDLE_CONTAINER, 1);
    fr_flat_vector_t name = fr_flat_field_vector(&flat, &handle->options, HANDLE_NAME, 1);
    fr_variable_name_t result = {model->bytes + container.position, model->bytes + name.position,
                                 container.count, name.count};
    return result;
}

static bool is_same_name(const fr_variable_name_t* a, const fr_variable_name_t* b) {
    return a->container_size == b->container_size && a->name_size == b->name_size &&
           memcmp(a->container, b->container, a->container_size) == 0 &&
           memcmp(a->name, b->name, a->name_size) == 0;
}

/// Reads operator `index` if it is of this kind.
static bool read_kind(const fr_model_t* model, uint32_t index, int32_t code,
                      fr_operation_t* operation) {
    fr_model_problem_t unread;
    return fr_operation_read(model, index, operation, &unread) == FR_OK && operation->code == code;
}

/// The name behind a handle tensor; false if no VAR_HANDLE makes this tensor.
static bool find_name(const fr_model_t* model, int32_t tensor, fr_variable_name_t* name) {
    for (uint32_t index = 0; index < model->operator_count; index++) {
        fr_operation_t operation;
        if (read_kind(model, index, FR_OPERATOR_VAR_HANDLE, &operation) &&
            fr_operation_output(model, &operation, 0) == tensor) {
            *name = name_of(model, &operation);
            return true;
        }
    }
    return false;
}

/// Tensor index of the value an operator reads or assigns; -1 for other operators.
static int32_t value_index(const fr_model_t* model, const fr_operation_t* operation) {
    switch (operation->code) {
        case FR_OPERATOR_READ_VARIABLE:
            return fr_operation_output(model, operation, 0);
        case FR_OPERATOR_ASSIGN_VARIABLE:
            return fr_operation_input(model, operation, VALUE_PORT);
        default:
            return -1;
    }
}

/// The tensor by which a variable is first used: its size and type. False if it is never used.
static bool find_value(const fr_model_t* model, const fr_variable_name_t* wanted,
                       fr_tensor_t* value) {
    for (uint32_t index = 0; index < model->operator_count; index++) {
        fr_model_problem_t unread;
        fr_operation_t operation;
        fr_variable_name_t name;
        if (fr_operation_read(model, index, &operation, &unread) != FR_OK) {
            return false;
        }
        int32_t tensor = value_index(model, &operation);
        if (tensor >= 0 &&
            find_name(model, fr_operation_input(model, &operation, HANDLE_PORT), &name) &&
            is_same_name(&name, wanted)) {
            return fr_model_tensor(model, (uint32_t)tensor, value) == FR_OK;
        }
    }
    return false;
}

/// Tensor of the first handle of this name, which may be the one of operator `index` itself.
static uint32_t first_handle(const fr_model_t* model, const fr_variable_name_t* wanted,
                             uint32_t index) {
    fr_operation_t operation;
    for (uint32_t earlier = 0; earlier < index; earlier++) {
        if (read_kind(model, earlier, FR_OPERATOR_VAR_HANDLE, &operation)) {
            fr_variable_name_t name = name_of(model, &operation);
            if (is_same_name(&name, wanted)) {
                return (uint32_t)fr_operation_output(model, &operation, 0);
            }
        }
    }
    (void)read_kind(model, index, FR_OPERATOR_VAR_HANDLE, &operation);
    return (uint32_t)fr_operation_output(model, &operation, 0);
}

/// What walk() does with each variable.
typedef struct {
    uint8_t* places;                   ///< NULL, or 4 bytes for each tensor
    uint8_t* state;                    ///< NULL, or set to the zero points
    const fr_variable_name_t* wanted;  ///< NULL, or the one whose place is asked for
    uint32_t place;                    ///< answer to `wanted`; UINT32_MAX if there is none
} fr_variable_walk_t;

static void visit(fr_variable_walk_t* walk, const fr_variable_name_t* name,
                  const fr_tensor_t* value, uint32_t place) {
    if (walk->state != NULL) {
        memset(walk->state + place, value->type == FR_TENSOR_INT8 ? value->zero_point : 0,
               value->size_bytes);
    }
    if (walk->wanted != NULL && is_same_name(name, walk->wanted)) {
        walk->place = place;
    }
}

/// Visits the variables in the order of their first handles; returns the bytes of all of them, or
/// of as many as exceed FR_MODEL_ARENA_MAX, which fr_model_plan() refuses.
static uint32_t walk_variables(const fr_model_t* model, fr_variable_walk_t* walk) {
    uint32_t total = 0;
    walk->place = UINT32_MAX;
    for (uint32_t index = 0; index < model->operator_count && total <= FR_MODEL_ARENA_MAX;
         index++) {
        fr_operation_t operation;
        fr_tensor_t value;
        if (!read_kind(model, index, FR_OPERATOR_VAR_HANDLE, &operation)) {
            continue;
        }
        fr_variable_name_t name = name_of(model, &operation);
        uint32_t tensor = (uint32_t)fr_operation_output(model, &operation, 0);
        uint32_t first = first_handle(model, &name, index);
        uint32_t place = total;
        if (first != tensor) {
            place = walk->places == NULL ? 0 : fr_load_u32(walk->places + 4u * first);
        } else if (find_value(model, &name, &value)) {
            visit(walk, &name, &value, place);
            total += (value.size_bytes + 3u) & ~3u;
        }
        if (walk->places != NULL && tensor < model->tensor_count) {
            fr_store_u32(walk->places + 4u * tensor, place);
        }
    }
    return total;
}

static uint32_t layout(const fr_model_t* model, uint8_t* places) {
    fr_variable_walk_t walk = {places, NULL, NULL, 0};
    return walk_variables(model, &walk);
}

/// The subgraph a CALL_ONCE names, as a model of its own.
static fr_status_t enter_once(const fr_call_t* call, fr_model_t* once) {
    *once = *call->model;
    return fr_model_enter_subgraph(once, fr_call_option_u32(call, CALL_ONCE_SUBGRAPH, 0),
                                   call->problem);
}

/// Finds what ASSIGN_VARIABLE number `index` of the initial subgraph assigns, and to which
/// variable.
static bool read_assignment(const fr_model_t* once, const fr_operation_t* operation,
                            fr_variable_name_t* name, fr_tensor_t* value) {
    int32_t tensor = value_index(once, operation);
    return tensor >= 0 && find_name(once, fr_operation_input(once, operation, HANDLE_PORT), name) &&
           fr_model_tensor(once, (uint32_t)tensor, value) == FR_OK && value->constant != NULL;
}

static fr_status_t assign_initial(const fr_model_t* model, const fr_model_t* once, uint8_t* state,
                                  uint32_t state_size) {
    for (uint32_t index = 0; index < once->operator_count; index++) {
        fr_operation_t operation;
        fr_variable_name_t name;
        fr_tensor_t value;
        if (!read_kind(once, index, FR_OPERATOR_ASSIGN_VARIABLE, &operation)) {
            continue;
        }
        if (!read_assignment(once, &operation, &name, &value)) {
            return FR_ERROR_STORAGE;
        }
        fr_variable_walk_t walk = {NULL, NULL, &name, 0};
        (void)walk_variables(model, &walk);
        if (value.size_bytes > state_size || walk.place > state_size - value.size_bytes) {
            return FR_ERROR_STORAGE;
        }
        memcpy(state + walk.place, value.constant, value.size_bytes);
    }
    return FR_OK;
}

static fr_status_t reset(const fr_model_t* model, uint8_t* state, uint32_t state_size) {
    fr_variable_walk_t walk = {NULL, state, NULL, 0};
    if (walk_variables(model, &walk) > state_size) {
        return FR_ERROR_STORAGE;
    }
    fr_status_t status = FR_OK;
    for (uint32_t index = 0; index < model->operator_count && status == FR_OK; index++) {
        fr_model_problem_t unread;
        fr_model_t once;
        fr_call_t call = {model, {0}, NULL, NULL, 0, 0, &unread};
        if (read_kind(model, index, FR_OPERATOR_CALL_ONCE, &call.operation)) {
            status = enter_once(&call, &once);
            if (status == FR_OK) {
                status = assign_initial(model, &once, state, state_size);
            }
        }
    }
    return status;
}

static bool is_same_value(const fr_tensor_t* a, const fr_tensor_t* b) {
    return a->type == b->type && a->size_bytes == b->size_bytes && a->size_bytes != 0;
}

static fr_status_t check_once(const fr_call_t* call, const fr_model_t* once) {
    if (once->operator_count > 2u * FR_MODEL_VARIABLES_MAX) {
        return fr_call_refuse_limit(call, once->operator_count, 2u * FR_MODEL_VARIABLES_MAX);
    }
    for (uint32_t index = 0; index < once->operator_count; index++) {
        fr_operation_t operation;
        fr_variable_name_t name;
        fr_tensor_t value;
        fr_tensor_t variable;
        fr_status_t status = fr_operation_read(once, index, &operation, call->problem);
        if (status != FR_OK) {
            return status;
        }
        if (operation.code == FR_OPERATOR_VAR_HANDLE) {
            continue;
        }
        if (operation.code != FR_OPERATOR_ASSIGN_VARIABLE) {
            return fr_call_refuse_option(call, CALL_ONCE_SUBGRAPH);
        }
        if (!read_assignment(once, &operation, &name, &value)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_DATA, NULL, index);
        }
        if (!find_value(call->model, &name, &variable) || !is_same_value(&value, &variable)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, NULL, index);
        }
    }
    return FR_OK;
}

static fr_status_t call_once_check(const fr_call_t* call, uint64_t* work) {
    fr_model_t once;
    *work = 0;
    // Subgraph 0 is the model itself, which would never end.
    if (fr_call_option_u32(call, CALL_ONCE_SUBGRAPH, 0) == 0) {
        return fr_call_refuse_option(call, CALL_ONCE_SUBGRAPH);
    }
    fr_status_t status = enter_once(call, &once);
    return status == FR_OK ? check_once(call, &once) : status;
}

static fr_status_t run_nothing(const fr_call_t* call) {
    (void)call;
    return FR_OK;
}

/// VAR_HANDLEs among the first `end` operators.
static uint32_t count_handles(const fr_model_t* model, uint32_t end) {
    uint32_t count = 0;
    for (uint32_t index = 0; index < end; index++) {
        fr_operation_t operation;
        count += read_kind(model, index, FR_OPERATOR_VAR_HANDLE, &operation) ? 1u : 0u;
    }
    return count;
}

static fr_status_t handle_check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t handle;
    *work = 0;
    uint32_t count = count_handles(call->model, call->operation.index + 1u);
    if (count > FR_MODEL_VARIABLES_MAX) {
        return fr_call_refuse_limit(call, count, FR_MODEL_VARIABLES_MAX);
    }
    fr_status_t status = fr_call_output(call, &handle);
    if (status == FR_OK && handle.type != FR_TENSOR_RESOURCE) {
        status = fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, &handle, handle.type);
    }
    return status;
}

/// Handle and value of a READ_VARIABLE or ASSIGN_VARIABLE.
static fr_status_t read_use(const fr_call_t* call, fr_tensor_t* handle, fr_tensor_t* value) {
    fr_status_t status = fr_call_input(call, HANDLE_PORT, handle);
    if (status == FR_OK) {
        status = call->operation.code == FR_OPERATOR_READ_VARIABLE
                     ? fr_call_output(call, value)
                     : fr_call_input(call, VALUE_PORT, value);
    }
    return status;
}

static fr_status_t use_check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t handle;
    fr_tensor_t value;
    fr_tensor_t variable;
    fr_variable_name_t name;
    fr_status_t status = read_use(call, &handle, &value);
    if (status != FR_OK) {
        return status;
    }
    *work = value.element_count;
    if (handle.type != FR_TENSOR_RESOURCE || !find_name(call->model, handle.index, &name)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, &handle, handle.type);
    }
    if (!find_value(call->model, &name, &variable) || !is_same_value(&value, &variable)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &value, value.element_count);
    }
    return FR_OK;
}

/// Where a variable stands in the state; NULL if it does not lie inside.
static uint8_t* variable_room(const fr_call_t* call, const fr_tensor_t* handle,
                              const fr_tensor_t* value) {
    uint32_t place = fr_load_u32(call->arena + 4u * handle->index);
    bool is_inside =
        value->size_bytes <= call->state_size && place <= call->state_size - value->size_bytes;
    return is_inside ? call->state + place : NULL;
}

static fr_status_t read_run(const fr_call_t* call) {
    fr_tensor_t handle;
    fr_tensor_t value;
    fr_status_t status = read_use(call, &handle, &value);
    if (status != FR_OK) {
        return status;
    }
    const uint8_t* variable = variable_room(call, &handle, &value);
    uint8_t* target = fr_call_room(call, &value);
    if (variable == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    memcpy(target, variable, value.size_bytes);
    return FR_OK;
}

static fr_status_t assign_run(const fr_call_t* call) {
    fr_tensor_t handle;
    fr_tensor_t value;
    fr_status_t status = read_use(call, &handle, &value);
    if (status != FR_OK) {
        return status;
    }
    uint8_t* variable = variable_room(call, &handle, &value);
    const uint8_t* source = fr_call_data(call, &value);
    if (variable == NULL || source == NULL) {
        return FR_ERROR_STORAGE;
    }
    memcpy(variable, source, value.size_bytes);
    return FR_OK;
}

static const fr_variables_t variables = {layout, reset};

const fr_kernel_t fr_kernel_call_once = {.code = FR_OPERATOR_CALL_ONCE,
                                         .version_max = 1,
                                         .options_type = 103,
                                         .check = call_once_check,
                                         .run = run_nothing};

const fr_kernel_t fr_kernel_variable_handle = {.code = FR_OPERATOR_VAR_HANDLE,
                                               .version_max = 1,
                                               .options_type = 111,
                                               .outputs_min = 1,
                                               .outputs_max = 1,
                                               .check = handle_check,
                                               .run = run_nothing,
                                               .variables = &variables};

const fr_kernel_t fr_kernel_read_variable = {.code = FR_OPERATOR_READ_VARIABLE,
                                             .version_max = 1,
                                             .inputs_min = 1,
                                             .inputs_max = 1,
                                             .outputs_min = 1,
                                             .outputs_max = 1,
                                             .check = use_check,
                                             .run = read_run};

const fr_kernel_t fr_kernel_assign_variable = {.code = FR_OPERATOR_ASSIGN_VARIABLE,
                                               .version_max = 1,
                                               .inputs_min = 2,
                                               .inputs_max = 2,
                                               .check = use_check,
                                               .run = assign_run};
