// SPDX-License-Identifier: Apache-2.0
// The steps of a decoder inside a segment, and what a profile brings for weights. Each step takes
// at most FR_CODEC_ATOM_SIZE bytes of input and puts at most 4 bytes into decoder->pending; some
// go on with the next weight or byte while there is input and room. A step that finds a fault may
// go on to its end, as if what it read were good: it stays inside all bounds, and what it put out
// is thrown away. An address counts from the first byte of the base, behind which the output is.
#ifndef FRUGAL_CODEC_SEGMENTS_H
#define FRUGAL_CODEC_SEGMENTS_H

#include "frugal/codec.h"

typedef enum {
    FR_STEP_HEADER,
    FR_STEP_BEGIN,
    FR_STEP_TOKEN,
    FR_STEP_COPY_LENGTH,
    FR_STEP_COPY,
    FR_STEP_COUNT,
    FR_STEP_REFERENCE,
    FR_STEP_FACTOR,
    FR_STEP_RAW,  // from here on what segments hold, in the order of their kinds
    FR_STEP_DIMENSION,
    FR_STEP_INTEGER,
    FR_STEP_FLOAT,
    FR_STEP_PRODUCT,
    FR_STEP_SCALED,
    FR_STEP_MOVED,
    FR_STEP_CODE_COUNTS,  // from here on what profiles hold
    FR_STEP_CODE_SYMBOLS,
    FR_STEP_CODED,
    FR_STEP_PALETTE,
    FR_STEP_PALETTE_VALUE,
    FR_STEP_ROW,
    FR_STEP_WEIGHT,
    FR_STEP_ZERO_ROW,
    FR_STEP_DONE
} fr_step_t;

/// The rows' model is in use. At FR_STEP_PALETTE a tensor is about to begin: no more than its shape
/// is known.
static inline bool fr_step_is_among_rows(uint32_t step) {
    return step >= FR_STEP_PALETTE_VALUE && step <= FR_STEP_ZERO_ROW;
}

/// Refuses the stream unless `fault` is none; the first fault stays.
void fr_decoder_fail(fr_decoder_t* decoder, fr_codec_fault_t fault);
/// How many numbers fr_weight_shape_t holds, in the order they are told, and nothing else.
#define FR_WEIGHT_NUMBERS (sizeof(fr_weight_shape_t) / sizeof(uint32_t))

/// Bytes of the base or the output; zeros with the fault set when they cannot be read.
void fr_decoder_read(void* decoder, uint32_t address, uint8_t* out, uint32_t size);
uint32_t fr_decoder_word_at(fr_decoder_t* decoder, uint32_t address);
/// Puts out the low byte of `byte`.
void fr_decoder_emit(fr_decoder_t* decoder, uint32_t byte);
/// Bytes of the file that are still to come.
static inline uint32_t fr_decoder_remaining(const fr_decoder_t* decoder) {
    return decoder->header.decoded_size - decoder->produced;
}
/// Address of the next byte.
static inline uint32_t fr_decoder_address(const fr_decoder_t* decoder) {
    return decoder->config.base_size + decoder->produced;
}

/// Reads the first FR_CODEC_HEADER_SIZE bytes of a stream.
fr_codec_fault_t fr_codec_check_header(const uint8_t* bytes, uint32_t decoded_size_max,
                                       fr_codec_header_t* header);
/// Reads how far back something lies, and remembers it as the newest distance.
void fr_decoder_read_distance(fr_decoder_t* decoder);
/// Reads a segment's kind and chooses its first step.
void fr_segment_begin(fr_decoder_t* decoder);
/// Whether a tensor fits into the `room` bytes of output from `address` on.
fr_codec_fault_t fr_weight_shape_judge(const fr_weight_shape_t* shape, uint32_t room,
                                       uint32_t address);
/// Runs one step from FR_STEP_COUNT on.
void fr_segment_step(fr_decoder_t* decoder);

// ---- by profile

/// What a firmware points to in order to have it.
struct fr_profile {
    uint16_t memory_bytes;
    uint8_t number;
    uint8_t first_step;  // of a tensor; decoder->shape is known
    uint8_t rows_kept;   // rows of a tensor that are looked back on
    /// Runs one step from FR_STEP_CODE_COUNTS on.
    void (*step)(fr_decoder_t* decoder);
    /// What the start of a tensor takes beside; NULL: nothing.
    void (*attach)(fr_decoder_t* decoder);
    /// Reads which bin a weight of a row is in; NULL for a profile without rows.
    void (*read_bin)(fr_decoder_t* decoder, fr_weight_model_t* model);
};

void fr_rows_step(fr_decoder_t* decoder);
/// Goes on with tokens, at the start or behind a tensor: the model of bytes, which shares its
/// memory with those of weights, starts anew.
void fr_decoder_begin_tokens(fr_decoder_t* decoder);
/// Another item can follow in this step: its input is here, its output has room.
bool fr_decoder_has_room(const fr_decoder_t* decoder, uint32_t need);

#endif
