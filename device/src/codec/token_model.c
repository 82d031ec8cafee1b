// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

void fr_token_model_init(fr_token_model_t* model) {
    // The struct holds contexts and nothing else.
    fr_context_reset((fr_context_t*)model, (uint32_t)(sizeof(*model) / sizeof(fr_context_t)));
}
