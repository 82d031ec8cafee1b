// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

void fr_byte_model_init(fr_byte_model_t* model) {
    // The struct holds contexts and nothing else.
    fr_context_reset(&model->high[0][0], (uint32_t)(sizeof(*model) / sizeof(fr_context_t)));
}

fr_context_t* fr_byte_contexts(fr_byte_model_t* model, uint32_t alignment, uint32_t node) {
    if (node == 1u) {
        return model->high[alignment];
    }
    const uint32_t high = node & 15u;
    if (high == 0) {
        return model->low[0];
    }
    return model->low[high < 4u ? 1 : high < 8u ? 2 : 3];
}
