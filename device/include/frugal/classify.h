// SPDX-License-Identifier: Apache-2.0
// From a classifier's output tensor to a decision: class, confidence, margin. Node and gateway both
// call this one function, so they agree bit for bit. Pure; owned by nobody; any thread.
// It never keeps the scores.
#ifndef FRUGAL_CLASSIFY_H
#define FRUGAL_CLASSIFY_H

#include <stdint.h>

#include "frugal/runtime.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint16_t class_index;   ///< of the highest score; the lowest index among equals
    uint8_t confidence_q8;  ///< its probability: p * 256 rounded half away from zero, at most 255
    uint8_t margin_q8;      ///< confidence_q8 minus that of the runner-up (0 for equals)
} fr_classification_t;

/// How many classes an output tells apart: one for each score, but two where there is one score
/// (a wake word, a yes or no), which is the probability of class 1.
uint32_t fr_class_count(const fr_tensor_t* output);

/// The probability of one class in 1/256: the same rounding the classification uses. Of class 0
/// beside a single score: 256 minus that of class 1, at most 255.
/// @param index below fr_class_count()
uint8_t fr_probability_q8(const fr_tensor_t* output, const uint8_t* data, uint32_t index);

/// Classifies one output tensor whose elements are probabilities (the output of a softmax or of a
/// logistic function) in int8, uint8 or float32. A softmax in int8 has scale 1/256 and zero point
/// -128: there confidence_q8 is simply the score plus 128.
/// @param output description from fr_model_output()
/// @param data   its bytes from fr_interpreter_output()
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_LIMIT for more than FR_CLASSES_MAX classes or
///         none; FR_ERROR_UNSUPPORTED for another type or a scale above 1/64, which no
///         probability has.
FR_MUST_USE fr_status_t fr_classify_output(const fr_tensor_t* output, const uint8_t* data,
                                           fr_classification_t* classification);

#ifdef __cplusplus
}
#endif

#endif
