// SPDX-License-Identifier: Apache-2.0
#include "codec/mixer.h"

#include "codec/logistic.h"

#define WEIGHT_MAX (7 << 14)

void fr_mixer_init(fr_mixer_t* mixer, const int32_t weights[FR_MIXER_INPUTS]) {
    for (uint32_t row = 0; row < 8u; ++row) {
        for (uint32_t i = 0; i < FR_MIXER_INPUTS; ++i) {
            mixer->weights[row][i] = weights[i];
            mixer->inputs[i] = 0;
        }
    }
    mixer->row = 0;
    mixer->probability = 32768u;
}

uint32_t fr_mixer_predict(fr_mixer_t* mixer, uint32_t row) {
    const int32_t* weights = mixer->weights[row];
    int32_t sum = 0;
    for (uint32_t i = 0; i < FR_MIXER_INPUTS; ++i) {
        sum += weights[i] * mixer->inputs[i];  // below 5 * 7 * 2^14 * 3072 < 2^31
    }
    mixer->row = row;
    mixer->probability = fr_squash(sum >> 14);
    return mixer->probability;
}

void fr_mixer_update(fr_mixer_t* mixer, uint32_t bit, uint32_t shift) {
    int32_t* weights = mixer->weights[mixer->row];
    const int32_t error = (int32_t)(bit << 16) - (int32_t)mixer->probability;
    for (uint32_t i = 0; i < FR_MIXER_INPUTS; ++i) {
        if (mixer->inputs[i] == 0) {
            continue;
        }
        // |input| < 2^12 and |error| <= 2^16: the product stays inside 32 bits.
        const int32_t change = (mixer->inputs[i] * error + (1 << (shift - 1u))) >> shift;
        weights[i] = fr_clamp(weights[i] + change, WEIGHT_MAX);
    }
}
