// SPDX-License-Identifier: Apache-2.0
// SHAPE and PACK, with which converters compute the shape for a RESHAPE. Shapes are fixed here, so
// both give what stands in the file already; PACK also stacks int8 tensors.
#include <string.h>

#include "runtime/move.h"

enum { PACK_COUNT = 0, PACK_AXIS = 1 };

static fr_status_t shape_read(const fr_call_t* call, fr_tensor_t* input, fr_tensor_t* output) {
    fr_status_t status = fr_call_input(call, 0, input);
    if (status == FR_OK) {
        status = fr_call_output(call, output);
    }
    if (status != FR_OK) {
        return status;
    }
    if (output->type != FR_TENSOR_INT32) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_TYPE, output, output->type);
    }
    if (output->rank != 1 || output->element_count != input->rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, output, output->element_count);
    }
    return FR_OK;
}

static fr_status_t shape_check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t input;
    fr_tensor_t output;
    *work = FR_TENSOR_RANK_MAX;
    return shape_read(call, &input, &output);
}

static fr_status_t shape_run(const fr_call_t* call) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = shape_read(call, &input, &output);
    uint8_t* target = status == FR_OK ? fr_call_room(call, &output) : NULL;
    if (target == NULL) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t axis = 0; axis < input.rank; axis++) {
        fr_store_u32(target + 4u * axis, input.shape[axis]);
    }
    return FR_OK;
}

/// Checks that an input is the output without the new axis.
static fr_status_t check_packed(const fr_call_t* call, const fr_tensor_t* input,
                                const fr_tensor_t* output, uint32_t axis) {
    if (input->rank + 1u != output->rank) {
        return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, input, input->rank);
    }
    for (uint32_t i = 0; i < input->rank; i++) {
        if (input->shape[i] != output->shape[i < axis ? i : i + 1u]) {
            return fr_call_refuse(call, FR_MODEL_TENSOR_SHAPE, input, input->shape[i]);
        }
    }
    return fr_move_check(call, input, output);
}

static uint32_t pack_axis(const fr_call_t* call, const fr_tensor_t* output) {
    return fr_move_axis((int32_t)fr_call_option_u32(call, PACK_AXIS, 0), output->rank);
}

static fr_status_t pack_check(const fr_call_t* call, uint64_t* work) {
    fr_tensor_t input;
    fr_tensor_t output;
    fr_status_t status = fr_call_output(call, &output);
    if (status != FR_OK) {
        return status;
    }
    *work = output.element_count;
    uint32_t axis = pack_axis(call, &output);
    if (axis == UINT32_MAX) {
        return fr_call_refuse_option(call, PACK_AXIS);
    }
    uint32_t count = call->operation.input_count;
    if (fr_call_option_u32(call, PACK_COUNT, 0) != count || output.shape[axis] != count) {
        return fr_call_refuse_option(call, PACK_COUNT);
    }
    for (uint32_t port = 0; port < count && status == FR_OK; port++) {
        status = fr_call_input(call, port, &input);
        if (status == FR_OK) {
            status = check_packed(call, &input, &output, axis);
        }
    }
    return status;
}

static fr_status_t pack_run(const fr_call_t* call) {
    fr_tensor_t input;
    fr_tensor_t output;
    uint64_t work = 0;
    fr_status_t status = pack_check(call, &work);
    if (status == FR_OK) {
        status = fr_call_output(call, &output);
    }
    uint8_t* target = status == FR_OK ? fr_call_room(call, &output) : NULL;
    if (target == NULL) {
        return FR_ERROR_STORAGE;
    }
    uint32_t axis = pack_axis(call, &output);
    uint32_t count = call->operation.input_count;
    uint32_t unit = fr_move_after(&output, axis) * fr_move_size(&output);
    uint32_t rows = fr_move_before(&output, axis);
    for (uint32_t port = 0; port < count; port++) {
        status = fr_call_input(call, port, &input);
        const uint8_t* source = status == FR_OK ? fr_call_data(call, &input) : NULL;
        if (source == NULL) {
            return FR_ERROR_STORAGE;
        }
        for (uint32_t row = 0; row < rows; row++) {
            memcpy(target + (row * count + port) * unit, source + row * unit, unit);
        }
    }
    return FR_OK;
}

const fr_kernel_t fr_kernel_shape = {.code = FR_OPERATOR_SHAPE,
                                     .version_max = 1,
                                     .inputs_min = 1,
                                     .inputs_max = 1,
                                     .outputs_min = 1,
                                     .outputs_max = 1,
                                     .check = shape_check,
                                     .run = shape_run};

const fr_kernel_t fr_kernel_pack = {.code = FR_OPERATOR_PACK,
                                    .version_max = 2,
                                    .options_type = 59,
                                    .inputs_min = 1,
                                    .inputs_max = FR_MODEL_PORTS_MAX,
                                    .outputs_min = 1,
                                    .outputs_max = 1,
                                    .check = pack_check,
                                    .run = pack_run};
