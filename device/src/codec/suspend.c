// SPDX-License-Identifier: Apache-2.0
// A decoder between two polls is plain data but for what it points to: the caller's functions, its
// profile, and the mixer inside its own memory. Taken out before it is stored, found again after.
#include <stddef.h>
#include <string.h>

#include "codec/restored.h"
#include "codec/segments.h"

#define STATE_VERSION 3u  // counts up when a member means something else in the same place

// What a stored decoder looks like, member by member as far as builds may differ.
static const uint16_t kForm[] = {STATE_VERSION,
                                 FR_CODEC_VERSION,
                                 sizeof(fr_decoder_t),
                                 offsetof(fr_decoder_t, pending),
                                 offsetof(fr_decoder_t, produced),
                                 offsetof(fr_decoder_t, distances),
                                 offsetof(fr_decoder_t, shape),
                                 offsetof(fr_decoder_t, config),
                                 offsetof(fr_decoder_t, header),
                                 offsetof(fr_decoder_t, tokens),
                                 FR_STEP_DONE,
                                 sizeof(fr_weight_tensor_t),
                                 offsetof(fr_weight_tensor_t, remembered),
                                 sizeof(fr_weight_model_t),
                                 offsetof(fr_weight_model_t, mixing),
                                 offsetof(fr_weight_model_t, probabilities),
                                 sizeof(fr_codec_memory_0_t),
                                 sizeof(fr_codec_memory_1_t),
                                 sizeof(fr_codec_memory_2_t)};

uint32_t fr_decoder_form(void) {
    uint32_t form = 2166136261u;
    for (size_t i = 0; i < sizeof kForm / sizeof kForm[0]; ++i) {
        form = (form ^ kForm[i]) * 16777619u;
    }
    return form;
}

/// No pointer of a profile stays in the memory it works in.
static void detach(fr_decoder_t* decoder) {
    if (fr_step_is_among_rows(decoder->step)) {
        fr_weight_model_t* model = &((fr_weight_rows_t*)decoder->config.memory)->model;
        model->mixing = NULL;
        model->mixer = NULL;
    }
}

void fr_decoder_suspend(fr_decoder_t* decoder) {
    detach(decoder);
    decoder->profile = NULL;
    decoder->call_output = NULL;
    decoder->call_start = 0;
    memset(&decoder->config, 0, sizeof decoder->config);
}

fr_status_t fr_decoder_resume(fr_decoder_t* decoder, const fr_decoder_config_t* config) {
    // The byte is read as one: a bool that is neither 0 nor 1 must not be looked at.
    if (*(const uint8_t*)&decoder->header.has_base > 1u) {
        return FR_ERROR_MALFORMED;
    }
    const bool lacks_base = decoder->header.has_base && config->read_base == NULL;
    if (config->read_output == NULL || config->memory == NULL || config->profiles == NULL ||
        lacks_base || decoder->header.decoded_size > config->decoded_size_max) {
        return FR_ERROR_ARGUMENT;
    }
    decoder->config = *config;
    decoder->call_output = NULL;
    decoder->call_start = 0;
    decoder->call_capacity = 0;
    if (!decoder->header.has_base) {
        decoder->config.base_size = 0;
    }
    decoder->profile = fr_profile_find(config->profiles, decoder->header.profile);
    if (decoder->profile == NULL) {
        return FR_ERROR_UNSUPPORTED;
    }
    if (fr_profile_memory_bytes(decoder->profile) > config->memory_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    if (!fr_decoder_is_sound(decoder)) {
        return FR_ERROR_MALFORMED;
    }
    detach(decoder);
    if (fr_step_is_among_rows(decoder->step) && decoder->profile->attach != NULL) {
        decoder->profile->attach(decoder);
    }
    return FR_OK;
}
