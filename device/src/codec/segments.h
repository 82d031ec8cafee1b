// SPDX-License-Identifier: Apache-2.0
// The steps of a decoder inside a segment, and what a profile brings for weights. Each step takes
// at most FR_CODEC_ATOM_SIZE bytes of input and puts at most 4 bytes into decoder->pending; some
// go on with the next weight or byte while there is input and room. An address counts from the
// first byte of the base, behind which the output is.
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
    FR_STEP_PALETTE,
    FR_STEP_PALETTE_VALUE,
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
/// Adds the first `size` bytes of this call's output to the checksum.
void fr_decoder_sum_up(fr_decoder_t* decoder, uint32_t size);
uint32_t fr_decoder_remaining(const fr_decoder_t* decoder);
/// Address of the next byte.
uint32_t fr_decoder_address(const fr_decoder_t* decoder);

/// Reads a segment's kind and chooses its first step.
fr_codec_fault_t fr_segment_begin(fr_decoder_t* decoder);
/// Whether a tensor fits into the `room` bytes of output from `address` on.
fr_codec_fault_t fr_weight_shape_judge(const fr_weight_shape_t* shape, uint32_t room,
                                       uint32_t address);
/// Runs one step between FR_STEP_COUNT and FR_STEP_SCALED.
fr_codec_fault_t fr_segment_step(fr_decoder_t* decoder);

// ---- by profile

/// What a firmware points to in order to have it.
struct fr_profile {
    uint8_t number;
    uint8_t rows_kept;  // rows of a tensor that are looked back on
    uint16_t memory_bytes;
    /// Starts the weight model for decoder->shape and sets the next step.
    void (*begin_tensor)(fr_decoder_t* decoder);
    /// Runs one step from FR_STEP_CODE_COUNTS on.
    fr_codec_fault_t (*step)(fr_decoder_t* decoder);
    /// What begin_tensor of this profile does beside; NULL: nothing.
    void (*attach)(fr_decoder_t* decoder);
    /// Reads which bin a weight of a row is in; NULL for a profile without rows.
    void (*read_bin)(fr_decoder_t* decoder, fr_weight_model_t* model);
};

void fr_rows_begin_tensor(fr_decoder_t* decoder);
fr_codec_fault_t fr_rows_step(fr_decoder_t* decoder);
/// Starts the model of bytes, which shares its memory with those of weights.
void fr_decoder_begin_bytes(fr_decoder_t* decoder);
/// Another item can follow in this step: its input is here, its output has room.
bool fr_decoder_has_room(const fr_decoder_t* decoder, uint32_t need);

#endif
