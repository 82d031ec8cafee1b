// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

void fr_distances_init(uint32_t* distances, uint32_t base_size, uint32_t decoded_size) {
    distances[0] = base_size != 0 ? base_size : 1u;
    distances[1] = base_size != 0 ? decoded_size : 1u;
    distances[2] = 1u;
}

uint32_t fr_distance_farthest(const uint32_t* distances) {
    uint32_t farthest = distances[0];
    for (uint32_t i = 1; i < FR_DISTANCES; ++i) {
        farthest = distances[i] > farthest ? distances[i] : farthest;
    }
    return farthest;
}

void fr_token_model_init(fr_token_model_t* model) {
    // The struct holds contexts and nothing else.
    fr_context_reset((fr_context_t*)model, (uint32_t)(sizeof(*model) / sizeof(fr_context_t)));
}
