// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

void fr_nibble_model_init(fr_nibble_model_t* model) {
    fr_context_reset(&model->high[0][0], 64u);
    fr_context_reset(&model->low[0][0], 64u);
}

fr_context_t* fr_nibble_contexts(fr_nibble_model_t* model, uint32_t alignment, uint32_t node) {
    if (node == 1u) {
        return model->high[alignment];
    }
    const uint32_t high = node & 15u;
    if (high == 0) {
        return model->low[0];
    }
    return model->low[high < 4u ? 1 : high < 8u ? 2 : 3];
}
