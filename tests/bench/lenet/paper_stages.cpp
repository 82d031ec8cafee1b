// SPDX-License-Identifier: Apache-2.0
#include "bench/lenet/paper_stages.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>

#include "model/compress/share.hpp"

namespace frugal::bench {

namespace {

constexpr int kGapBits = 5;
constexpr std::uint32_t kGapMax = (1U << kGapBits) - 1;  // longer gaps put a zero weight between

/// Weights as the paper stores them: the distance from the one before, then the weight.
struct Sparse {
    std::vector<std::uint32_t> gaps;
    std::vector<std::uint8_t> is_filler;
};

Sparse sparse_of(const model::Matrix& weights) {
    Sparse sparse;
    std::uint32_t gap = 0;
    for (const float weight : weights.values) {
        if (weight == 0 && gap < kGapMax) {
            ++gap;
            continue;
        }
        sparse.gaps.push_back(gap);
        sparse.is_filler.push_back(weight == 0 ? 1 : 0);
        gap = 0;
    }
    return sparse;
}

std::size_t bytes_of_bits(std::size_t bits) {
    return (bits + 7) / 8;
}

/// Bytes of the symbols under their own Huffman code, 4 bits a symbol of the alphabet for lengths.
std::size_t huffman_bytes(const std::vector<std::uint32_t>& symbols, std::size_t alphabet) {
    std::map<std::uint32_t, std::uint64_t> counts;
    for (const std::uint32_t symbol : symbols) {
        ++counts[symbol];
    }
    std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> queue;
    for (const auto& [symbol, count] : counts) {
        queue.push(count);
    }
    std::uint64_t bits = counts.size() == 1 ? symbols.size() : 0;
    while (queue.size() > 1) {
        const std::uint64_t first = queue.top();
        queue.pop();
        const std::uint64_t both = first + queue.top();
        queue.pop();
        bits += both;  // every symbol below this node gets one bit longer
        queue.push(both);
    }
    return bytes_of_bits(bits) + bytes_of_bits(4 * alphabet);
}

}  // namespace

PaperStages paper_stages(const model::Network& pruned, const std::vector<int>& bits) {
    PaperStages stages;
    stages.dense = 4 * (pruned.weight_count() + pruned.bias_count());
    stages.network = pruned;
    for (std::size_t index = 0; index < pruned.layers.size(); ++index) {
        const std::size_t alphabet = std::size_t{1} << bits[index];  // the first code is a zero's
        const model::DenseLayer& layer = pruned.layers[index];
        const Sparse sparse = sparse_of(layer.weights);
        const model::Shared shared = model::share_weights(layer.weights, alphabet - 1);
        stages.network.layers[index].weights = model::shared_weights(layer.weights, shared);
        std::vector<std::uint32_t> codes;
        std::size_t next = 0;
        for (const std::uint8_t is_filler : sparse.is_filler) {
            codes.push_back(is_filler != 0 ? 0 : 1U + shared.codes[next++]);
        }
        const std::size_t entries = sparse.gaps.size();
        const std::size_t biases = 4 * layer.bias.size() + 4;  // and the count of entries
        const std::size_t codebook = 4 * shared.centroids.size();
        const auto code_bits = static_cast<std::size_t>(bits[index]);
        stages.pruned += bytes_of_bits(entries * (kGapBits + 32)) + biases;
        stages.shared += bytes_of_bits(entries * (kGapBits + code_bits)) + codebook + biases;
        stages.huffman += huffman_bytes(sparse.gaps, kGapMax + 1) + huffman_bytes(codes, alphabet) +
                          codebook + biases;
    }
    return stages;
}

}  // namespace frugal::bench
