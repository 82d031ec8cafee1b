// SPDX-License-Identifier: Apache-2.0
// What a weight costs: an estimate of the bits the entropy coder will spend on a level, learnt from
// the levels of the layer itself. As the coder does, it predicts the spread of a weight from its
// row and its column. Plain value, any thread; deterministic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::model {

inline constexpr int kLevelMax = 127;

class RateModel {
public:
    /// Learns from `levels`, rows * columns of them, row by row.
    RateModel(const std::vector<std::int8_t>& levels, std::size_t rows, std::size_t columns);

    /// Bits of a level (-127 to 127) at a place.
    float bits(int level, std::size_t row, std::size_t column) const {
        return bits_[context(row, column)][static_cast<std::size_t>(level + kLevelMax)];
    }

    /// Bits of all levels it was given, about what they will take encoded.
    double total_bits(const std::vector<std::int8_t>& levels) const;

private:
    static constexpr std::size_t kContexts = 16;
    using Table = std::array<float, 2 * kLevelMax + 1>;

    std::size_t context(std::size_t row, std::size_t column) const;
    void learn_spreads(const std::vector<std::int8_t>& levels);
    void learn_tables(const std::vector<std::int8_t>& levels);

    std::size_t rows_;
    std::size_t columns_;
    std::vector<float> row_spread_;     ///< log2 of the mean |level|
    std::vector<float> column_spread_;  ///< likewise, relative to the layer's
    std::array<Table, kContexts> bits_{};
};

}  // namespace frugal::model
