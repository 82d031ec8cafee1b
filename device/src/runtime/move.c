// SPDX-License-Identifier: Apache-2.0
#include "runtime/move.h"

#include "runtime/quantization.h"

fr_status_t fr_move_check(const fr_call_t* call, const fr_tensor_t* source,
                          const fr_tensor_t* target) {
    bool is_movable = source->type == FR_TENSOR_INT8 || source->type == FR_TENSOR_INT32 ||
                      source->type == FR_TENSOR_FLOAT32;
    if (!is_movable || source->type != target->type) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, source, source->type);
    }
    if (source->type == FR_TENSOR_INT8 &&
        (source->scale_count != target->scale_count || source->scale_count > 1 ||
         source->scale_bits != target->scale_bits || source->zero_point != target->zero_point)) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_QUANTIZATION, source, source->scale_count);
    }
    return FR_OK;
}

fr_status_t fr_move_constant(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor) {
    fr_status_t status = fr_call_input(call, port, tensor);
    if (status != FR_OK) {
        return status;
    }
    if (tensor->type != FR_TENSOR_INT32) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, tensor, tensor->type);
    }
    if (tensor->constant == NULL) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_DATA, tensor, 0);
    }
    return FR_OK;
}

uint32_t fr_move_axis(int32_t axis, uint32_t rank) {
    int32_t from_front = axis < 0 ? axis + (int32_t)rank : axis;
    return from_front >= 0 && (uint32_t)from_front < rank ? (uint32_t)from_front : UINT32_MAX;
}

uint32_t fr_move_before(const fr_tensor_t* tensor, uint32_t axis) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < axis; i++) {
        count *= tensor->shape[i];
    }
    return count;
}

uint32_t fr_move_after(const fr_tensor_t* tensor, uint32_t axis) {
    uint32_t count = 1;
    for (uint32_t i = axis + 1u; i < tensor->rank; i++) {
        count *= tensor->shape[i];
    }
    return count;
}
