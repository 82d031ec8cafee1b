// SPDX-License-Identifier: Apache-2.0
#include "frugal/classify.h"

#include "frugal/limits.h"
#include "runtime/flat.h"
#include "runtime/real.h"

enum { PROBABILITY_SCALE_MAX_BITS = 0x3c800000 };  // 1/64 as float

static uint8_t magnitude_q8(fr_real_t probability) {
    probability.exponent += 8;
    return (uint8_t)fr_real_to_integer(probability, 255);
}

uint32_t fr_class_count(const fr_tensor_t* output) {
    return output->element_count == 1 ? 2 : output->element_count;
}

static uint8_t score_q8(const fr_tensor_t* output, const uint8_t* data, uint32_t index) {
    if (output->type == FR_TENSOR_FLOAT32) {
        uint32_t bits = fr_load_u32(data + 4u * index);
        return fr_float_is_positive(bits) ? magnitude_q8(fr_real_from_float(bits)) : 0;
    }
    int32_t score = output->type == FR_TENSOR_INT8 ? ((const int8_t*)data)[index] : data[index];
    int32_t steps = score - output->zero_point;
    if (steps <= 0) {
        return 0;
    }
    return magnitude_q8(fr_real_multiply(fr_real_from_float(output->scale_bits),
                                         fr_real_from_integer((uint32_t)steps, 0)));
}

uint8_t fr_probability_q8(const fr_tensor_t* output, const uint8_t* data, uint32_t index) {
    if (output->element_count != 1) {
        return score_q8(output, data, index);
    }
    uint8_t yes = score_q8(output, data, 0);
    return index != 0 ? yes : (uint8_t)(yes == 0 ? 255 : 256 - yes);
}

/// True for a tensor that can hold probabilities.
static bool holds_probabilities(const fr_tensor_t* output) {
    if (output->type == FR_TENSOR_FLOAT32) {
        return true;
    }
    bool is_byte = output->type == FR_TENSOR_INT8 || output->type == FR_TENSOR_UINT8;
    return is_byte && output->scale_count == 1 && fr_float_is_positive(output->scale_bits) &&
           output->scale_bits <= PROBABILITY_SCALE_MAX_BITS;
}

fr_status_t fr_classify_output(const fr_tensor_t* output, const uint8_t* data,
                               fr_classification_t* classification) {
    if (output == NULL || data == NULL || classification == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    if (output->element_count == 0 || output->element_count > FR_CLASSES_MAX) {
        return FR_ERROR_LIMIT;
    }
    if (!holds_probabilities(output)) {
        return FR_ERROR_UNSUPPORTED;
    }
    uint32_t best = 0;
    uint8_t most = 0;
    uint8_t second = 0;
    for (uint32_t index = 0; index < fr_class_count(output); index++) {
        uint8_t value = fr_probability_q8(output, data, index);
        if (index == 0 || value > most) {
            second = index == 0 ? 0 : most;
            most = value;
            best = index;
        } else if (value > second) {
            second = value;
        }
    }
    classification->class_index = (uint16_t)best;
    classification->confidence_q8 = most;
    classification->margin_q8 = (uint8_t)(most - second);
    return FR_OK;
}
