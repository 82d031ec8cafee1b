// SPDX-License-Identifier: Apache-2.0
// Checking a container: header, table of features, every sparse row, then the exact size.
#include "bonsai/internal.h"

enum { VERSION = 1 };
enum { PROJECTION_SHIFT_MAX = 31, DENSE_SHIFT_MAX = 24, CONFIDENCE_SHIFT_MAX = 15 };

static fr_status_t check_header(const uint8_t* bytes) {
    if (!fr_bonsai_is_tree(bytes, FR_BONSAI_HEADER_SIZE)) {
        return FR_ERROR_MALFORMED;
    }
    if (bytes[FR_BONSAI_VERSION_AT] != VERSION) {
        return FR_ERROR_UNSUPPORTED;
    }
    if (bytes[FR_BONSAI_FEATURES_AT] > FR_BONSAI_FEATURES_MAX ||
        bytes[FR_BONSAI_DEPTH_AT] > FR_BONSAI_DEPTH_MAX ||
        bytes[FR_BONSAI_CLASSES_AT] > FR_CLASSES_MAX) {
        return FR_ERROR_LIMIT;
    }
    bool is_empty = bytes[FR_BONSAI_FEATURES_AT] == 0 || bytes[FR_BONSAI_CLASSES_AT] < 2 ||
                    fr_load16(bytes + FR_BONSAI_INPUTS_AT) == 0;
    bool is_shifted_out = bytes[FR_BONSAI_PROJECTION_SHIFT_AT] > PROJECTION_SHIFT_MAX ||
                          bytes[FR_BONSAI_GATE_SHIFT_AT] > DENSE_SHIFT_MAX ||
                          bytes[FR_BONSAI_SCORE_SHIFT_AT] > DENSE_SHIFT_MAX ||
                          bytes[FR_BONSAI_CONFIDENCE_SHIFT_AT] > CONFIDENCE_SHIFT_MAX;
    return is_empty || is_shifted_out || bytes[FR_BONSAI_RESERVED_AT] != 0 ? FR_ERROR_MALFORMED
                                                                           : FR_OK;
}

/// Every element of a sparse row lies inside the input.
static bool row_fits(const uint8_t* row, uint32_t length, uint32_t input_count) {
    uint32_t position = 0;
    for (uint32_t i = 0; i < length; i++) {
        position += (row[i] & 15u) + 1u;
    }
    return position <= input_count;
}

/// Checks the sparse rows; leaves in `end` where they end.
static fr_status_t check_rows(const fr_bonsai_t* model, uint32_t* end) {
    uint32_t place = model->rows;
    for (uint32_t feature = 0; feature < model->feature_count; feature++) {
        uint32_t length =
            fr_load16(model->bytes + FR_BONSAI_HEADER_SIZE + FR_BONSAI_FEATURE_SIZE * feature + 4u);
        if (length > model->size - place) {
            return FR_ERROR_TRUNCATED;
        }
        if (!row_fits(model->bytes + place, length, model->input_count)) {
            return FR_ERROR_MALFORMED;
        }
        place += length;
    }
    *end = place;
    return FR_OK;
}

static fr_status_t place_dense(fr_bonsai_t* model, uint32_t begin) {
    uint32_t width = model->feature_count + 1u;
    uint32_t inner = (1u << model->depth) - 1u;
    uint32_t matrices = (2u * inner + 1u) * model->score_count * width;
    model->branches = begin;
    model->gates = begin + inner * width;
    model->scores = model->gates + matrices;
    uint32_t end = model->scores + matrices;
    if (end > model->size) {
        return FR_ERROR_TRUNCATED;
    }
    return end == model->size ? FR_OK : FR_ERROR_MALFORMED;
}

fr_status_t fr_bonsai_open(fr_bonsai_t* model, const uint8_t* bytes, size_t size) {
    if (model == NULL || bytes == NULL) {
        return FR_ERROR_ARGUMENT;
    }
    if (size > FR_BONSAI_SIZE_MAX) {
        return FR_ERROR_LIMIT;
    }
    if (size < FR_BONSAI_HEADER_SIZE) {
        return FR_ERROR_TRUNCATED;
    }
    fr_status_t status = check_header(bytes);
    if (status != FR_OK) {
        return status;
    }
    fr_bonsai_t opened = {.bytes = bytes, .size = (uint32_t)size};
    opened.input_count = (uint16_t)fr_load16(bytes + FR_BONSAI_INPUTS_AT);
    opened.feature_count = bytes[FR_BONSAI_FEATURES_AT];
    opened.depth = bytes[FR_BONSAI_DEPTH_AT];
    opened.class_count = bytes[FR_BONSAI_CLASSES_AT];
    opened.score_count = opened.class_count == 2 ? 1 : opened.class_count;
    opened.rows = FR_BONSAI_HEADER_SIZE + FR_BONSAI_FEATURE_SIZE * opened.feature_count;
    if (opened.rows > opened.size) {
        return FR_ERROR_TRUNCATED;
    }
    uint32_t end = 0;
    status = check_rows(&opened, &end);
    if (status == FR_OK) {
        status = place_dense(&opened, end);
    }
    if (status == FR_OK) {
        *model = opened;
    }
    return status;
}
