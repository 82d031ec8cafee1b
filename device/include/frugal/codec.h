// SPDX-License-Identifier: Apache-2.0
// The streaming decoder of the model codec (format: proto/ARTIFACT.md, "Payload"). Bytes of the
// stream go in through sink in pieces of any size, bytes of the file come out of poll. The caller
// owns the whole state; one decoder is used by one thread at a time. It never allocates, recurses,
// computes with floats, or writes anything but the caller's buffers. It keeps no window: what
// was produced is read back through the caller's function (on a device, the slot in flash).
//
//   fr_decoder_init(&decoder, &config);
//   for each piece:  while (size > 0) { sink -> taken; poll until it produces less than asked }
//   fr_decoder_finish(&decoder);        // FR_OK only for a whole stream, decoded to its end
#ifndef FRUGAL_CODEC_H
#define FRUGAL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/codec_model.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_CODEC_VERSION 5u
#define FR_CODEC_PROFILES 3u
#define FR_CODEC_HEADER_SIZE 9u
#define FR_CODEC_BASE_DIGEST_SIZE 4u  ///< follows the header when the stream needs a base
#define FR_CODEC_HEADER_SIZE_MAX (FR_CODEC_HEADER_SIZE + FR_CODEC_BASE_DIGEST_SIZE)
#define FR_CODEC_FLAG_BASE 8u  ///< in the byte of version and profile
#define FR_CODEC_SEGMENTS_MAX 4096u
#define FR_CODEC_RAM_BYTES_0 816u  ///< RAM of a 32-bit device, decoder and models, by profile
#define FR_CODEC_RAM_BYTES_1 1608u
#define FR_CODEC_RAM_BYTES_2 1764u
#define FR_CODEC_EXPANSION_MAX 1024u  ///< decoded bytes for each byte of stream, but in a delta
#define FR_CODEC_INPUT_SIZE 32u       ///< what a decoder buffers of its input
#define FR_CODEC_ATOM_SIZE 32u        ///< most input one step can take
#define FR_CODEC_COPY_MIN 2u
#define FR_CODEC_FACTOR_ONE 0x3F800000u    ///< 1.0f
#define FR_CODEC_FACTOR_RANGE 0x42FE0000u  ///< 127.0f: a bound is its scale times this
#define FR_CODEC_FACTOR_WHOLE 0x437F0000u  ///< 255.0f: the same of what is never below zero

// ---- profiles: how weights are modelled. A firmware names those it wants, and the linker takes in
// ---- their decoders and no others.

/// One profile; what is in it is the decoder's own business.
typedef struct fr_profile fr_profile_t;

/// Profiles a decoder accepts, in any order. Example:
///     static const fr_profile_t* const profiles[] = {&fr_profile_1};
///     static const fr_profile_set_t set = {profiles, 1};
typedef struct {
    const fr_profile_t* const* profiles;
    uint32_t profile_count;
} fr_profile_set_t;

extern const fr_profile_t fr_profile_0;  ///< Huffman code
extern const fr_profile_t fr_profile_1;  ///< adaptive bins
extern const fr_profile_t fr_profile_2;  ///< adaptive bins, mixed with a density
extern const fr_profile_set_t fr_profiles_all;

/// The profile with this number; NULL when the set has none.
const fr_profile_t* fr_profile_find(const fr_profile_set_t* set, uint32_t number);
/// Model memory it wants on this machine, bytes.
uint32_t fr_profile_memory_bytes(const fr_profile_t* profile);

/// Kinds of a segment, as coded. Everything else is literal bytes and copies.
typedef enum {
    FR_SEGMENT_RAW = 0,       ///< bytes as they are
    FR_SEGMENT_WEIGHTS = 1,   ///< int8 rows and columns
    FR_SEGMENT_INTEGERS = 2,  ///< int32 values
    FR_SEGMENT_FLOATS = 3,    ///< float32 values
    FR_SEGMENT_PRODUCTS = 4,  ///< float32 values near an earlier vector times a factor
    FR_SEGMENT_SCALED = 5,    ///< int32 values near an earlier vector times a factor
    FR_SEGMENT_MOVED = 6      ///< int32 values that differ from earlier ones as the one before did
} fr_segment_kind_t;

/// Why a stream was refused; every one has a test. The status is the coarse answer.
typedef enum {
    FR_CODEC_FAULT_NONE = 0,
    FR_CODEC_FAULT_MAGIC,           ///< not a stream of this codec
    FR_CODEC_FAULT_VERSION,         ///< another version of the format
    FR_CODEC_FAULT_PROFILE,         ///< a profile this decoder was not given
    FR_CODEC_FAULT_RAM,             ///< the profile wants more memory than this decoder was given
    FR_CODEC_FAULT_BASE,            ///< a delta, and the base is missing or another one
    FR_CODEC_FAULT_DECODED_EMPTY,   ///< decoded size 0
    FR_CODEC_FAULT_DECODED_SIZE,    ///< decoded size above the caller's cap
    FR_CODEC_FAULT_STREAM_SIZE,     ///< stream size below the smallest possible or above the limit
    FR_CODEC_FAULT_EXPANSION,       ///< decoded size out of proportion to the stream
    FR_CODEC_FAULT_SEGMENT_COUNT,   ///< more segments than the limit
    FR_CODEC_FAULT_TRUNCATED,       ///< the stream ends before the file does
    FR_CODEC_FAULT_TRAILING,        ///< bytes behind the end of the stream
    FR_CODEC_FAULT_NUMBER,          ///< a coded number does not fit its range
    FR_CODEC_FAULT_COPY_DISTANCE,   ///< a copy from before the start of the file and its base
    FR_CODEC_FAULT_COPY_LENGTH,     ///< a copy past the end of the file
    FR_CODEC_FAULT_SEGMENT_KIND,    ///< a segment kind that does not exist
    FR_CODEC_FAULT_SEGMENT_LENGTH,  ///< a segment past the end of the file
    FR_CODEC_FAULT_DIMENSIONS,      ///< rows x columns overflow, exceed the file, or wrong taps
    FR_CODEC_FAULT_REFERENCE,       ///< a vector or tensor that does not lie before this one
    FR_CODEC_FAULT_CODE,            ///< not a complete canonical code, or a code it does not hold
    FR_CODEC_FAULT_SCALE,           ///< a product of or into zero, subnormal, infinite, NaN
    FR_CODEC_FAULT_CHECKSUM,        ///< the file decoded is not the one that was packed
    FR_CODEC_FAULT_READ_BACK        ///< the caller's function failed
} fr_codec_fault_t;

/// Copies `size` bytes from `offset` on, of the produced output or of the base. It is asked only
/// for bytes that an earlier poll has handed out, or that lie in the base.
/// @return FR_OK; anything else stops the decoder with FR_ERROR_STORAGE.
typedef fr_status_t (*fr_codec_read_t)(void* context, uint32_t offset, uint8_t* out, uint32_t size);

typedef struct {
    uint32_t decoded_size_max;         ///< hard cap: the signed size, or the slot
    fr_codec_read_t read_output;       ///< required
    void* context;                     ///< passed to read_output and read_base
    void* memory;                      ///< for the models of a profile, aligned as uint32_t
    uint32_t memory_bytes;             ///< decides which profiles can be decoded
    fr_codec_read_t read_base;         ///< for deltas, else NULL
    uint32_t base_size;                ///< bytes
    const uint8_t* base_digest;        ///< leading FR_CODEC_BASE_DIGEST_SIZE bytes of its SHA-256
    const fr_profile_set_t* profiles;  ///< required: what can be decoded, e.g. &fr_profiles_all
} fr_decoder_config_t;

/// What the front of a stream states.
typedef struct {
    uint8_t profile;
    bool has_base;
    uint32_t decoded_size;
    uint32_t stream_size;  ///< with this header
} fr_codec_header_t;

/// Reads and checks a header without decoding anything.
/// @return FR_OK; FR_ERROR_TRUNCATED when `size` is below the header's size, else as poll.
FR_MUST_USE fr_status_t fr_codec_read_header(const uint8_t* bytes, size_t size,
                                             uint32_t decoded_size_max, fr_codec_header_t* header,
                                             fr_codec_fault_t* fault);

// ---- memory of the models, by profile: what is modelled one after the other shares it

typedef union {
    fr_byte_model_t bytes;
    fr_huffman_t code;
} fr_codec_memory_0_t;

typedef struct {
    fr_weight_tensor_t tensor;
    fr_weight_model_t model;
} fr_weight_rows_t;

typedef union {
    fr_byte_model_t bytes;
    fr_weight_rows_t rows;
} fr_codec_memory_1_t;

typedef struct {
    fr_codec_memory_1_t shared;
    fr_weight_mixer_t mixer;
} fr_codec_memory_2_t;

/// Enough for any profile.
typedef union {
    fr_codec_memory_0_t profile_0;
    fr_codec_memory_1_t profile_1;
    fr_codec_memory_2_t profile_2;
} fr_codec_memory_t;

/// RAM of decoder and models together on a 32-bit device, at most; 0 for an unknown profile.
uint32_t fr_codec_ram_bytes(uint32_t profile);

/// Private to the decoder, but plain data: the caller provides the memory.
typedef struct fr_decoder {
    // What is used most stands first: a Cortex-M0+ reaches no farther in one instruction.
    uint8_t fault;
    uint8_t step;
    uint8_t token_before;
    uint8_t segment_kind;
    uint8_t exponent_top;
    uint8_t near_before;
    uint8_t input_used, input_held;
    uint8_t pending_count;
    uint16_t segments;
    uint8_t pending[4];
    uint32_t range, code;
    uint32_t produced;     // bytes of output decoded, pending ones included
    uint8_t* call_output;  // only while poll runs
    uint32_t call_start, call_capacity;
    uint32_t run;        // bytes, values or weights left of the copy or segment
    uint32_t parameter;  // of the segment: its factor, a difference, a count, has_special
    uint32_t last_count;
    uint32_t distances[FR_DISTANCES];
    const fr_profile_t* profile;  // of the stream
    uint32_t received;            // bytes sunk
    uint32_t checksum;
    fr_decoder_config_t config;
    fr_codec_header_t header;
    fr_weight_shape_t shape;
    uint8_t input[FR_CODEC_INPUT_SIZE];
    fr_token_model_t tokens;
} fr_decoder_t;

/// Prepares a decoder. Nothing of an earlier stream remains.
/// @return FR_OK; FR_ERROR_ARGUMENT without read_output, memory or profiles, with a cap of 0, or
/// with
///         a base that lacks its reader or digest.
FR_MUST_USE fr_status_t fr_decoder_init(fr_decoder_t* decoder, const fr_decoder_config_t* config);

/// Takes input, as much as there is room for; `taken` may be 0 when poll must run first.
/// @return FR_OK; FR_ERROR_MALFORMED for bytes behind the end of the stream; the status of an
///         earlier failure.
FR_MUST_USE fr_status_t fr_decoder_sink(fr_decoder_t* decoder, const uint8_t* input, size_t size,
                                        size_t* taken);

/// Decodes into `output`. It produces less than `capacity` only when it needs input, is done, or
/// fails; bytes produced before a failure are reported too.
/// @return FR_OK; FR_ERROR_MALFORMED, TRUNCATED, UNSUPPORTED, LIMIT, NO_SPACE or STORAGE: see
///         fr_decoder_fault(). A failure is final.
FR_MUST_USE fr_status_t fr_decoder_poll(fr_decoder_t* decoder, uint8_t* output, size_t capacity,
                                        size_t* produced);

/// Says that no input will follow.
/// @return FR_OK when the whole file was produced and the whole stream used; FR_ERROR_STATE when
///         poll still has output to give; FR_ERROR_TRUNCATED; the status of an earlier failure.
FR_MUST_USE fr_status_t fr_decoder_finish(fr_decoder_t* decoder);

/// Takes every pointer out of a decoder between two polls, once it has begun to decode: its bytes,
/// and those of its memory, can then be stored and loaded again wherever both lie afterwards, by a
/// firmware whose fr_decoder_form() is the same.
void fr_decoder_suspend(fr_decoder_t* decoder);

/// Tells the stored bytes of one firmware's decoder from those of another's.
uint32_t fr_decoder_form(void);

/// Makes a suspended decoder ready again. The bytes may have been anything: what is not sound is
/// refused, and what is accepted stays inside its bounds, though only a checksum of whoever stored
/// them says that they are the same. `config` as for fr_decoder_init(), with the memory that was
/// stored with the decoder and the same base.
/// @return FR_OK; FR_ERROR_MALFORMED for bytes no decoder has; FR_ERROR_ARGUMENT as
///         fr_decoder_init(), or when the cap is below the decoded size; FR_ERROR_UNSUPPORTED
///         without its profile; FR_ERROR_NO_SPACE with too little memory.
FR_MUST_USE fr_status_t fr_decoder_resume(fr_decoder_t* decoder, const fr_decoder_config_t* config);

fr_codec_fault_t fr_decoder_fault(const fr_decoder_t* decoder);
fr_status_t fr_codec_fault_status(fr_codec_fault_t fault);
/// A short name for logs, e.g. "copy distance".
const char* fr_codec_fault_name(fr_codec_fault_t fault);

#ifdef __cplusplus
}
#endif

#endif
