// SPDX-License-Identifier: Apache-2.0
// What the runtime's own files know of a model beyond frugal/runtime.h: operators as the file
// describes them, and the call a kernel gets. Lives on the stack of fr_model_open() or of
// fr_interpreter_invoke(); never kept.
#ifndef FRUGAL_RUNTIME_MODEL_H
#define FRUGAL_RUNTIME_MODEL_H

#include "frugal/runtime.h"
#include "runtime/flat.h"

/// TFLite's numbers for the operators built in.
enum {
    FR_OPERATOR_ADD = 0,
    FR_OPERATOR_AVERAGE_POOL_2D = 1,
    FR_OPERATOR_CONCATENATION = 2,
    FR_OPERATOR_CONV_2D = 3,
    FR_OPERATOR_DEPTHWISE_CONV_2D = 4,
    FR_OPERATOR_DEQUANTIZE = 6,
    FR_OPERATOR_FULLY_CONNECTED = 9,
    FR_OPERATOR_LOGISTIC = 14,
    FR_OPERATOR_MAX_POOL_2D = 17,
    FR_OPERATOR_MUL = 18,
    FR_OPERATOR_RESHAPE = 22,
    FR_OPERATOR_SOFTMAX = 25,
    FR_OPERATOR_PAD = 34,
    FR_OPERATOR_MEAN = 40,
    FR_OPERATOR_STRIDED_SLICE = 45,
    FR_OPERATOR_SHAPE = 77,
    FR_OPERATOR_PACK = 83,
    FR_OPERATOR_SPLIT_V = 102,
    FR_OPERATOR_QUANTIZE = 114,
    FR_OPERATOR_CALL_ONCE = 129,
    FR_OPERATOR_VAR_HANDLE = 142,
    FR_OPERATOR_READ_VARIABLE = 143,
    FR_OPERATOR_ASSIGN_VARIABLE = 144
};

/// One operator of the main subgraph.
typedef struct {
    uint16_t index;
    uint8_t input_count;
    uint8_t output_count;
    uint8_t options_type;
    int32_t code;
    int32_t version;
    uint32_t inputs;   ///< position of the first input index
    uint32_t outputs;  ///< position of the first output index
    fr_flat_table_t options;
} fr_operation_t;

/// What a kernel is called with. At open `arena` is NULL and only checks are run.
typedef struct {
    const fr_model_t* model;
    fr_operation_t operation;
    uint8_t* arena;
    uint8_t* state;
    uint32_t arena_size;
    uint32_t state_size;
    fr_model_problem_t* problem;  ///< never NULL
} fr_call_t;

/// What models with variables need beyond kernels; VAR_HANDLE brings it into the program.
typedef struct {
    /// Bytes of all variables. Writes to `places`, unless it is NULL, where in the state the
    /// variable of each handle begins: 4 bytes for each tensor of the model.
    uint32_t (*layout)(const fr_model_t* model, uint8_t* places);
    fr_status_t (*reset)(const fr_model_t* model, uint8_t* state, uint32_t state_size);
} fr_variables_t;

/// A kernel: `check` proves that `run` is safe and says what it costs. Both read the operator anew.
/// Versions only ever add types and options; a check refuses those it does not know, so version_max
/// is the newest version whose additions were reviewed.
struct fr_kernel {
    uint8_t code;
    uint8_t version_max;
    uint8_t options_type;  ///< of the builtin options union; 0: it has no options worth reading
    uint8_t inputs_min;
    uint8_t inputs_max;
    uint8_t outputs_min;
    uint8_t outputs_max;
    fr_status_t (*check)(const fr_call_t* call, uint64_t* work);
    fr_status_t (*run)(const fr_call_t* call);
    const fr_variables_t* variables;  ///< of VAR_HANDLE only
};

/// The set's kernel of an operator number, or NULL.
const fr_kernel_t* fr_kernel_find(const fr_operator_set_t* set, int32_t code);

/// Positions of a subgraph's vectors in `model`; `index` counts the file's subgraphs.
fr_status_t fr_model_enter_subgraph(fr_model_t* model, uint32_t index, fr_model_problem_t* problem);

void fr_problem_clear(fr_model_problem_t* problem);

/// Reads operator `index`; refuses broken structure and unknown or ill-connected operators.
fr_status_t fr_operation_read(const fr_model_t* model, uint32_t index, fr_operation_t* operation,
                              fr_model_problem_t* problem);

/// Tensor index of a port, or -1 for an input left out.
int32_t fr_operation_input(const fr_model_t* model, const fr_operation_t* operation, uint32_t port);
int32_t fr_operation_output(const fr_model_t* model, const fr_operation_t* operation,
                            uint32_t port);

/// Reads tensor `index` with all its sizes checked against the file.
fr_status_t fr_tensor_read(const fr_model_t* model, uint32_t index, fr_tensor_t* tensor,
                           fr_model_problem_t* problem);

/// The tensor at a port of the call's operator.
fr_status_t fr_call_input(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor);
fr_status_t fr_call_output(const fr_call_t* call, fr_tensor_t* tensor);
fr_status_t fr_call_output_at(const fr_call_t* call, uint32_t port, fr_tensor_t* tensor);

/// True if the operator has an input at this port.
bool fr_call_has_input(const fr_call_t* call, uint32_t port);

/// A tensor's bytes: in the model if constant, else in the arena; NULL if it does not lie inside.
const uint8_t* fr_call_data(const fr_call_t* call, const fr_tensor_t* tensor);
uint8_t* fr_call_room(const fr_call_t* call, const fr_tensor_t* tensor);

/// Option fields of the operator; a damaged table reads as absent (it was checked at open).
uint32_t fr_call_option_u8(const fr_call_t* call, uint32_t field, uint32_t absent);
uint32_t fr_call_option_u32(const fr_call_t* call, uint32_t field, uint32_t absent);

/// Notes why and returns the status that goes with the reason.
fr_status_t fr_call_refuse(const fr_call_t* call, fr_model_reason_t reason,
                           const fr_tensor_t* tensor, uint32_t value);
fr_status_t fr_call_refuse_option(const fr_call_t* call, uint32_t field);
fr_status_t fr_call_refuse_limit(const fr_call_t* call, uint32_t value, uint32_t limit);

#endif
