// SPDX-License-Identifier: Apache-2.0
#include "frugal/runtime.h"

const char* fr_model_reason_text(fr_model_reason_t reason) {
    switch (reason) {
        case FR_MODEL_FINE:
            return "nothing is wrong";
        case FR_MODEL_NOT_TFLITE:
            return "not a TFLite model of schema version 3";
        case FR_MODEL_BAD_STRUCTURE:
            return "an offset or a length leads outside the file";
        case FR_MODEL_OPERATOR_MISSING:
            return "the operator is not built in";
        case FR_MODEL_OPERATOR_VERSION:
            return "the operator is not built in at this version";
        case FR_MODEL_OPERATOR_OPTION:
            return "an option of the operator has a value that is not built in";
        case FR_MODEL_OPERATOR_PORTS:
            return "the operator has a wrong number of inputs or outputs";
        case FR_MODEL_TENSOR_INDEX:
            return "a tensor index leads outside the list of tensors";
        case FR_MODEL_TENSOR_TYPE:
            return "the tensor's type is not built in for this operator";
        case FR_MODEL_TENSOR_SHAPE:
            return "the tensor's shape does not fit the operator";
        case FR_MODEL_TENSOR_QUANTIZATION:
            return "the tensor's scale or zero point is missing, out of range or not built in";
        case FR_MODEL_TENSOR_DATA:
            return "constant bytes are missing or are not of the size of the shape";
        case FR_MODEL_TENSOR_ORDER:
            return "a tensor is read before it is written, or written twice";
        case FR_MODEL_LIMIT:
            return "a limit of the runtime is exceeded";
    }
    return "unknown reason";
}
