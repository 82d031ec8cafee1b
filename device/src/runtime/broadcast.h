// SPDX-License-Identifier: Apache-2.0
// What the elementwise operators of two inputs share: either side may be broadcast along axes of
// length 1. Pure functions on tensor descriptions.
#ifndef FRUGAL_RUNTIME_BROADCAST_H
#define FRUGAL_RUNTIME_BROADCAST_H

#include "runtime/model.h"

/// Checks that the two inputs broadcast to the shape of the output.
fr_status_t fr_broadcast_check(const fr_call_t* call, const fr_tensor_t input[2],
                               const fr_tensor_t* output);

/// Element of an input that belongs to element `index` of the output.
uint32_t fr_broadcast_source(const fr_tensor_t* input, const fr_tensor_t* output, uint32_t index);

#endif
