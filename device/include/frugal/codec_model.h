// SPDX-License-Identifier: Apache-2.0
// The statistical models behind the codec, shared by the decoder and by the gateway's encoder so
// that both predict every bit alike. Owned by a decoder or an encoder, one thread at a time.
// All arithmetic is integer and the same on every machine; nothing here reads input or memory
// of others. A model is driven bit by bit: begin, then predict and update for each bit, then end.
// Probabilities handed out are those of a 1, in 1/65536, never 0 and never 65536.
#ifndef FRUGAL_CODEC_MODEL_H
#define FRUGAL_CODEC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- one adaptive bit: a probability of 12 bits and, in the low 4, how often it was updated

typedef uint16_t fr_context_t;

void fr_context_reset(fr_context_t* contexts, uint32_t count);
uint32_t fr_context_predict(const fr_context_t* context);
void fr_context_update(fr_context_t* context, uint32_t bit);

// ---- numbers: the bit length of value + 1 as a tree of 4 decisions (15: four plain bits add to
// ---- it), then the bit below the highest, then the rest as plain bits

#define FR_NUMBER_CLASS_BITS 4u
#define FR_NUMBER_CLASS_ESCAPE 15u
#define FR_NUMBER_MAX 0xFFFFFFFEu  ///< largest value a number can have

typedef struct {
    fr_context_t length[1u << FR_NUMBER_CLASS_BITS];  ///< tree over the bit length
} fr_number_model_t;

// ---- tokens and segments: contexts of everything that is not a byte or a weight

typedef struct {
    fr_context_t is_other[3][4];  ///< literal or not: by the token before, by offset modulo 4
    fr_context_t is_segment[3];
    fr_context_t is_repeated[3];
    fr_context_t is_second_distance;
    fr_context_t segment_kind[8];
    fr_context_t same_count;
    fr_context_t zero_row;
    fr_context_t negative[2];  ///< of integers, of floats
    fr_context_t is_near[2];
    fr_context_t factor[4];
    fr_context_t exponent[16];
    fr_context_t mantissa[8];
    fr_context_t distance_low[4];
    fr_context_t second[1u << FR_NUMBER_CLASS_BITS];  ///< of any number, by its length
    fr_number_model_t length[2];  ///< of a copy at a new distance, at a repeated one
    fr_number_model_t distance;
    fr_number_model_t count;
    fr_number_model_t integer;
    fr_number_model_t delta;
} fr_token_model_t;

void fr_token_model_init(fr_token_model_t* model);

// ---- a mix of predictions in the logistic domain (log2 of the odds, 1/256)

#define FR_MIXER_INPUTS 4u

typedef struct {
    int32_t weights[8][FR_MIXER_INPUTS];  ///< one row for each bit of a byte, 1/65536
    int32_t inputs[FR_MIXER_INPUTS];
    uint32_t row;
    uint32_t probability;
} fr_mixer_t;

// ---- bytes: what is not a tensor of weights

#define FR_BYTE_SLOTS 416u

/// What is known before a byte is decoded.
typedef struct {
    uint8_t before;     ///< the byte before it
    uint8_t before_4;   ///< the byte 4 before it
    uint8_t matched;    ///< the byte at the distance of the last copy
    uint8_t alignment;  ///< offset modulo 4
} fr_byte_surroundings_t;

typedef struct {
    fr_context_t slots[FR_BYTE_SLOTS];
    fr_mixer_t mixer;
    uint32_t hashes[FR_MIXER_INPUTS];
    uint16_t chosen[FR_MIXER_INPUTS];
    uint32_t node;
} fr_byte_model_t;

void fr_byte_model_init(fr_byte_model_t* model);
void fr_byte_model_begin(fr_byte_model_t* model, const fr_byte_surroundings_t* around);
uint32_t fr_byte_model_predict(fr_byte_model_t* model);
void fr_byte_model_update(fr_byte_model_t* model, uint32_t bit);

// ---- weights: an int8 tensor as rows of columns

#define FR_WEIGHT_ROWS_REMEMBERED 8u
#define FR_WEIGHT_ROWS_MAX 65535u
#define FR_WEIGHT_COLUMNS_MAX 65535u
#define FR_WEIGHT_NEIGHBOURS 4u

/// What is known before a weight is decoded: the weights around it, 0 outside the tensor.
typedef struct {
    int8_t near;            ///< same row, one tap before
    int8_t far;             ///< same row, one line of taps before
    int8_t above;           ///< same column, last row that is not all zero
    int8_t beside;          ///< same row, the weight before (or two before, if that is `near`)
    uint16_t column_sum;    ///< sum of magnitudes in this column over the remembered rows
    uint16_t column_count;  ///< how many rows that is, at most FR_WEIGHT_ROWS_REMEMBERED
} fr_weight_surroundings_t;

/// A weight tensor and the rows of it that matter for the next one.
typedef struct {
    uint32_t start;  ///< offset of the tensor's first byte
    uint32_t rows, columns;
    uint32_t near_distance, far_distance;  ///< in columns; 0: none
    uint32_t row, column;                  ///< of the next weight
    uint16_t remembered[FR_WEIGHT_ROWS_REMEMBERED];
    uint32_t remembered_count;
} fr_weight_tensor_t;

typedef struct {
    fr_context_t values[256];           ///< tree over the value
    fr_context_t zero_paths[16u * 8u];  ///< on the way to a zero, by what is zero around
    fr_mixer_t mixer;
    int32_t tap_weights[FR_WEIGHT_NEIGHBOURS];  ///< linear prediction of the mean, 1/65536
    int32_t scale_weights[3];                   ///< row, column, local energy, 1/65536
    int32_t scale_bias;                         ///< 1/65536 of a log2
    uint32_t sum, count;                        ///< of |residual| in 1/16, whole tensor
    uint32_t row_sum, row_count, row_prior;
    uint32_t local;
    int32_t log_mean, log_ratio[3];
    int32_t mean;            ///< predicted, 1/256
    uint32_t inverse_scale;  ///< 2^23 over the predicted mean magnitude in 1/16
    uint32_t below_low, below_middle, below_high;  ///< cumulative probability, 1/2^24
    uint32_t node;
    uint8_t zero_state, bit;
} fr_weight_model_t;

/// Reads one byte of the tensor that was produced before. The offset is from the file's start.
typedef uint8_t (*fr_weight_read_t)(void* context, uint32_t offset);

/// Starts a tensor at `start`. The caller checked that it fits the file.
void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start, uint32_t rows,
                            uint32_t columns, uint32_t near_distance, uint32_t far_distance);
/// Collects the surroundings of the next weight with at most 12 reads.
void fr_weight_tensor_look(const fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context,
                           fr_weight_surroundings_t* around);
/// Steps over one weight; a row that was coded is remembered when it ends.
void fr_weight_tensor_step(fr_weight_tensor_t* tensor);
/// Steps over a whole row of zeros; it is not remembered.
void fr_weight_tensor_skip_row(fr_weight_tensor_t* tensor);
bool fr_weight_tensor_is_done(const fr_weight_tensor_t* tensor);

void fr_weight_model_init(fr_weight_model_t* model);
void fr_weight_model_begin_row(fr_weight_model_t* model);
void fr_weight_model_begin(fr_weight_model_t* model, const fr_weight_surroundings_t* around);
uint32_t fr_weight_model_predict(fr_weight_model_t* model);
void fr_weight_model_update(fr_weight_model_t* model, uint32_t bit);
/// Learns from the weight just coded and returns it. `around` as given to begin.
int8_t fr_weight_model_end(fr_weight_model_t* model, const fr_weight_surroundings_t* around);

// ---- floats

/// The product of two float32 values as their bits, rounded to nearest even as IEEE 754 does.
/// @return false, and 0, when a factor or the product is zero, subnormal, infinite or not a number.
bool fr_float_multiply(uint32_t a, uint32_t b, uint32_t* product);

#ifdef __cplusplus
}
#endif

#endif
