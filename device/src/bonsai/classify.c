// SPDX-License-Identifier: Apache-2.0
#include "bonsai/internal.h"

/// Best class and its distance to the second best score; the lowest index among equals.
static uint32_t find_best(const fr_bonsai_t* model, const int32_t* scores, int64_t* distance) {
    if (model->class_count == 2) {
        *distance = scores[0] < 0 ? -(int64_t)scores[0] : scores[0];
        return scores[0] > 0 ? 1u : 0u;
    }
    uint32_t best = 0;
    uint32_t second = 1;
    for (uint32_t i = 1; i < model->class_count; i++) {
        if (scores[i] > scores[best]) {
            second = best;
            best = i;
        } else if (i != second && scores[i] > scores[second]) {
            second = i;
        }
    }
    *distance = (int64_t)scores[best] - scores[second];
    return best;
}

fr_status_t fr_bonsai_classify(const fr_bonsai_t* model, const int8_t* input, size_t size,
                               fr_classification_t* classification) {
    int32_t scores[FR_CLASSES_MAX];
    int64_t distance = 0;
    fr_status_t status = fr_bonsai_scores(model, input, size, scores);
    if (status != FR_OK) {
        return status;
    }
    classification->class_index = (uint16_t)find_best(model, scores, &distance);
    // The logistic function of d is (1 + tanh(d / 2)) / 2, and p - (1 - p) is tanh(d / 2).
    uint32_t shift = model->bytes[FR_BONSAI_CONFIDENCE_SHIFT_AT] + 1u;
    int32_t half = fr_bonsai_tanh(distance >> shift);
    int32_t confidence = (int32_t)fr_bonsai_shift((1 << 15) + half, 8);  // 128..256
    int32_t margin = 2 * confidence - 256;
    classification->confidence_q8 = (uint8_t)(confidence > 255 ? 255 : confidence);
    classification->margin_q8 = (uint8_t)(margin > 255 ? 255 : margin);
    return FR_OK;
}
