// SPDX-License-Identifier: Apache-2.0
// For programs that want every operator: a firmware that chooses never links this file.
#include "runtime/model.h"

fr_status_t fr_model_open(fr_model_t* model, const uint8_t* bytes, size_t size,
                          fr_model_problem_t* problem) {
    return fr_model_open_with(model, &fr_operators_all, bytes, size, problem);
}

int32_t fr_operator_version_max(int32_t operator_code) {
    const fr_kernel_t* kernel = fr_kernel_find(&fr_operators_all, operator_code);
    return kernel == NULL ? 0 : kernel->version_max;
}
