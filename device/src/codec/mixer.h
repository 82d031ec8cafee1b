// SPDX-License-Identifier: Apache-2.0
// Logistic mixing of a few predictions: their stretched probabilities are weighted and summed,
// and the weights of the row in use follow the error of the mix.
#ifndef FRUGAL_CODEC_MIXER_H
#define FRUGAL_CODEC_MIXER_H

#include "frugal/codec_model.h"

/// Gives every row the same starting weights.
void fr_mixer_init(fr_mixer_t* mixer, const int32_t weights[FR_MIXER_INPUTS]);
/// Mixes mixer->inputs with the weights of `row`; returns the probability of a 1 in 1/65536.
uint32_t fr_mixer_predict(fr_mixer_t* mixer, uint32_t row);
/// Moves the weights of the last predict by its error; a larger shift learns more slowly.
void fr_mixer_update(fr_mixer_t* mixer, uint32_t bit, uint32_t shift);

#endif
