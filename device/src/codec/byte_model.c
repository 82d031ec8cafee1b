// SPDX-License-Identifier: Apache-2.0
#include "codec/logistic.h"
#include "codec/mixer.h"
#include "frugal/codec_model.h"

#define LEARNING_SHIFT 16u

static const int32_t kStartWeights[FR_MIXER_INPUTS] = {5734, 5734, 5734, 5734};

void fr_byte_model_init(fr_byte_model_t* model, fr_context_t* slots, uint32_t slot_count) {
    model->slots = slots;
    model->slot_count = slot_count;
    fr_context_reset(slots, slot_count);
    fr_mixer_init(&model->mixer, kStartWeights);
    model->node = 1;
}

void fr_byte_model_begin(fr_byte_model_t* model, const fr_byte_surroundings_t* around) {
    const uint32_t seen[FR_BYTE_INPUTS] = {
        (uint32_t)around->alignment + 1u,
        0x1000u + around->before,
        0x20000u + around->matched,
        0x30000u + around->before_4 * 4u + around->alignment,
    };
    for (uint32_t i = 0; i < FR_BYTE_INPUTS; ++i) {
        model->hashes[i] = seen[i] * 0x9E3779B1u;
    }
    model->node = 1;
}

uint32_t fr_byte_model_predict(fr_byte_model_t* model) {
    for (uint32_t i = 0; i < FR_BYTE_INPUTS; ++i) {
        uint32_t hash = model->hashes[i] ^ (model->node * 0x85EBCA6Bu);
        hash = (hash ^ (hash >> 15)) * 0x2C1B3C6Du;
        hash ^= hash >> 13;
        // The high bits of a product are a remainder without a division.
        model->chosen[i] = (uint16_t)(((hash >> 16) * model->slot_count) >> 16);
        model->mixer.inputs[i] =
            fr_stretch_fast(fr_context_predict(&model->slots[model->chosen[i]]));
    }
    return fr_mixer_predict(&model->mixer, fr_highest_bit(model->node) & 7u);
}

void fr_byte_model_update(fr_byte_model_t* model, uint32_t bit) {
    fr_mixer_update(&model->mixer, bit, LEARNING_SHIFT);
    for (uint32_t i = 0; i < FR_BYTE_INPUTS; ++i) {
        fr_context_update(&model->slots[model->chosen[i]], bit);
    }
    model->node = model->node * 2u + bit;
}
