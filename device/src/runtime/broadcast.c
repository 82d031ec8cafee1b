// SPDX-License-Identifier: Apache-2.0
#include "runtime/broadcast.h"

/// Length of an axis counted from the last, 1 beyond the first.
static uint32_t axis_length(const fr_tensor_t* tensor, uint32_t from_last) {
    return from_last < tensor->rank ? tensor->shape[tensor->rank - 1u - from_last] : 1u;
}

fr_status_t fr_broadcast_check(const fr_call_t* call, const fr_tensor_t input[2],
                               const fr_tensor_t* output) {
    for (uint32_t port = 0; port < 2; port++) {
        if (input[port].rank > output->rank) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, &input[port], input[port].rank);
        }
    }
    for (uint32_t axis = 0; axis < FR_TENSOR_RANK_MAX; axis++) {
        uint32_t length = axis_length(output, axis);
        uint32_t first = axis_length(&input[0], axis);
        uint32_t second = axis_length(&input[1], axis);
        bool fits = (first == length && (second == length || second == 1)) ||
                    (first == 1 && second == length);
        if (!fits) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, length);
        }
    }
    return FR_OK;
}

uint32_t fr_broadcast_source(const fr_tensor_t* input, const fr_tensor_t* output, uint32_t index) {
    uint32_t source = 0;
    uint32_t stride = 1;
    for (uint32_t axis = 0; axis < input->rank; axis++) {
        uint32_t length = axis_length(input, axis);
        if (length != 1) {
            source += index % length * stride;
        }
        stride *= length;
        index /= axis_length(output, axis);
    }
    return source;
}
