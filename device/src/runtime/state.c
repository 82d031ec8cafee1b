// SPDX-License-Identifier: Apache-2.0
// The state of streaming models. What knows about variables comes with the kernel of VAR_HANDLE:
// a program whose operators do not include it carries only these few lines.
#include "runtime/state.h"

static const fr_variables_t* variables_of(const fr_model_t* model) {
    const fr_kernel_t* kernel = fr_kernel_find(model->set, FR_OPERATOR_VAR_HANDLE);
    return kernel == NULL ? NULL : kernel->variables;
}

uint32_t fr_state_layout(const fr_model_t* model, uint8_t* places) {
    const fr_variables_t* variables = variables_of(model);
    return variables == NULL ? 0 : variables->layout(model, places);
}

uint32_t fr_state_size(const fr_model_t* model) {
    return fr_state_layout(model, NULL);
}

fr_status_t fr_interpreter_bind_state(fr_interpreter_t* interpreter, void* state,
                                      size_t state_size) {
    if (interpreter == NULL || (state == NULL && state_size != 0)) {
        return FR_ERROR_ARGUMENT;
    }
    if (state_size < interpreter->state_size) {
        return FR_ERROR_NO_SPACE;
    }
    interpreter->state = (uint8_t*)state;
    return FR_OK;
}

fr_status_t fr_state_reset(const fr_model_t* model, void* state, size_t state_size) {
    if (model == NULL || (state == NULL && state_size != 0)) {
        return FR_ERROR_ARGUMENT;
    }
    uint32_t needed = fr_state_size(model);
    if (state_size < needed) {
        return FR_ERROR_NO_SPACE;
    }
    return needed == 0 ? FR_OK : variables_of(model)->reset(model, (uint8_t*)state, needed);
}
