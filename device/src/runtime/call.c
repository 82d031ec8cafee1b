// SPDX-License-Identifier: Apache-2.0
// What a kernel may ask of its call: tensors, their bytes, options, and how to refuse.
#include "runtime/model.h"

fr_status_t fr_call_refuse(const fr_call_t* call, fr_model_reason_t reason,
                           const fr_tensor_t* tensor, uint32_t value) {
    call->problem->reason = reason;
    call->problem->value = value;
    call->problem->tensor_index = tensor == NULL ? -1 : (int32_t)tensor->index;
    switch (reason) {
        case FR_MODEL_OPERATOR_OPTION:
        case FR_MODEL_TENSOR_TYPE:
        case FR_MODEL_TENSOR_QUANTIZATION:
            return FR_ERROR_UNSUPPORTED;
        case FR_MODEL_LIMIT:
            return FR_ERROR_LIMIT;
        default:
            return FR_ERROR_MALFORMED;
    }
}

fr_status_t fr_call_refuse_option(const fr_call_t* call, uint32_t field) {
    return fr_call_refuse(call, FR_MODEL_OPERATOR_OPTION, NULL, field);
}

fr_status_t fr_call_refuse_limit(const fr_call_t* call, uint32_t value, uint32_t limit) {
    call->problem->limit = limit;
    return fr_call_refuse(call, FR_MODEL_LIMIT, NULL, value);
}

static fr_status_t read_port(const fr_call_t* call, int32_t index, fr_tensor_t* tensor) {
    return fr_tensor_read(call->model, index < 0 ? UINT32_MAX : (uint32_t)index, tensor,
                          call->problem);
}

fr_status_t fr_call_input(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor) {
    return read_port(call, fr_operation_input(call->model, &call->operation, port), tensor);
}

fr_status_t fr_call_output(const fr_call_t* call, fr_tensor_t* tensor) {
    return fr_call_output_at(call, 0, tensor);
}

fr_status_t fr_call_output_at(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor) {
    return read_port(call, fr_operation_output(call->model, &call->operation, port), tensor);
}

bool fr_call_has_input(const fr_call_t* call, uint32_t port) {
    return fr_operation_input(call->model, &call->operation, port) >= 0;
}

uint8_t* fr_call_room(const fr_call_t* call, const fr_tensor_t* tensor) {
    if (call->arena == NULL || tensor->constant != NULL ||
        tensor->index >= call->model->tensor_count) {
        return NULL;
    }
    uint32_t offset = fr_load_u32(call->arena + 4u * tensor->index);
    if (tensor->size_bytes > call->arena_size || offset > call->arena_size - tensor->size_bytes) {
        return NULL;
    }
    return call->arena + offset;
}

const uint8_t* fr_call_data(const fr_call_t* call, const fr_tensor_t* tensor) {
    return tensor->constant != NULL ? tensor->constant : fr_call_room(call, tensor);
}

uint32_t fr_call_option_u8(const fr_call_t* call, uint32_t field, uint32_t absent) {
    fr_flat_t flat = fr_flat_reader(call->model->bytes, call->model->size);
    return fr_flat_field_u8(&flat, &call->operation.options, field, (uint8_t)absent);
}

uint32_t fr_call_option_u32(const fr_call_t* call, uint32_t field, uint32_t absent) {
    fr_flat_t flat = fr_flat_reader(call->model->bytes, call->model->size);
    return fr_flat_field_u32(&flat, &call->operation.options, field, absent);
}
