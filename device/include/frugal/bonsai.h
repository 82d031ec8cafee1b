// SPDX-License-Identifier: Apache-2.0
// Bonsai: a classifier of at most a few KB, one shallow tree over a sparse projection of the input
// (Kumar, Goyal, Varma, ICML 2017), in integers only. The container is that of proto/BONSAI.md and
// is read in place from the flash it lies in. The caller owns the bytes and the struct; the bytes
// may be hostile: everything is checked at open. Less than 600 bytes of stack, no other memory.
// It never allocates, never keeps global state and never writes to the model.
#ifndef FRUGAL_BONSAI_H
#define FRUGAL_BONSAI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/classify.h"
#include "frugal/limits.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_BONSAI_SIZE_MAX 65536u   ///< bytes of a container
#define FR_BONSAI_FEATURES_MAX 32u  ///< rows of the projection
#define FR_BONSAI_DEPTH_MAX 6u      ///< levels below the root
#define FR_BONSAI_HEADER_SIZE 16u   ///< bytes before the table of features
#define FR_BONSAI_FEATURE_SIZE 6u   ///< bytes of one entry of that table

/// A container that passed every check. Treat the members as private but for the counts.
typedef struct {
    const uint8_t* bytes;
    uint32_t size;
    uint32_t rows;      ///< where the sparse rows of the projection begin
    uint32_t branches;  ///< where each dense part begins
    uint32_t gates;
    uint32_t scores;
    uint16_t input_count;
    uint8_t feature_count;
    uint8_t depth;
    uint8_t class_count;
    uint8_t score_count;  ///< 1 for two classes, else one for each
} fr_bonsai_t;

/// True for bytes that begin like a container; whether it is one, fr_bonsai_open() tells.
bool fr_bonsai_is_tree(const uint8_t* bytes, size_t size);

/// Multiply-accumulates of an inference: every byte of the sparse rows once, a row on the way down
/// each branch, and at each node of the path two products a score.
uint32_t fr_bonsai_work(const fr_bonsai_t* model);

/// Reads and checks a container; on FR_OK every later call on this model is safe.
/// @return FR_OK; FR_ERROR_ARGUMENT; FR_ERROR_TRUNCATED; FR_ERROR_MALFORMED for another magic or a
///         part that leads outside; FR_ERROR_UNSUPPORTED for another version;
///         FR_ERROR_LIMIT beyond a limit above.
FR_MUST_USE fr_status_t fr_bonsai_open(fr_bonsai_t* model, const uint8_t* bytes, size_t size);

/// Scores of an input: score_count numbers with 12 fraction bits. With two classes the sign
/// decides: class 1 if it is positive.
/// @param input input_count int8 elements
/// @return FR_OK; FR_ERROR_ARGUMENT for another size.
FR_MUST_USE fr_status_t fr_bonsai_scores(const fr_bonsai_t* model, const int8_t* input, size_t size,
                                         int32_t scores[FR_CLASSES_MAX]);

/// Class, confidence and margin of an input. The confidence is the logistic function of the
/// distance between the two best scores, as the container calibrates it.
/// @return FR_OK; FR_ERROR_ARGUMENT for another size.
FR_MUST_USE fr_status_t fr_bonsai_classify(const fr_bonsai_t* model, const int8_t* input,
                                           size_t size, fr_classification_t* classification);

/// What a node needs to run trees as models of its tasks; a firmware that does not name it in its
/// configuration does not carry the code. `operators` of manifests and hellos name trees by
/// FR_OPERATOR_BONSAI, as if a tree were one operator of that code and version.
typedef struct {
    fr_status_t (*open)(fr_bonsai_t* model, const uint8_t* bytes, size_t size);
    fr_status_t (*scores)(const fr_bonsai_t* model, const int8_t* input, size_t size,
                          int32_t scores[FR_CLASSES_MAX]);
    fr_status_t (*classify)(const fr_bonsai_t* model, const int8_t* input, size_t size,
                            fr_classification_t* classification);
} fr_bonsai_kernel_t;

extern const fr_bonsai_kernel_t fr_bonsai_kernel;

#define FR_OPERATOR_CODE_BONSAI 255u
#define FR_OPERATOR_BONSAI (FR_OPERATOR_CODE_BONSAI * 256u + 1u)  ///< container version 1

#ifdef __cplusplus
}
#endif

#endif
