// SPDX-License-Identifier: Apache-2.0
// Reading one tensor: shape, type, quantization, and where its constant bytes lie.
#include "runtime/model.h"

enum { TENSOR_SHAPE = 0, TENSOR_TYPE = 1, TENSOR_BUFFER = 2, TENSOR_QUANTIZATION = 4 };
enum { TENSOR_IS_VARIABLE = 5, TENSOR_SPARSITY = 6 };
enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO_POINT = 3, QUANTIZATION_DETAILS_TYPE = 4 };
enum { QUANTIZATION_DIMENSION = 6 };
enum { BUFFER_DATA = 0, BUFFER_OFFSET = 1 };

static fr_status_t refuse(fr_model_problem_t* problem, fr_model_reason_t reason, uint32_t index,
                          uint32_t value) {
    problem->reason = reason;
    problem->tensor_index = (int32_t)index;
    problem->value = value;
    bool is_foreign = reason == FR_MODEL_TENSOR_TYPE || reason == FR_MODEL_TENSOR_QUANTIZATION;
    return is_foreign ? FR_ERROR_UNSUPPORTED : FR_ERROR_MALFORMED;
}

/// Bytes of one element, 0 for a type the runtime does not compute on.
static uint32_t element_size(uint32_t type) {
    switch (type) {
        case FR_TENSOR_INT8:
        case FR_TENSOR_UINT8:
            return 1;
        case FR_TENSOR_FLOAT32:
        case FR_TENSOR_INT32:
            return 4;
        default:
            return 0;
    }
}

static fr_status_t read_shape(fr_flat_t* flat, const fr_flat_table_t* table, fr_tensor_t* tensor,
                              fr_model_problem_t* problem) {
    fr_flat_vector_t shape = fr_flat_field_vector(flat, table, TENSOR_SHAPE, 4);
    if (shape.count > FR_TENSOR_RANK_MAX) {
        return refuse(problem, FR_MODEL_TENSOR_SHAPE, tensor->index, shape.count);
    }
    uint32_t limit = FR_MODEL_ARENA_MAX / 4u;
    tensor->rank = shape.count;
    tensor->element_count = 1;
    for (uint32_t axis = 0; axis < shape.count; axis++) {
        uint32_t length = fr_flat_u32(flat, shape.position + 4u * axis);
        if (length == 0 || length > limit || tensor->element_count > limit / length) {
            return refuse(problem, FR_MODEL_TENSOR_SHAPE, tensor->index, length);
        }
        tensor->shape[axis] = length;
        tensor->element_count *= length;
    }
    tensor->size_bytes = tensor->element_count * element_size(tensor->type);
    return FR_OK;
}

/// Range a zero point of this type may have.
static bool is_zero_point(uint32_t type, uint32_t low, uint32_t high) {
    int32_t value = (int32_t)low;
    if (high != (value < 0 ? UINT32_MAX : 0)) {
        return false;
    }
    return type == FR_TENSOR_INT8    ? value >= -128 && value <= 127
           : type == FR_TENSOR_UINT8 ? value >= 0 && value <= 255
                                     : value == 0;
}

static fr_status_t read_quantization(fr_flat_t* flat, const fr_flat_table_t* table,
                                     fr_tensor_t* tensor, fr_model_problem_t* problem) {
    fr_flat_table_t quantization = fr_flat_field_table(flat, table, TENSOR_QUANTIZATION);
    fr_flat_vector_t scales = fr_flat_field_vector(flat, &quantization, QUANTIZATION_SCALE, 4);
    fr_flat_vector_t zeros = fr_flat_field_vector(flat, &quantization, QUANTIZATION_ZERO_POINT, 8);
    bool has_details = fr_flat_field_u8(flat, &quantization, QUANTIZATION_DETAILS_TYPE, 0) != 0;
    tensor->quantized_dimension = fr_flat_field_u32(flat, &quantization, QUANTIZATION_DIMENSION, 0);
    if (flat->damaged || scales.count == 0) {
        return FR_OK;
    }
    if (has_details || (zeros.count != 0 && zeros.count != scales.count)) {
        return refuse(problem, FR_MODEL_TENSOR_QUANTIZATION, tensor->index, zeros.count);
    }
    tensor->scale_count = scales.count;
    tensor->scales = flat->bytes + scales.position;
    tensor->scale_bits = fr_load_u32(tensor->scales);
    if (zeros.count != 0) {
        tensor->zero_points = flat->bytes + zeros.position;
        tensor->zero_point = fr_load_i32(tensor->zero_points);
        if (!is_zero_point(tensor->type, fr_load_u32(tensor->zero_points),
                           fr_load_u32(tensor->zero_points + 4))) {
            return refuse(problem, FR_MODEL_TENSOR_QUANTIZATION, tensor->index,
                          (uint32_t)tensor->zero_point);
        }
    }
    return FR_OK;
}

static fr_status_t read_data(const fr_model_t* model, fr_flat_t* flat, const fr_flat_table_t* table,
                             fr_tensor_t* tensor, fr_model_problem_t* problem) {
    uint32_t index = fr_flat_field_u32(flat, table, TENSOR_BUFFER, 0);
    if (index >= model->buffer_count) {
        return refuse(problem, FR_MODEL_TENSOR_DATA, tensor->index, index);
    }
    fr_flat_table_t buffer = fr_flat_table_from(flat, model->buffers + 4u * index);
    fr_flat_vector_t data = fr_flat_field_vector(flat, &buffer, BUFFER_DATA, 1);
    if (fr_flat_field(flat, &buffer, BUFFER_OFFSET, 8) != 0) {
        return refuse(problem, FR_MODEL_TENSOR_DATA, tensor->index, index);  // data after the file
    }
    if (flat->damaged || data.count == 0) {
        return FR_OK;
    }
    if (data.count != tensor->size_bytes && element_size(tensor->type) != 0) {
        return refuse(problem, FR_MODEL_TENSOR_DATA, tensor->index, data.count);
    }
    tensor->constant = flat->bytes + data.position;
    return FR_OK;
}

fr_status_t fr_tensor_read(const fr_model_t* model, uint32_t index, fr_tensor_t* tensor,
                           fr_model_problem_t* problem) {
    fr_tensor_t none = {{0}, 0, 0, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0};
    *tensor = none;
    if (index >= model->tensor_count) {
        return refuse(problem, FR_MODEL_TENSOR_INDEX, index, model->tensor_count);
    }
    tensor->index = (uint16_t)index;
    fr_flat_t flat = fr_flat_reader(model->bytes, model->size);
    fr_flat_table_t table = fr_flat_table_from(&flat, model->tensors + 4u * index);
    tensor->type = fr_flat_field_u8(&flat, &table, TENSOR_TYPE, 0);
    fr_status_t status = read_shape(&flat, &table, tensor, problem);
    if (status == FR_OK) {
        status = read_quantization(&flat, &table, tensor, problem);
    }
    if (status == FR_OK) {
        status = read_data(model, &flat, &table, tensor, problem);
    }
    bool is_variable = fr_flat_field_u8(&flat, &table, TENSOR_IS_VARIABLE, 0) != 0;
    bool is_sparse = fr_flat_field(&flat, &table, TENSOR_SPARSITY, 4) != 0;
    if (flat.damaged) {
        return refuse(problem, FR_MODEL_BAD_STRUCTURE, index, 0);
    }
    if (status == FR_OK && (is_variable || is_sparse)) {
        return refuse(problem, FR_MODEL_TENSOR_TYPE, index, tensor->type);
    }
    return status;
}
