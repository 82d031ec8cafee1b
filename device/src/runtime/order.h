// SPDX-License-Identifier: Apache-2.0
// Who writes a tensor and when: the data-flow questions of fr_model_open() and of the planner,
// answered by scanning the operators, so that no memory is needed. The scan is bounded by
// FR_MODEL_OPERATORS_MAX.
#ifndef FRUGAL_RUNTIME_ORDER_H
#define FRUGAL_RUNTIME_ORDER_H

#include "runtime/model.h"

/// True if the tensor is an input of the model.
bool fr_order_is_model_input(const fr_model_t* model, uint32_t tensor);

/// True if the tensor is a model input or the output of an operator before `operation`.
bool fr_order_is_written_before(const fr_model_t* model, uint32_t tensor, uint32_t operation);

/// Tensor index of a model input or output port.
uint32_t fr_order_model_port(const fr_model_t* model, uint32_t first, uint32_t port);

/// Checks that the operator reads only what is constant or written, and writes only what is not.
fr_status_t fr_order_check(const fr_call_t* call);

/// Checks that every model output is written by somebody.
fr_status_t fr_order_check_outputs(const fr_model_t* model, fr_model_problem_t* problem);

#endif
