// SPDX-License-Identifier: Apache-2.0
// Whether a decoder that lay in flash may run again: every index, length and address is inside its
// bounds and every number inside the range the arithmetic is made for, whatever the flash held.
// Contexts and coded bytes may be anything: they only decide what comes out. Pure functions; only
// fr_decoder_resume() uses them, so a firmware that never resumes links none.
#ifndef FRUGAL_CODEC_RESTORED_H
#define FRUGAL_CODEC_RESTORED_H

#include "frugal/codec.h"

/// The decoder has its configuration and its profile again, its memory is the one stored with it.
bool fr_decoder_is_sound(const fr_decoder_t* decoder);

/// A tensor between two weights. @param shape what the stream stated, checked
bool fr_weight_tensor_is_sound(const fr_weight_tensor_t* tensor, const fr_weight_shape_t* shape,
                               uint32_t rows_kept);
/// The model of a tensor that is sound, between two weights.
bool fr_weight_model_is_sound(const fr_weight_model_t* model, const fr_weight_tensor_t* tensor);
bool fr_weight_mixer_is_sound(const fr_weight_mixer_t* mixer);

#endif
