// SPDX-License-Identifier: Apache-2.0
// The decoder's range coder (of the LZMA kind: 32-bit range, bytes shifted in below 2^24) and the
// shapes coded with it. A byte missing at the end sets the fault; the step that wanted it is
// then refused, so what these functions return for it does not matter.
#ifndef FRUGAL_CODEC_BITS_H
#define FRUGAL_CODEC_BITS_H

#include "frugal/codec.h"

#define FR_RANGE_MIN (1u << 24)

/// Loads the first 4 bytes of the coder.
void fr_bits_begin(fr_decoder_t* decoder);
/// 0, -1, 1, -2, 2.. from 0, 1, 2, 3, 4..
static inline uint32_t fr_unfold(uint32_t folded) {
    return (folded & 1u) != 0 ? 0u - (folded / 2u + 1u) : folded / 2u;
}
/// The next byte of the stream.
uint32_t fr_bits_byte(fr_decoder_t* decoder);
/// One bit whose probability of a 1 is `probability` / 65536.
uint32_t fr_bits_predicted(fr_decoder_t* decoder, uint32_t probability);
/// One bit of an adaptive context.
uint32_t fr_bits_adaptive(fr_decoder_t* decoder, fr_context_t* context);
/// `count` bits (0..32) of equal probability, highest first.
uint32_t fr_bits_plain(fr_decoder_t* decoder, uint32_t count);
/// A symbol of a complete canonical code; 256 for a code it does not hold.
uint32_t fr_bits_code(fr_decoder_t* decoder, const fr_huffman_t* huffman);
/// A byte above `before`, told by how much; one above 255 sets the fault.
uint32_t fr_bits_ascending(fr_decoder_t* decoder, uint32_t before);
/// One of `count` (1..256) values of equal probability.
uint32_t fr_bits_uniform(fr_decoder_t* decoder, uint32_t count);
/// One bit of a weight that settles.
uint32_t fr_bits_settling(fr_decoder_t* decoder, fr_weight_model_t* model, uint32_t index,
                          uint32_t slowest);
/// `count` bits by a tree of contexts; the root is contexts[1].
uint32_t fr_bits_tree(fr_decoder_t* decoder, fr_context_t* contexts, uint32_t count);
/// A number; one that is out of range sets the fault.
uint32_t fr_bits_number(fr_decoder_t* decoder, fr_number_t which);

#endif
