// SPDX-License-Identifier: Apache-2.0
// The statistical models behind the codec, shared by the decoder and by the gateway's encoder so
// that both predict every bit alike. Owned by a decoder or an encoder, one thread at a time.
// All arithmetic is integer and the same on every machine; nothing here reads input or memory
// of others.
// Probabilities handed out are those of a 1, in 1/65536, never 0 and never 65536.
#ifndef FRUGAL_CODEC_MODEL_H
#define FRUGAL_CODEC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- one adaptive bit: a probability of 12 bits and, in the low 4, how often it was updated

#define FR_CONTEXT_COUNT_BITS 4u

typedef uint16_t fr_context_t;

void fr_context_reset(fr_context_t* contexts, uint32_t count);
static inline uint32_t fr_context_predict(const fr_context_t* context) {
    return (uint32_t)(*context >> FR_CONTEXT_COUNT_BITS) * 16u + 8u;
}
void fr_context_update(fr_context_t* context, uint32_t bit);

// ---- numbers: the bit length of value + 1 as a tree of 4 decisions (15: five plain bits add to
// ---- it), then the bit below the highest, then the rest as plain bits

#define FR_NUMBER_CLASS_BITS 4u
#define FR_NUMBER_CLASS_ESCAPE 15u
#define FR_NUMBER_MAX 0xFFFFFFFEu  ///< largest value a number can have

/// What a number says; each has a tree of its own.
typedef enum {
    FR_NUMBER_LENGTH,           ///< of a copy at a new distance
    FR_NUMBER_LENGTH_REPEATED,  ///< of a copy at a repeated one
    FR_NUMBER_DISTANCE,         ///< of it and of lengths the last two bits are modelled too
    FR_NUMBER_COUNT,
    FR_NUMBER_INTEGER,
    FR_NUMBER_DELTA,
    FR_NUMBERS
} fr_number_t;

typedef struct {
    fr_context_t length[1u << FR_NUMBER_CLASS_BITS];  ///< tree over the bit length
} fr_number_model_t;

// ---- tokens and segments: contexts of everything that is not a byte or a weight

#define FR_DISTANCES 4u  ///< distances of copies that are remembered

typedef struct {
    fr_context_t is_other[3][4];  ///< literal or not: by the token before, by offset modulo 4
    fr_context_t is_segment[3];
    fr_context_t is_repeated[3];
    fr_context_t repeated_distance[FR_DISTANCES];  ///< [0]: a new one is told from it; a tree
    fr_context_t segment_kind[8];
    fr_context_t same_count;
    fr_context_t zero_row;
    fr_context_t has_special;
    fr_context_t negative[2];  ///< of integers, of floats
    fr_context_t is_near[2];
    fr_context_t factor[4];  ///< [0]: a value is near its reference as it is; a tree
    fr_context_t exponent[16];
    fr_context_t mantissa[8];
    fr_context_t distance_low[4];
    fr_context_t second[1u << FR_NUMBER_CLASS_BITS];  ///< of any number, by its length
    fr_number_model_t numbers[FR_NUMBERS];
} fr_token_model_t;

/// What is added to the length of a copy, less FR_CODEC_COPY_MIN: a copy that ends at a multiple of
/// 4 is then told by one number, wherever it begins.
static inline uint32_t fr_copy_overhang(uint32_t offset) {
    return (offset + 1u) & 3u;
}

void fr_token_model_init(fr_token_model_t* model);

/// The distances a stream begins with: in a delta those that align the fronts of base and file, and
/// their ends. `base_size` is 0 without a base.
static inline void fr_distances_init(uint32_t* distances, uint32_t base_size,
                                     uint32_t decoded_size) {
    distances[0] = base_size != 0 ? base_size : 1u;
    distances[1] = decoded_size;
    distances[2] = 4u;
    distances[3] = 1u;
}

/// What a new distance may be told from: the newest remembered one that reaches from the offset
/// `produced` into the base, else the oldest.
static inline uint32_t fr_distance_into_base(const uint32_t* distances, uint32_t produced) {
    uint32_t index = 0;
    while (index < FR_DISTANCES - 1u && distances[index] <= produced) {
        ++index;
    }
    return distances[index];
}

/// How a factor that is none of the common ones is told: 2 plain bits.
typedef enum {
    FR_FACTOR_WHOLE_BITS = 0,  ///< 32 bits
    FR_FACTOR_SHORT_BITS = 1,  ///< the upper 24 bits; the others are 0
    FR_FACTOR_EARLIER = 2,     ///< a word that lies so many bytes before
    FR_FACTOR_WHOLE_RANGE = 3  ///< 255
} fr_factor_form_t;

// ---- bytes: what is not a tensor of weights, as two trees of 4 decisions

typedef struct {
    fr_context_t high[4][16];  ///< by alignment
    fr_context_t low[4][16];   ///< by what the high half is
} fr_byte_model_t;

void fr_byte_model_init(fr_byte_model_t* model);
/// The 16 contexts of the next half: the high one when `node` is 1, the low one when it is 16..31.
/// @param alignment offset modulo 4
fr_context_t* fr_byte_contexts(fr_byte_model_t* model, uint32_t alignment, uint32_t node);

// ---- weights: an int8 tensor as rows of columns

#define FR_WEIGHT_ROWS_MAX 65535u
#define FR_WEIGHT_COLUMNS_MAX 65535u
#define FR_WEIGHT_ROWS_REMEMBERED 8u
#define FR_WEIGHT_NEIGHBOURS 5u
#define FR_WEIGHT_BLOCK 16u  ///< columns fetched together from what lies before
#define FR_WEIGHT_LINES 5u
#define FR_WEIGHT_ROWS_KEPT_BINS 4u    ///< rows that profile 1 looks back on
#define FR_WEIGHT_ROWS_KEPT_MIXING 8u  ///< rows that profile 2 looks back on
#define FR_WEIGHT_TAIL_BITS 3u     ///< decisions that tell the length of a number beyond the bins
#define FR_WEIGHT_TAIL_SETTLED 6u  ///< the slowest their probabilities settle
#define FR_WEIGHT_SETTLED 7u       ///< the slowest all others do
#define FR_PALETTE_MAX 64u         ///< most values of a tensor that is coded by their ranks

/// What the stream states about a tensor.
typedef struct {
    uint32_t rows, columns;
    uint32_t near_distance, far_distance;  ///< in columns; 0: none
    uint32_t old_distance;                 ///< bytes back to the old tensor; 0: none
} fr_weight_shape_t;

/// The values a tensor uses, ascending. Its weights are then coded as ranks, counted from the
/// rank of 0; a value that is not in it has the rank of the next greater one.
typedef struct {
    uint8_t count;  ///< 0: no palette, a weight is its value
    uint8_t zero;   ///< how many values are below 0
    int8_t values[FR_PALETTE_MAX];
} fr_palette_t;

/// What is known before a weight is decoded: the weights around it, 0 outside the tensor.
typedef struct {
    int8_t taps[FR_WEIGHT_NEIGHBOURS];  ///< near, far, above, beside, old
    uint8_t tap_count;                  ///< all of them, or one less without an old tensor
    uint8_t row_count;  ///< rows column_sum is of, at most FR_WEIGHT_ROWS_REMEMBERED
} fr_weight_surroundings_t;

/// Where a tap of the row itself stands: in which line of the tensor, so many columns back.
typedef struct {
    uint8_t line, back;
} fr_weight_place_t;

/// A weight tensor and the rows of it that matter for the next one.
typedef struct {
    fr_weight_place_t near, far;
    uint8_t beside_back;              ///< columns back to the tap beside
    fr_weight_surroundings_t around;  ///< of the next weight
    uint32_t row, column;             ///< of the next weight
    uint32_t remembered_count;
    uint32_t start;  ///< address of the tensor's first byte
    fr_weight_shape_t shape;
    uint16_t remembered[FR_WEIGHT_ROWS_REMEMBERED];
    uint16_t column_sum[FR_WEIGHT_BLOCK];  ///< of magnitudes over the remembered rows, if any
    /// Near, far, above, old: 16 columns of each. The last weights of this row, by column
    /// modulo 16.
    int8_t lines[FR_WEIGHT_LINES][FR_WEIGHT_BLOCK];
    uint8_t rows_kept;        ///< a power of two, at most FR_WEIGHT_ROWS_REMEMBERED
    uint8_t special_history;  ///< one bit for each of the last weights: it was the old value
    fr_palette_t palette;
} fr_weight_tensor_t;

/// Reads bytes produced before, or of the base: addresses count from the base's first byte.
typedef void (*fr_weight_read_t)(void* context, uint32_t address, uint8_t* out, uint32_t size);

/// Starts a tensor at the address `start`, without a palette. The caller checked that it fits.
void fr_weight_tensor_begin(fr_weight_tensor_t* tensor, uint32_t start,
                            const fr_weight_shape_t* shape, uint32_t rows_kept);
/// Starts a row that is not all zero.
void fr_weight_tensor_begin_row(fr_weight_tensor_t* tensor);
/// Collects the surroundings of the next weight.
void fr_weight_tensor_look(fr_weight_tensor_t* tensor, fr_weight_read_t read, void* context);
/// How special the surroundings of the next weight are, 0..15.
uint32_t fr_weight_tensor_special_state(const fr_weight_tensor_t* tensor);
/// Steps over one weight, given as coded; a row that was coded is remembered when it ends.
void fr_weight_tensor_step(fr_weight_tensor_t* tensor, int32_t coded);
/// Steps over a whole row of zeros; it is not remembered.
void fr_weight_tensor_skip_row(fr_weight_tensor_t* tensor);
bool fr_weight_tensor_is_done(const fr_weight_tensor_t* tensor);

/// A value as it is coded, and back.
int32_t fr_palette_rank(const fr_palette_t* palette, int8_t value);
int8_t fr_palette_value(const fr_palette_t* palette, int32_t coded);

// ---- weights, profiles 1 and 2: special or not, then which of 16 bins of a bell curve, then
// ---- where in it

#define FR_WEIGHT_BUCKETS 10u
#define FR_WEIGHT_BINS 16u
#define FR_WEIGHT_CLASSES 3u
#define FR_WEIGHT_TAILS 8u    ///< bit lengths of how far out
#define FR_WEIGHT_STATES 16u  ///< of surroundings

/// The adaptive bits of a weight settle: 16 bits of probability each, and a count kept beside it.
/// Where the groups of them begin, by bucket or class of the scale.
enum {
    FR_WEIGHT_BIT_BIN = 0,  ///< a tree over the bin
    /// A tree over the bit length of how far out.
    FR_WEIGHT_BIT_TAIL = FR_WEIGHT_BIT_BIN + FR_WEIGHT_BUCKETS * FR_WEIGHT_BINS,
    /// Is it the special value, by surroundings.
    FR_WEIGHT_BIT_SPECIAL = FR_WEIGHT_BIT_TAIL + FR_WEIGHT_CLASSES * FR_WEIGHT_TAILS,
    /// Is it the outermost, by whether the row had one.
    FR_WEIGHT_BIT_EXTREME = FR_WEIGHT_BIT_SPECIAL + FR_WEIGHT_CLASSES * FR_WEIGHT_STATES,
    FR_WEIGHT_BITS = FR_WEIGHT_BIT_EXTREME + FR_WEIGHT_CLASSES * 2
};

/// Profile 2: the tree's probability and that of a logistic density, mixed.
typedef struct {
    int32_t weights[FR_WEIGHT_BINS][2];  ///< by node, 1/16384
    int32_t inputs[2];                   ///< log2 of the odds, 1/256
    uint32_t probability;
    uint32_t inverse_scale;                        ///< 2^23 over the scale
    uint32_t below_low, below_middle, below_high;  ///< cumulative probability, 1/2^24
} fr_weight_mixer_t;

struct fr_weight_model;

/// How a profile refines the probabilities of the tree; profile 1 does not.
typedef struct {
    void (*begin_tensor)(fr_weight_mixer_t* mixer);
    void (*begin)(fr_weight_mixer_t* mixer, uint32_t scale);
    uint32_t (*predict)(struct fr_weight_model* model, int32_t boundary);
    void (*update)(struct fr_weight_model* model, uint32_t bit);
} fr_weight_mixing_t;

extern const fr_weight_mixing_t fr_weight_mixing;

// What is used most stands first: a Cortex-M0+ reaches no farther in one instruction.
typedef struct fr_weight_model {
    uint8_t bucket, scale_class, row_has_extreme;
    bool has_special;  ///< the tensor has a special value: 0 or the old one
    int32_t tap_weights[FR_WEIGHT_NEIGHBOURS];  ///< linear prediction of the mean, 1/65536
    uint32_t global, row, local;                ///< mean |residual|, 1/4096
    uint32_t row_count, count;
    int32_t rate;             ///< of learning the mean
    int32_t mean;             ///< predicted, 1/16
    uint32_t scale;           ///< predicted mean magnitude, 1/16, at least 1
    int32_t centre;           ///< the mean, or a whole number where bins are narrow, 1/16
    int32_t bin_scale;        ///< the scale, or one for the bucket where bins are narrow
    int32_t lowest, highest;  ///< bounds of a weight: lowest .. highest - 1
    int32_t outermost_low, outermost_high;  ///< where quantizers clamp
    int32_t low, high;                      ///< the weight is in low .. high - 1
    int32_t special;                        ///< a value told first
    uint32_t node;
    const fr_weight_mixing_t* mixing;  ///< NULL: none
    fr_weight_mixer_t* mixer;
    uint16_t probabilities[FR_WEIGHT_BITS];
    uint8_t counts[FR_WEIGHT_BITS];
} fr_weight_model_t;

// Which bit a decision is.
static inline uint32_t fr_weight_bit_bin(const fr_weight_model_t* model, uint32_t node) {
    return FR_WEIGHT_BIT_BIN + model->bucket * FR_WEIGHT_BINS + node;
}
static inline uint32_t fr_weight_bit_tail(const fr_weight_model_t* model, uint32_t node) {
    return FR_WEIGHT_BIT_TAIL + model->scale_class * FR_WEIGHT_TAILS + node;
}
static inline uint32_t fr_weight_bit_special(const fr_weight_model_t* model, uint32_t state) {
    return FR_WEIGHT_BIT_SPECIAL + model->scale_class * FR_WEIGHT_STATES + state;
}
static inline uint32_t fr_weight_bit_extreme(const fr_weight_model_t* model) {
    return FR_WEIGHT_BIT_EXTREME + model->scale_class * 2u + model->row_has_extreme;
}
/// Moves a bit's probability by 1/2, 1/4 .. 1/2^`slowest` as its count grows from 2 on.
void fr_weight_model_settle(fr_weight_model_t* model, uint32_t index, uint32_t bit,
                            uint32_t slowest);

/// Starts a tensor with nothing learnt but, with an old one, that its values stay. `mixing` and
/// `mixer` are set by the caller, before.
void fr_weight_model_begin_tensor(fr_weight_model_t* model, const fr_weight_tensor_t* tensor,
                                  bool has_special);
void fr_weight_model_begin_row(fr_weight_model_t* model);
/// Starts a weight.
void fr_weight_model_begin(fr_weight_model_t* model, const fr_weight_tensor_t* tensor);
/// The boundary the next decision is about, always inside low .. high: the bit says whether the
/// weight is at or above it. False when the bin is known.
bool fr_weight_model_next(fr_weight_model_t* model, int32_t* boundary);
/// Probability of a 1 for that decision.
uint32_t fr_weight_model_predict(fr_weight_model_t* model, int32_t boundary);
/// Goes below (0) or above (1) a boundary.
void fr_weight_model_take(fr_weight_model_t* model, int32_t boundary, uint32_t bit);
/// How many values the inner bin has room for without the special one; 0 for an outer bin.
uint32_t fr_weight_model_room(const fr_weight_model_t* model);
/// The value with this index in an inner bin.
int32_t fr_weight_model_value(const fr_weight_model_t* model, uint32_t index);
/// The outermost value of an outer bin; one that is not in it is never told.
int32_t fr_weight_model_outermost(const fr_weight_model_t* model);
/// Learns from the weight just coded.
void fr_weight_model_end(fr_weight_model_t* model, const fr_weight_tensor_t* tensor, int32_t coded);

// ---- weights, profile 0: a canonical Huffman code

#define FR_HUFFMAN_LENGTH_MAX 15u

typedef struct {
    uint8_t counts[FR_HUFFMAN_LENGTH_MAX + 1u];  ///< codes of each length
    uint8_t symbols[256];                        ///< by length, then by value
} fr_huffman_t;

/// Whether the counts are those of a complete code: 1 to 256 symbols, Kraft sum 1; a code of one
/// symbol has length 1.
bool fr_huffman_is_complete(const fr_huffman_t* huffman, uint32_t* symbol_count);

// ---- the checksum of a file: FNV-1a, which begins with this

#define FR_CHECKSUM_BEGIN 2166136261u

static inline uint32_t fr_checksum_add(uint32_t checksum, uint8_t byte) {
    return (checksum ^ byte) * 16777619u;
}
/// What is left in the coder behind the last byte: as many bits as are always there for nothing.
static inline uint32_t fr_checksum_end(uint32_t checksum) {
    return checksum >> 8;
}

// ---- floats

/// The product of two float32 values as their bits, rounded to nearest even as IEEE 754 does.
/// @return false, and 0, when a factor or the product is zero, subnormal, infinite or not a number.
bool fr_float_multiply(uint32_t a, uint32_t b, uint32_t* product);
/// An int32 times a float32 (its bits), rounded to the nearest integer, halves away from zero.
/// @return false, and 0, when the factor is subnormal, infinite or not a number, or the result no
///         int32.
bool fr_float_scale_integer(int32_t value, uint32_t factor, int32_t* result);

#ifdef __cplusplus
}
#endif

#endif
