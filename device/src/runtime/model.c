// SPDX-License-Identifier: Apache-2.0
// Opening a model: header, vectors, then every operator in order.
#include "runtime/order.h"

enum { MODEL_VERSION = 0, MODEL_CODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4 };
enum { SUBGRAPH_TENSORS = 0, SUBGRAPH_INPUTS = 1, SUBGRAPH_OUTPUTS = 2, SUBGRAPH_OPERATORS = 3 };
enum { SCHEMA_VERSION = 3, HEADER_SIZE = 8 };
enum { CODES_MAX = 65535 };

static fr_status_t refuse(fr_model_problem_t* problem, fr_model_reason_t reason,
                          fr_status_t status) {
    problem->reason = reason;
    return status;
}

static bool is_within(uint32_t count, uint32_t limit, fr_model_problem_t* problem) {
    if (count > limit) {
        problem->value = count;
        problem->limit = limit;
    }
    return count <= limit;
}

static fr_status_t read_subgraph(fr_model_t* model, fr_flat_t* flat,
                                 const fr_flat_table_t* subgraph, fr_model_problem_t* problem) {
    fr_flat_vector_t tensors = fr_flat_field_vector(flat, subgraph, SUBGRAPH_TENSORS, 4);
    fr_flat_vector_t inputs = fr_flat_field_vector(flat, subgraph, SUBGRAPH_INPUTS, 4);
    fr_flat_vector_t outputs = fr_flat_field_vector(flat, subgraph, SUBGRAPH_OUTPUTS, 4);
    fr_flat_vector_t operators = fr_flat_field_vector(flat, subgraph, SUBGRAPH_OPERATORS, 4);
    if (flat->damaged || tensors.count == 0) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, FR_ERROR_MALFORMED);
    }
    if (!is_within(tensors.count, FR_MODEL_TENSORS_MAX, problem) ||
        !is_within(operators.count, FR_MODEL_OPERATORS_MAX, problem) ||
        !is_within(inputs.count, FR_MODEL_PORTS_MAX, problem) ||
        !is_within(outputs.count, FR_MODEL_PORTS_MAX, problem)) {
        return refuse(problem, FR_MODEL_LIMIT, FR_ERROR_LIMIT);
    }
    model->tensors = tensors.position;
    model->tensor_count = (uint16_t)tensors.count;
    model->inputs = inputs.position;
    model->input_count = (uint8_t)inputs.count;
    model->outputs = outputs.position;
    model->output_count = (uint8_t)outputs.count;
    model->operators = operators.position;
    model->operator_count = (uint16_t)operators.count;
    return FR_OK;
}

static fr_status_t read_header(fr_model_t* model, fr_model_problem_t* problem) {
    const uint8_t* identifier = model->bytes + 4;
    if (identifier[0] != 'T' || identifier[1] != 'F' || identifier[2] != 'L' ||
        identifier[3] != '3') {
        return refuse(problem, FR_MODEL_NOT_TFLITE, FR_ERROR_MALFORMED);
    }
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    fr_flat_table_t root = fr_flat_table_from(&flat, 0);
    problem->value = fr_flat_field_u32(&flat, &root, MODEL_VERSION, 0);
    if (!flat.damaged && problem->value != SCHEMA_VERSION) {
        return refuse(problem, FR_MODEL_NOT_TFLITE, FR_ERROR_UNSUPPORTED);
    }
    fr_flat_vector_t codes = fr_flat_field_vector(&flat, &root, MODEL_CODES, 4);
    fr_flat_vector_t buffers = fr_flat_field_vector(&flat, &root, MODEL_BUFFERS, 4);
    fr_flat_vector_t subgraphs = fr_flat_field_vector(&flat, &root, MODEL_SUBGRAPHS, 4);
    if (flat.damaged) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, FR_ERROR_MALFORMED);
    }
    if (!is_within(codes.count, CODES_MAX, problem)) {
        return refuse(problem, FR_MODEL_LIMIT, FR_ERROR_LIMIT);
    }
    model->codes = codes.position;
    model->code_count = (uint16_t)codes.count;
    model->buffers = buffers.position;
    model->buffer_count = buffers.count;
    model->subgraphs = subgraphs.position;
    model->subgraph_count = (uint16_t)(subgraphs.count < 65535u ? subgraphs.count : 65535u);
    // The first subgraph is the model; of the others only what CALL_ONCE names is ever looked at.
    fr_status_t status = fr_model_enter_subgraph(model, 0, problem);
    if (status == FR_OK && (model->input_count == 0 || model->output_count == 0)) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, FR_ERROR_MALFORMED);
    }
    return status;
}

fr_status_t fr_model_enter_subgraph(fr_model_t* model, uint32_t index,
                                    fr_model_problem_t* problem) {
    if (index >= model->subgraph_count) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, FR_ERROR_MALFORMED);
    }
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    fr_flat_table_t subgraph = fr_flat_table_from(&flat, model->subgraphs + 4u * index);
    return read_subgraph(model, &flat, &subgraph, problem);
}

/// An operator that is not built in says most about a model, so those are looked for first.
static fr_status_t check_kernels(const fr_model_t* model, fr_model_problem_t* problem) {
    for (uint32_t index = 0; index < model->operator_count; index++) {
        fr_operation_t operation;
        fr_status_t status = fr_operation_read(model, index, &operation, problem);
        if (status != FR_OK) {
            return status;
        }
    }
    return FR_OK;
}

static fr_status_t check_inputs(const fr_model_t* model, fr_model_problem_t* problem) {
    fr_problem_clear(problem);
    for (uint32_t port = 0; port < model->input_count; port++) {
        fr_tensor_t tensor;
        uint32_t index = fr_order_model_port(model, model->inputs, port);
        fr_status_t status = fr_tensor_read(model, index, &tensor, problem);
        if (status != FR_OK) {
            return status;
        }
        problem->tensor_index = (int32_t)index;
        if (tensor.size_bytes == 0) {
            problem->value = tensor.type;
            return refuse(problem, FR_MODEL_TENSOR_TYPE, FR_ERROR_UNSUPPORTED);
        }
        if (tensor.constant != NULL) {
            return refuse(problem, FR_MODEL_TENSOR_ORDER, FR_ERROR_MALFORMED);
        }
    }
    return FR_OK;
}

static fr_status_t check_operator(const fr_model_t* model, uint32_t index,
                                  fr_model_problem_t* problem, uint64_t* work) {
    fr_problem_clear(problem);
    fr_call_t call = {model, {0}, NULL, NULL, 0, 0, problem};
    fr_status_t status = fr_operation_read(model, index, &call.operation, problem);
    if (status == FR_OK) {
        status = fr_order_check(&call);
    }
    if (status == FR_OK) {
        status = fr_kernel_find(model->set, call.operation.code)->check(&call, work);
    }
    if (status == FR_OK && *work > FR_MODEL_WORK_MAX) {
        status = fr_call_refuse_limit(&call, UINT32_MAX, FR_MODEL_WORK_MAX);
    }
    return status;
}

static fr_status_t check_operators(fr_model_t* model, fr_model_problem_t* problem) {
    for (uint32_t index = 0; index < model->operator_count; index++) {
        uint64_t work = 0;
        fr_status_t status = check_operator(model, index, problem, &work);
        if (status != FR_OK) {
            return status;
        }
        model->work += (uint32_t)work;
        if (model->work > FR_MODEL_WORK_MAX) {
            problem->value = model->work;
            problem->limit = FR_MODEL_WORK_MAX;
            return refuse(problem, FR_MODEL_LIMIT, FR_ERROR_LIMIT);
        }
    }
    return fr_order_check_outputs(model, problem);
}

static fr_status_t open_checked(fr_model_t* model, fr_model_problem_t* problem) {
    fr_status_t status = read_header(model, problem);
    if (status == FR_OK) {
        status = check_kernels(model, problem);
    }
    if (status == FR_OK) {
        status = check_inputs(model, problem);
    }
    if (status == FR_OK) {
        status = check_operators(model, problem);
    }
    return status;
}

fr_status_t fr_model_open_with(fr_model_t* model, const fr_operator_set_t* set,
                               const uint8_t* bytes, size_t size, fr_model_problem_t* problem) {
    fr_model_problem_t unread;
    if (problem == NULL) {
        problem = &unread;
    }
    fr_problem_clear(problem);
    if (model == NULL || set == NULL || bytes == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    if (size > FR_MODEL_SIZE_MAX) {
        problem->value = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
        problem->limit = FR_MODEL_SIZE_MAX;
        return refuse(problem, FR_MODEL_LIMIT, FR_ERROR_LIMIT);
    }
    if (size < HEADER_SIZE) {
        problem->value = (uint32_t)size;
        return refuse(problem, FR_MODEL_NOT_TFLITE, FR_ERROR_TRUNCATED);
    }
    fr_model_t opened = {.set = set, .bytes = bytes, .size = (uint32_t)size};
    fr_status_t status = open_checked(&opened, problem);
    if (status == FR_OK) {
        fr_problem_clear(problem);
        *model = opened;
    }
    return status;
}

fr_status_t fr_model_tensor(const fr_model_t* model, uint32_t index, fr_tensor_t* tensor) {
    fr_model_problem_t unread;
    return fr_tensor_read(model, index, tensor, &unread) == FR_OK ? FR_OK : FR_ERROR_NOT_FOUND;
}

fr_status_t fr_model_input(const fr_model_t* model, uint32_t port, fr_tensor_t* tensor) {
    if (port >= model->input_count) {
        return FR_ERROR_NOT_FOUND;
    }
    return fr_model_tensor(model, fr_order_model_port(model, model->inputs, port), tensor);
}

fr_status_t fr_model_output(const fr_model_t* model, uint32_t port, fr_tensor_t* tensor) {
    if (port >= model->output_count) {
        return FR_ERROR_NOT_FOUND;
    }
    return fr_model_tensor(model, fr_order_model_port(model, model->outputs, port), tensor);
}
