// SPDX-License-Identifier: Apache-2.0
#include "model/codec/huffman_code.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/assert.hpp"

namespace frugal::model {

namespace {

/// Code lengths by package-merge: the best ones under a limit (Larmore and Hirschberg 1990).
void limited_lengths(const std::vector<std::pair<std::uint64_t, int>>& leaves,
                     std::array<std::uint8_t, 256>& lengths) {
    struct Package {
        std::uint64_t weight;
        std::vector<int> symbols;
    };
    const auto lighter = [](const Package& a, const Package& b) { return a.weight < b.weight; };
    std::vector<Package> packages;
    for (std::uint32_t level = 0; level < FR_HUFFMAN_LENGTH_MAX; ++level) {
        std::vector<Package> next;
        for (std::size_t i = 0; i + 1 < packages.size(); i += 2) {
            Package pair = packages[i];
            pair.weight += packages[i + 1].weight;
            pair.symbols.insert(pair.symbols.end(), packages[i + 1].symbols.begin(),
                                packages[i + 1].symbols.end());
            next.push_back(std::move(pair));
        }
        for (const auto& [weight, symbol] : leaves) {
            next.push_back({weight, {symbol}});
        }
        std::stable_sort(next.begin(), next.end(), lighter);
        packages = std::move(next);
    }
    for (std::size_t i = 0; i < 2 * leaves.size() - 2; ++i) {
        for (const int symbol : packages[i].symbols) {
            ++lengths[static_cast<std::size_t>(symbol)];
        }
    }
}

}  // namespace

std::optional<HuffmanCode> make_huffman_code(const std::array<std::uint32_t, 256>& frequencies) {
    HuffmanCode code;
    std::vector<std::pair<std::uint64_t, int>> leaves;
    for (int symbol = 0; symbol < 256; ++symbol) {
        const std::uint32_t frequency = frequencies[static_cast<std::size_t>(symbol)];
        if (frequency > 0) {
            leaves.emplace_back(frequency, symbol);
        }
    }
    FRUGAL_ASSERT(!leaves.empty());
    if (leaves.size() == 1) {
        code.lengths[static_cast<std::size_t>(leaves[0].second)] = 1;
    } else {
        limited_lengths(leaves, code.lengths);
    }
    std::uint32_t next = 0;
    for (std::uint32_t length = 1; length <= FR_HUFFMAN_LENGTH_MAX; ++length) {
        const auto count = std::count(code.lengths.begin(), code.lengths.end(), length);
        if (count > 255) {
            return std::nullopt;
        }
        code.table.counts[length] = static_cast<std::uint8_t>(count);
        for (std::size_t symbol = 0; symbol < 256; ++symbol) {
            if (code.lengths[symbol] == length) {
                code.table.symbols[code.symbol_count++] = static_cast<std::uint8_t>(symbol);
                code.codes[symbol] = static_cast<std::uint16_t>(next++);
            }
        }
        next *= 2;
    }
    return code;
}

}  // namespace frugal::model
