// SPDX-License-Identifier: Apache-2.0
#include "codec/weight_steps.h"
#include "frugal/codec_model.h"

#define COUNT_BITS 4u
#define COUNT_MAX 15u
#define PROBABILITY_MAX 4094

// 65536 / (updates so far + 1.6): a mean of what was seen, then a slowly forgetting one.
static const uint16_t kRates[COUNT_MAX + 1u] = {
    40960, 25206, 18204, 14247, 11703, 9930, 8623, 7621,
    6827,  6183,  5650,  5201,  4819,  4489, 4201, 3948,
};

void fr_context_reset(fr_context_t* contexts, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        contexts[i] = (fr_context_t)(2048u << COUNT_BITS);
    }
}

uint32_t fr_context_predict(const fr_context_t* context) {
    return (uint32_t)(*context >> COUNT_BITS) * 16u + 8u;
}

void fr_context_update(fr_context_t* context, uint32_t bit) {
    const uint32_t count = *context & COUNT_MAX;
    int32_t probability = *context >> COUNT_BITS;
    const int32_t rate = kRates[count];
    if (bit != 0) {
        probability += ((4095 - probability) * rate) >> 16;
    } else {
        probability -= (probability * rate) >> 16;
    }
    if (probability < 1) {
        probability = 1;
    } else if (probability > PROBABILITY_MAX) {
        probability = PROBABILITY_MAX;
    }
    const uint32_t counted = count < COUNT_MAX ? count + 1u : COUNT_MAX;
    *context = (fr_context_t)(((uint32_t)probability << COUNT_BITS) | counted);
}

void fr_settling_update(uint16_t* probability, uint8_t* count, uint32_t bit, uint32_t slowest) {
    fr_settle(probability, count, bit, slowest);
}
