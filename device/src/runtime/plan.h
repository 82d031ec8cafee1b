// SPDX-License-Identifier: Apache-2.0
// The memory planner behind fr_model_plan() and fr_interpreter_init().
#ifndef FRUGAL_RUNTIME_PLAN_H
#define FRUGAL_RUNTIME_PLAN_H

#include "runtime/model.h"

#define FR_PLAN_ENTRY_SIZE 12u  ///< per tensor while planning
#define FR_OFFSET_SIZE 4u       ///< per tensor afterwards: its place in the arena

/// Leaves the offset of tensor i, from the first activation on, in the first 4 bytes of entry i.
/// Needs FR_PLAN_ENTRY_SIZE bytes for each tensor.
fr_status_t fr_plan_layout(const fr_model_t* model, uint8_t* entries, uint32_t* size_bytes);

#endif
