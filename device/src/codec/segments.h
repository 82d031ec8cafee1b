// SPDX-License-Identifier: Apache-2.0
// The steps of a decoder inside a segment, and what a profile brings for bytes and weights. Each
// step takes at most FR_CODEC_ATOM_SIZE bytes of input and puts at most 4 bytes into
// decoder->pending. An address counts from the first byte of the base, behind which the output is.
#ifndef FRUGAL_CODEC_SEGMENTS_H
#define FRUGAL_CODEC_SEGMENTS_H

#include "frugal/codec.h"

typedef enum {
    FR_STEP_HEADER,
    FR_STEP_TOKEN,
    FR_STEP_COPY_LENGTH,
    FR_STEP_COPY,
    FR_STEP_COUNT,
    FR_STEP_DIMENSION_1,
    FR_STEP_DIMENSION_2,
    FR_STEP_DIMENSION_3,
    FR_STEP_DIMENSION_4,
    FR_STEP_DIMENSION_5,
    FR_STEP_REFERENCE,
    FR_STEP_FACTOR,
    FR_STEP_RAW,
    FR_STEP_CODE_COUNTS,
    FR_STEP_CODE_SYMBOLS,
    FR_STEP_CODED,
    FR_STEP_ROW,
    FR_STEP_WEIGHT,
    FR_STEP_ZERO_ROW,
    FR_STEP_INTEGER,
    FR_STEP_FLOAT,
    FR_STEP_PRODUCT,
    FR_STEP_SCALED,
    FR_STEP_DONE
} fr_step_t;

/// Bytes of the base or the output; zeros with the fault set when they cannot be read.
void fr_decoder_read(void* decoder, uint32_t address, uint8_t* out, uint32_t size);
uint32_t fr_decoder_word_at(fr_decoder_t* decoder, uint32_t address);
void fr_decoder_emit(fr_decoder_t* decoder, uint8_t byte);
uint32_t fr_decoder_remaining(const fr_decoder_t* decoder);
/// Address of the next byte.
uint32_t fr_decoder_address(const fr_decoder_t* decoder);

/// Reads a segment's kind and chooses its first step.
fr_codec_fault_t fr_segment_begin(fr_decoder_t* decoder);
/// Runs one step between FR_STEP_COUNT and FR_STEP_SCALED.
fr_codec_fault_t fr_segment_step(fr_decoder_t* decoder);

/// A weight by the bins of profile 1, learnt from. False when it leaves the range of an int8.
bool fr_bins_read(fr_decoder_t* decoder, fr_bin_model_t* model,
                  const fr_weight_surroundings_t* around, int32_t* value);

// ---- by profile

/// Starts the models of a stream.
void fr_profile_begin_stream(fr_decoder_t* decoder);
uint8_t fr_profile_read_byte(fr_decoder_t* decoder);
/// Starts the weight model for decoder->shape and sets the next step.
void fr_profile_begin_tensor(fr_decoder_t* decoder);
/// Runs one step between FR_STEP_CODE_COUNTS and FR_STEP_ZERO_ROW.
fr_codec_fault_t fr_profile_step(fr_decoder_t* decoder);

#endif
