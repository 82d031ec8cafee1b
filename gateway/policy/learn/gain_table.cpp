// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/gain_table.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::policy {

namespace {

struct Block {
    double value;
    double weight;
    std::size_t end;  ///< one past its last bin
};

Block pooled(const Block& first, const Block& second) {
    const double weight = first.weight + second.weight;
    return {(first.value * first.weight + second.value * second.weight) / weight, weight,
            second.end};
}

}  // namespace

MonotoneFit fit_nonincreasing(const BinValues& values, const BinValues& weights) {
    std::array<Block, kBins> blocks{};
    std::size_t count = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        blocks[count++] = {values[bin], weights[bin], bin + 1};
        while (count > 1 && blocks[count - 2].value < blocks[count - 1].value) {
            blocks[count - 2] = pooled(blocks[count - 2], blocks[count - 1]);
            --count;
        }
    }
    MonotoneFit fit;
    std::size_t bin = 0;
    for (std::size_t i = 0; i < count; ++i) {
        for (; bin < blocks[i].end; ++bin) {
            fit.values[bin] = blocks[i].value;
            fit.weights[bin] = blocks[i].weight;
        }
    }
    return fit;
}

TableBytes bounded(const TableBytes& table, const GainBounds& bounds) {
    TableBytes within{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        within[bin] = std::clamp(table[bin], bounds.floor, bounds.ceiling);
    }
    return within;
}

TableBytes to_q8(const BinValues& gains) {
    TableBytes table{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double whole = std::round(std::clamp(gains[bin], 0.0, 1.0) * 256);
        table[bin] = static_cast<std::uint8_t>(std::min(255.0, whole));
    }
    return table;
}

}  // namespace frugal::policy
