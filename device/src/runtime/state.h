// SPDX-License-Identifier: Apache-2.0
// Where a streaming model keeps its variables; empty for every other model.
#ifndef FRUGAL_RUNTIME_STATE_H
#define FRUGAL_RUNTIME_STATE_H

#include "runtime/model.h"

/// Writes for each handle tensor where in the state its variable begins, at 4 * tensor index.
/// Returns the bytes of all variables.
uint32_t fr_state_layout(const fr_model_t* model, uint8_t* places);

#endif
