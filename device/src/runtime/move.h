// SPDX-License-Identifier: Apache-2.0
// What the operators share that only move bytes: int8 under one quantization, int32
// or float32.
#ifndef FRUGAL_RUNTIME_MOVE_H
#define FRUGAL_RUNTIME_MOVE_H

#include "runtime/model.h"

/// Checks that elements of `source` can be moved to `target` as they are.
fr_status_t fr_move_check(const fr_call_t* call, const fr_tensor_t* source,
                          const fr_tensor_t* target);

/// Reads input `port`, which must be constant int32.
fr_status_t fr_move_constant(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor);

/// Element of a constant int32 tensor.
static inline int32_t fr_move_element(const fr_tensor_t* tensor, uint32_t index) {
    return fr_load_i32(tensor->constant + 4u * index);
}

/// Bytes of one element.
static inline uint32_t fr_move_size(const fr_tensor_t* tensor) {
    return tensor->size_bytes / tensor->element_count;
}

/// Axis `axis`, which may count from the end, of a tensor of `rank`; UINT32_MAX if there is none.
uint32_t fr_move_axis(int32_t axis, uint32_t rank);

/// Elements before and after an axis: the product of the shape's first `axis` lengths, and of those
/// after it.
uint32_t fr_move_before(const fr_tensor_t* tensor, uint32_t axis);
uint32_t fr_move_after(const fr_tensor_t* tensor, uint32_t axis);

#endif
