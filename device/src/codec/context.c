// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

#define COUNT_MAX 15u

// 65536 / (updates so far + 1.6): a mean of what was seen, then a slowly forgetting one.
static const uint16_t kRates[COUNT_MAX + 1u] = {
    40960, 25206, 18204, 14247, 11703, 9930, 8623, 7621,
    6827,  6183,  5650,  5201,  4819,  4489, 4201, 3948,
};

void fr_context_reset(fr_context_t* contexts, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        contexts[i] = (fr_context_t)(2048u << FR_CONTEXT_COUNT_BITS);
    }
}

void fr_context_update(fr_context_t* context, uint32_t bit) {
    const uint32_t count = *context & COUNT_MAX;
    const uint32_t rate = kRates[count];
    // Seen from the bit that did not come, whose probability shrinks. No step takes the whole way,
    // so it stays within 1..4094.
    const uint32_t side = bit != 0 ? 4095u : 0;
    uint32_t probability = side ^ (uint32_t)(*context >> FR_CONTEXT_COUNT_BITS);
    probability -= (probability * rate) >> 16;
    probability ^= side;
    const uint32_t counted = count < COUNT_MAX ? count + 1u : COUNT_MAX;
    *context = (fr_context_t)((probability << FR_CONTEXT_COUNT_BITS) | counted);
}
