// SPDX-License-Identifier: Apache-2.0
// The int8 reference runtime: runs a real .tflite in place, from the flash it lies in, with the
// arithmetic of TFLite's own kernels bit for bit. The caller owns everything: the model's
// bytes, one arena, and these structs (a model is 60 bytes, an interpreter 20 on a 32-bit machine).
// The bytes may be hostile: every read is bounds-checked, the work of an inference is bounded at
// open. One interpreter belongs to one thread; one model may serve many interpreters.
// It never allocates, never keeps global state and never writes to the model.
#ifndef FRUGAL_RUNTIME_H
#define FRUGAL_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/operators.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_MODEL_SIZE_MAX (64u * 1024u * 1024u)  ///< bytes of a .tflite
#define FR_MODEL_TENSORS_MAX 512u                ///< tensors of its main subgraph
#define FR_MODEL_OPERATORS_MAX 256u              ///< operators of its main subgraph
#define FR_MODEL_PORTS_MAX 8u                    ///< inputs, outputs of the model or of an operator
#define FR_MODEL_VARIABLES_MAX 32u               ///< variables of a streaming model
#define FR_MODEL_WORK_MAX (1u << 30)  ///< multiply-accumulates (or visits) of an inference
#define FR_MODEL_ARENA_MAX (64u * 1024u * 1024u)  ///< bytes of activations
#define FR_ACCUMULATE_MAX 32768u                  ///< products in one accumulator: cannot overflow
#define FR_TENSOR_RANK_MAX 5u

/// Element types by their number in the TFLite schema; the runtime computes on the first four.
typedef enum {
    FR_TENSOR_FLOAT32 = 0,
    FR_TENSOR_INT32 = 2,
    FR_TENSOR_UINT8 = 3,
    FR_TENSOR_INT8 = 9,
    FR_TENSOR_RESOURCE = 13  ///< the name of a variable: takes no room
} fr_tensor_type_t;

/// Why a model is refused. fr_model_reason_text() says it in words.
typedef enum {
    FR_MODEL_FINE = 0,
    FR_MODEL_NOT_TFLITE = 1,            ///< no TFL3 identifier, or a schema version other than 3
    FR_MODEL_BAD_STRUCTURE = 2,         ///< an offset or a length leads outside the file
    FR_MODEL_OPERATOR_MISSING = 3,      ///< operator_code is not built in
    FR_MODEL_OPERATOR_VERSION = 4,      ///< operator_code is built in up to version `limit` only
    FR_MODEL_OPERATOR_OPTION = 5,       ///< its option number `value` has a value not built in
    FR_MODEL_OPERATOR_PORTS = 6,        ///< wrong number of inputs or outputs (`value`)
    FR_MODEL_TENSOR_INDEX = 7,          ///< tensor_index does not exist
    FR_MODEL_TENSOR_TYPE = 8,           ///< type `value` is not built in at this place
    FR_MODEL_TENSOR_SHAPE = 9,          ///< the shape does not fit the operator
    FR_MODEL_TENSOR_QUANTIZATION = 10,  ///< scale or zero point missing or not built in
    FR_MODEL_TENSOR_DATA = 11,   ///< constant bytes (`value`) missing or not the size of the shape
    FR_MODEL_TENSOR_ORDER = 12,  ///< read before it is written, or written twice
    FR_MODEL_LIMIT = 13          ///< `value` exceeds `limit`
} fr_model_reason_t;

/// What is wrong with a model and where: indexes are -1 when they do not apply.
typedef struct {
    fr_model_reason_t reason;
    int32_t operator_index;  ///< position in the main subgraph
    int32_t operator_code;   ///< TFLite builtin operator number
    int32_t operator_version;
    int32_t tensor_index;
    uint32_t value;
    uint32_t limit;
} fr_model_problem_t;

/// A model that passed every check. Treat the members as private.
typedef struct {
    const fr_operator_set_t* set;
    const uint8_t* bytes;
    uint32_t size;
    uint32_t codes, tensors, operators, buffers, subgraphs;  // positions of first elements
    uint32_t inputs, outputs;
    uint32_t buffer_count;
    uint16_t code_count, tensor_count, operator_count, subgraph_count;
    uint8_t input_count, output_count;
    uint32_t work;
} fr_model_t;

/// One tensor as the file describes it; valid as long as the model's bytes are.
typedef struct {
    uint32_t shape[FR_TENSOR_RANK_MAX];
    uint32_t rank;  ///< 0 for a scalar
    uint32_t element_count;
    uint32_t size_bytes;
    const uint8_t* constant;     ///< its bytes in the model, or NULL for an activation
    const uint8_t* scales;       ///< scale_count little-endian IEEE floats, not aligned
    const uint8_t* zero_points;  ///< scale_count little-endian int64, not aligned
    uint32_t scale_count;        ///< 0: not quantized, 1: per tensor, else per channel
    uint32_t scale_bits;         ///< bits of the first scale as IEEE float
    int32_t zero_point;          ///< the first zero point
    uint32_t quantized_dimension;
    uint16_t index;  ///< position in the main subgraph
    uint8_t type;    ///< fr_tensor_type_t, or another number of the TFLite schema
} fr_tensor_t;

/// What an inference needs.
typedef struct {
    uint32_t arena_size_bytes;       ///< what fr_interpreter_init() must be given
    uint32_t activation_size_bytes;  ///< of which tensors, after the planner overlaid them
    uint32_t state_size_bytes;       ///< what a streaming model keeps between inferences, else 0
    uint32_t work;                   ///< multiply-accumulates (or element visits) of one inference
} fr_plan_t;

/// A model bound to an arena and to its state. Treat the members as private.
typedef struct {
    const fr_model_t* model;
    uint8_t* arena;
    uint8_t* state;
    uint32_t arena_size;
    uint32_t state_size;  ///< what the model needs; `state` is NULL until bound
} fr_interpreter_t;

/// Reads and checks a .tflite; on FR_OK every later call on this model is safe.
/// @param set the operators built in (frugal/operators.h); must outlive the model.
/// @param problem may be NULL; filled in on every refusal.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_TRUNCATED or FR_ERROR_MALFORMED for a broken file;
///         FR_ERROR_UNSUPPORTED for an operator, version, type or option not built in;
///         FR_ERROR_LIMIT beyond a limit above.
FR_MUST_USE fr_status_t fr_model_open_with(fr_model_t* model, const fr_operator_set_t* set,
                                           const uint8_t* bytes, size_t size,
                                           fr_model_problem_t* problem);

/// The same with fr_operators_all, for programs that need not count bytes.
FR_MUST_USE fr_status_t fr_model_open(fr_model_t* model, const uint8_t* bytes, size_t size,
                                      fr_model_problem_t* problem);

/// Bytes fr_model_plan() works in: 12 for each tensor.
size_t fr_model_plan_scratch_size(const fr_model_t* model);

/// Lays the activations out in an arena: greedy by size over tensor lifetimes, deterministic.
/// @param scratch overwritten; the arena itself will do.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_NO_SPACE if the scratch is too small;
///         FR_ERROR_LIMIT if the activations or the state exceed FR_MODEL_ARENA_MAX.
FR_MUST_USE fr_status_t fr_model_plan(const fr_model_t* model, void* scratch, size_t scratch_size,
                                      fr_plan_t* plan);

/// Describes input or output number `port`, or any tensor by index.
/// @return FR_OK; FR_ERROR_NOT_FOUND.
FR_MUST_USE fr_status_t fr_model_input(const fr_model_t* model, uint32_t port, fr_tensor_t* tensor);
FR_MUST_USE fr_status_t fr_model_output(const fr_model_t* model, uint32_t port,
                                        fr_tensor_t* tensor);
FR_MUST_USE fr_status_t fr_model_tensor(const fr_model_t* model, uint32_t index,
                                        fr_tensor_t* tensor);

/// Binds a model to an arena; both must outlive the interpreter. No alignment is required.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_NO_SPACE; FR_ERROR_LIMIT.
FR_MUST_USE fr_status_t fr_interpreter_init(fr_interpreter_t* interpreter, const fr_model_t* model,
                                            void* arena, size_t arena_size);

/// Where input number `port` is to be written before each invoke (an invoke may overwrite it), and
/// where output number `port` stands after it. Floats are little-endian IEEE, not aligned.
/// @return FR_OK; FR_ERROR_NOT_FOUND.
FR_MUST_USE fr_status_t fr_interpreter_input(const fr_interpreter_t* interpreter, uint32_t port,
                                             uint8_t** data, size_t* size);
FR_MUST_USE fr_status_t fr_interpreter_output(const fr_interpreter_t* interpreter, uint32_t port,
                                              const uint8_t** data, size_t* size);

/// Gives a streaming model the memory of its variables, which no other model may use. Needed only
/// if the plan's state_size_bytes is not 0. What stands in it is kept: fr_state_reset() it first.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_NO_SPACE if it is too small.
FR_MUST_USE fr_status_t fr_interpreter_bind_state(fr_interpreter_t* interpreter, void* state,
                                                  size_t state_size);

/// Sets the variables of a streaming model to what they are before its first inference: what its
/// CALL_ONCE assigns, the zero point for the others. Does nothing for a model without variables.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_NO_SPACE; FR_ERROR_STORAGE.
FR_MUST_USE fr_status_t fr_state_reset(const fr_model_t* model, void* state, size_t state_size);

/// Bytes of state a model needs: fr_plan_t.state_size_bytes without the plan.
uint32_t fr_state_size(const fr_model_t* model);

/// Runs the model once.
/// @return FR_OK; FR_ERROR_ARGUMENT, also for a streaming model without its state;
///         FR_ERROR_STORAGE if the model's bytes changed since the open.
FR_MUST_USE fr_status_t fr_interpreter_invoke(const fr_interpreter_t* interpreter);

/// Runs operators `first` to `end` - 1 only; an invoke is (0, all). For tools that look at what
/// stands between layers: the caller keeps the order.
/// @return FR_OK; FR_ERROR_ARGUMENT for a range the model does not have; FR_ERROR_STORAGE if the
///         structure of the model's bytes changed since the open (weights may change).
FR_MUST_USE fr_status_t fr_interpreter_run_operators(const fr_interpreter_t* interpreter,
                                                     uint32_t first, uint32_t end);

/// The bytes of activation `index` as they stand now; operators after its last reader overwrite it.
/// @return FR_OK; FR_ERROR_NOT_FOUND for a constant or an index the model does not have.
FR_MUST_USE fr_status_t fr_interpreter_activation(const fr_interpreter_t* interpreter,
                                                  uint32_t index, const uint8_t** data,
                                                  size_t* size);

/// Overwrites every activation with zeros, inputs included: nothing of a sample stays in memory.
void fr_interpreter_clear(const fr_interpreter_t* interpreter);

/// Newest version of a TFLite builtin operator in fr_operators_all, 0 if it is not in there.
int32_t fr_operator_version_max(int32_t operator_code);

/// A sentence for a reason, e.g. "operator is not built in". Link it only if you print it.
const char* fr_model_reason_text(fr_model_reason_t reason);

#ifdef __cplusplus
}
#endif

#endif
