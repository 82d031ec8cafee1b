// SPDX-License-Identifier: Apache-2.0
// What the models of weights may hold between two weights; see weight_model.c and weight_tensor.c
// for why.
#include "codec/restored.h"
#include "codec/weight_steps.h"

static bool is_within(int32_t value, int32_t limit) {
    return value >= -limit && value <= limit;
}

/// Counts are never 0: shifts are their octaves.
static bool bits_are_sound(const fr_weight_model_t* model) {
    for (uint32_t i = 0; i < FR_WEIGHT_BITS; ++i) {
        if (model->counts[i] == 0 || model->probabilities[i] < FR_SETTLING_MIN ||
            model->probabilities[i] > FR_SETTLING_MAX) {
            return false;
        }
    }
    return true;
}

static bool is_energy(uint32_t energy) {
    return energy <= FR_WEIGHT_ENERGY_MAX;
}

/// Bounds follow from the palette alone.
static bool bounds_are_sound(const fr_weight_model_t* model, const fr_palette_t* palette) {
    return model->lowest == fr_weight_lowest(palette) &&
           model->highest == fr_weight_highest(palette) &&
           model->outermost_low == fr_weight_clamped(palette) &&
           model->outermost_high == model->highest - 1;
}

bool fr_weight_model_is_sound(const fr_weight_model_t* model, const fr_weight_tensor_t* tensor) {
    for (uint32_t i = 0; i < FR_WEIGHT_NEIGHBOURS; ++i) {
        if (!is_within(model->tap_weights[i], FR_WEIGHT_TAP_LIMIT)) {
            return false;
        }
    }
    // The byte is read as one: a bool that is neither 0 nor 1 must not be looked at.
    return *(const uint8_t*)&model->has_special <= 1u && model->row_has_extreme <= 1u &&
           is_energy(model->global) && is_energy(model->row) && is_energy(model->local) &&
           model->row_count <= tensor->shape.columns &&
           model->count <= tensor->shape.rows * tensor->shape.columns && model->rate >= 0 &&
           model->rate <= FR_WEIGHT_RATE_MAX && bounds_are_sound(model, &tensor->palette) &&
           bits_are_sound(model);
}

bool fr_weight_mixer_is_sound(const fr_weight_mixer_t* mixer) {
    for (uint32_t node = 0; node < FR_WEIGHT_BINS; ++node) {
        if (!is_within(mixer->weights[node][0], FR_WEIGHT_MIX_LIMIT) ||
            !is_within(mixer->weights[node][1], FR_WEIGHT_MIX_LIMIT)) {
            return false;
        }
    }
    return true;
}
