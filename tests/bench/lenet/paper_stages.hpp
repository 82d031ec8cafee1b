// SPDX-License-Identifier: Apache-2.0
// The three stages of Deep Compression (Han, Mao, Dally 2016) as real bytes: what a pruned, a
// shared and a Huffman coded network take, each with all it needs to be read back. Bench code only.
#pragma once

#include <cstdint>
#include <vector>

#include "model/compress/network.hpp"

namespace frugal::bench {

struct PaperStages {
    std::size_t dense = 0;    ///< bytes as float32
    std::size_t pruned = 0;   ///< 5-bit gaps and float32 weights
    std::size_t shared = 0;   ///< 5-bit gaps, codes and codebooks
    std::size_t huffman = 0;  ///< canonical Huffman over gaps and codes, tables included
    model::Network network;   ///< what the last stage decodes to
};

/// @param bits of a code, for each layer
PaperStages paper_stages(const model::Network& pruned, const std::vector<int>& bits);

}  // namespace frugal::bench
