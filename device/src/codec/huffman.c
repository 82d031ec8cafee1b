// SPDX-License-Identifier: Apache-2.0
#include "frugal/codec_model.h"

bool fr_huffman_is_complete(const fr_huffman_t* huffman, uint32_t* symbol_count) {
    uint32_t kraft = 0;
    *symbol_count = 0;
    for (uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        *symbol_count += huffman->counts[length];
        kraft = 2u * kraft + huffman->counts[length];  // in units of the longest codes
    }
    if (*symbol_count == 1u) {
        return huffman->counts[1] == 1u;
    }
    return *symbol_count <= 256u && kraft == 1u << FR_HUFFMAN_LENGTH_MAX;
}
