// SPDX-License-Identifier: Apache-2.0
// The steps of a decoder inside a segment. Each takes at most FR_CODEC_ATOM_SIZE bytes of input
// and puts at most 4 bytes into decoder->pending.
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
    FR_STEP_REFERENCE,
    FR_STEP_FACTOR,
    FR_STEP_RAW,
    FR_STEP_ROW,
    FR_STEP_WEIGHT,
    FR_STEP_ZERO_ROW,
    FR_STEP_INTEGER,
    FR_STEP_FLOAT,
    FR_STEP_PRODUCT,
    FR_STEP_DONE
} fr_step_t;

/// One byte of output, wherever it is now; 0 with the fault set when it cannot be read.
uint8_t fr_decoder_byte_at(fr_decoder_t* decoder, uint32_t offset);
void fr_decoder_emit(fr_decoder_t* decoder, uint8_t byte);
uint32_t fr_decoder_remaining(const fr_decoder_t* decoder);

/// Reads a segment's kind and chooses its first step.
fr_codec_fault_t fr_segment_begin(fr_decoder_t* decoder);
/// Runs one step between FR_STEP_COUNT and FR_STEP_PRODUCT.
fr_codec_fault_t fr_segment_step(fr_decoder_t* decoder);

#endif
