// SPDX-License-Identifier: Apache-2.0
// RESHAPE: the same bytes under another shape. The planner gives input and output the same place,
// so there is usually nothing to copy.
#include <string.h>

#include "runtime/model.h"

static fr_status_t prepare(const fr_call_t* call, fr_tensor_t* input, fr_tensor_t* output) {
    fr_status_t status = fr_call_input(call, 0, input);
    if (status == FR_OK) {
        status = fr_call_output(call, output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (input->type != output->type || input->size_bytes == 0) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, output, output->type);
    }
    if (input->size_bytes != output->size_bytes) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->element_count);
    }
    if (fr_call_has_input(call, 1)) {
        // The new shape stands in the output tensor already; one computed by SHAPE and PACK can
        // only give the same, as all shapes are fixed.
        fr_tensor_t shape;
        status = fr_call_input(call, 1, &shape);
        if (status == FR_OK && shape.type != FR_TENSOR_INT32) {
            status = fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, &shape, shape.type);
        }
    }
    return status;
}

static fr_status_t reshape_check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = prepare(call, &input, &output);
    *work = status == FR_OK ? output.element_count : 0;
    return status;
}

static fr_status_t reshape_run(const fr_call_t* call) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = prepare(call, &input, &output);
    if (status != FR_OK) {
        return status;
    }
    const uint8_t* source = fr_call_data(call, &input);
    uint8_t* target = fr_call_room(call, &output);
    if (source == NULL || target == NULL) {
        return FR_ERROR_STORAGE;
    }
    if (source != target) {
        memmove(target, source, output.size_bytes);
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_reshape = {.code = FR_OPERATOR_RESHAPE,
                                       .version_max = 2,
                                       .inputs_min = 1,
                                       .inputs_max = 2,
                                       .outputs_min = 1,
                                       .outputs_max = 1,
                                       .check = reshape_check,
                                       .run = reshape_run};
