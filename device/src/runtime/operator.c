// SPDX-License-Identifier: Apache-2.0
// Finding kernels, and reading one operator of a model.
#include "runtime/model.h"

enum { OPERATOR_OPCODE = 0, OPERATOR_INPUTS = 1, OPERATOR_OUTPUTS = 2, OPERATOR_OPTIONS_TYPE = 3 };
enum { OPERATOR_OPTIONS = 4 };
enum { CODE_DEPRECATED = 0, CODE_VERSION = 2, CODE_BUILTIN = 3 };

const fr_kernel_t* fr_kernel_find(const fr_operator_set_t* set, int32_t code) {
    for (uint32_t i = 0; i < set->kernel_count; i++) {
        if (set->kernels[i]->code == code) {
            return set->kernels[i];
        }
    }
    return NULL;
}

void fr_problem_clear(fr_model_problem_t* problem) {
    fr_model_problem_t none = {FR_MODEL_FINE, -1, -1, 0, -1, 0, 0};
    *problem = none;
}

static fr_status_t refuse(fr_model_problem_t* problem, fr_model_reason_t reason, uint32_t value,
                          uint32_t limit) {
    problem->reason = reason;
    problem->value = value;
    problem->limit = limit;
    bool is_foreign = reason == FR_MODEL_OPERATOR_MISSING || reason == FR_MODEL_OPERATOR_VERSION;
    return is_foreign ? FR_ERROR_UNSUPPORTED : FR_ERROR_MALFORMED;
}

/// Number and version of the operator: the wide field counts once it exceeds the old narrow one.
static void read_code(const fr_model_t* model, fr_flat_t* flat, uint32_t code_index,
                      fr_operation_t* operation) {
    fr_flat_table_t code = fr_flat_table_from(flat, model->codes + 4u * code_index);
    int32_t narrow = (int8_t)fr_flat_field_u8(flat, &code, CODE_DEPRECATED, 0);
    int32_t wide = (int32_t)fr_flat_field_u32(flat, &code, CODE_BUILTIN, 0);
    operation->code = wide > narrow ? wide : narrow;
    operation->version = (int32_t)fr_flat_field_u32(flat, &code, CODE_VERSION, 1);
}

static fr_status_t check_kernel(const fr_kernel_t* kernel, const fr_operation_t* operation,
                                fr_model_problem_t* problem) {
    if (kernel == NULL) {
        return refuse(problem, FR_MODEL_OPERATOR_MISSING, 0, 0);
    }
    if (operation->version < 1 || operation->version > kernel->version_max) {
        return refuse(problem, FR_MODEL_OPERATOR_VERSION, (uint32_t)operation->version,
                      kernel->version_max);
    }
    if (operation->input_count < kernel->inputs_min ||
        operation->input_count > kernel->inputs_max) {
        return refuse(problem, FR_MODEL_OPERATOR_PORTS, operation->input_count, kernel->inputs_max);
    }
    if (operation->output_count < kernel->outputs_min ||
        operation->output_count > kernel->outputs_max) {
        return refuse(problem, FR_MODEL_OPERATOR_PORTS, operation->output_count,
                      kernel->outputs_max);
    }
    bool has_options = operation->options.position != 0;
    if (kernel->options_type != 0 &&
        (!has_options || operation->options_type != kernel->options_type)) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, operation->options_type,
                      kernel->options_type);
    }
    return FR_OK;
}

fr_status_t fr_operation_read(const fr_model_t* model, uint32_t index, fr_operation_t* operation,
                              fr_model_problem_t* problem) {
    problem->operator_index = (int32_t)index;
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    fr_flat_table_t table = fr_flat_table_from(&flat, model->operators + 4u * index);
    uint32_t code_index = fr_flat_field_u32(&flat, &table, OPERATOR_OPCODE, 0);
    fr_flat_vector_t inputs = fr_flat_field_vector(&flat, &table, OPERATOR_INPUTS, 4);
    fr_flat_vector_t outputs = fr_flat_field_vector(&flat, &table, OPERATOR_OUTPUTS, 4);
    if (flat.damaged || code_index >= model->code_count) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, code_index, model->code_count);
    }
    operation->index = (uint16_t)index;
    read_code(model, &flat, code_index, operation);
    problem->operator_code = operation->code;
    problem->operator_version = operation->version;
    operation->input_count = inputs.count > 255u ? 255u : (uint8_t)inputs.count;
    operation->output_count = outputs.count > 255u ? 255u : (uint8_t)outputs.count;
    operation->inputs = inputs.position;
    operation->outputs = outputs.position;
    operation->options_type = fr_flat_field_u8(&flat, &table, OPERATOR_OPTIONS_TYPE, 0);
    const fr_kernel_t* kernel = fr_kernel_find(model->set, operation->code);
    if (kernel != NULL) {
        operation->options = fr_flat_field_table(&flat, &table, OPERATOR_OPTIONS);
    }
    if (flat.damaged) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, 0, 0);
    }
    return check_kernel(kernel, operation, problem);
}

static int32_t port_index(const fr_model_t* model, uint32_t first, uint32_t port) {
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    int32_t index = (int32_t)fr_flat_u32(&flat, first + 4u * port);
    return flat.damaged ? -1 : index;
}

int32_t fr_operation_input(const fr_model_t* model, const fr_operation_t* operation,
                           uint32_t port) {
    return port < operation->input_count ? port_index(model, operation->inputs, port) : -1;
}

int32_t fr_operation_output(const fr_model_t* model, const fr_operation_t* operation,
                            uint32_t port) {
    return port < operation->output_count ? port_index(model, operation->outputs, port) : -1;
}
