// SPDX-License-Identifier: Apache-2.0
#include "runtime/order.h"

uint32_t fr_order_model_port(const fr_model_t* model, uint32_t first, uint32_t port) {
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    return fr_flat_u32(&flat, first + 4u * port);
}

bool fr_order_is_model_input(const fr_model_t* model, uint32_t tensor) {
    for (uint32_t port = 0; port < model->input_count; port++) {
        if (fr_order_model_port(model, model->inputs, port) == tensor) {
            return true;
        }
    }
    return false;
}

/// True if the tensor is one of the operator's first `count` outputs.
static bool writes(const fr_model_t* model, const fr_operation_t* operation, uint32_t count,
                   uint32_t tensor) {
    for (uint32_t port = 0; port < count; port++) {
        if (fr_operation_output(model, operation, port) == (int32_t)tensor) {
            return true;
        }
    }
    return false;
}

bool fr_order_is_written_before(const fr_model_t* model, uint32_t tensor, uint32_t operation) {
    if (fr_order_is_model_input(model, tensor)) {
        return true;
    }
    fr_model_problem_t unused;
    for (uint32_t index = 0; index < operation; index++) {
        fr_operation_t earlier;
        if (fr_operation_read(model, index, &earlier, &unused) == FR_OK &&
            writes(model, &earlier, earlier.output_count, tensor)) {
            return true;
        }
    }
    return false;
}

fr_status_t fr_order_check(const fr_call_t* call) {
    const fr_operation_t* operation = &call->operation;
    fr_tensor_t tensor;
    for (uint32_t port = 0; port < operation->input_count; port++) {
        if (!fr_call_has_input(call, port)) {
            continue;
        }
        fr_status_t status = fr_call_input(call, port, &tensor);
        if (status != FR_OK) {
            return status;
        }
        if (tensor.constant == NULL &&
            !fr_order_is_written_before(call->model, tensor.index, operation->index)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_ORDER, &tensor, port);
        }
    }
    for (uint32_t port = 0; port < operation->output_count; port++) {
        fr_status_t status = fr_call_output_at(call, port, &tensor);
        if (status != FR_OK) {
            return status;
        }
        if (tensor.constant != NULL || writes(call->model, operation, port, tensor.index) ||
            fr_order_is_written_before(call->model, tensor.index, operation->index)) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_ORDER, &tensor, port);
        }
    }
    return FR_OK;
}

fr_status_t fr_order_check_outputs(const fr_model_t* model, fr_model_problem_t* problem) {
    for (uint32_t port = 0; port < model->output_count; port++) {
        uint32_t index = fr_order_model_port(model, model->outputs, port);
        if (!fr_order_is_written_before(model, index, model->operator_count)) {
            fr_problem_clear(problem);
            problem->reason = FR_MODEL_TENSOR_ORDER;
            problem->tensor_index = (int32_t)index;
            return FR_ERROR_MALFORMED;
        }
    }
    return FR_OK;
}
