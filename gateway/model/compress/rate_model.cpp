// SPDX-License-Identifier: Apache-2.0
#include "model/compress/rate_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace frugal::model {

namespace {

constexpr double kPriorWeight = 6;  // how many levels the parametric prior counts for
constexpr double kSpreadPrior = 2;  // likewise for the mean of a row or column
constexpr float kContextsPerOctave = 2;
constexpr float kLowestSpread = -5;  // log2 of a mean |level| of 1/32

/// Two-sided geometric distribution with a given mean magnitude.
double prior_probability(int level, double mean) {
    const double decay = mean / (1 + mean);
    const double zero = 1 / (1 + mean);
    const int size = std::abs(level);
    return size == 0 ? zero : zero * std::pow(decay, size) / 2;
}

}  // namespace

RateModel::RateModel(const std::vector<std::int8_t>& levels, std::size_t rows, std::size_t columns)
    : rows_(rows), columns_(columns), row_spread_(rows), column_spread_(columns) {
    learn_spreads(levels);
    learn_tables(levels);
}

void RateModel::learn_spreads(const std::vector<std::int8_t>& levels) {
    std::vector<double> by_row(rows_);
    std::vector<double> by_column(columns_);
    double all = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
        for (std::size_t column = 0; column < columns_; ++column) {
            const int size = std::abs(levels[row * columns_ + column]);
            by_row[row] += size;
            by_column[column] += size;
            all += size;
        }
    }
    const double mean = std::max(all / static_cast<double>(rows_ * columns_), 1e-3);
    const auto spread = [&](double sum, std::size_t count) {
        return std::log2((sum + kSpreadPrior * mean) / (static_cast<double>(count) + kSpreadPrior));
    };
    for (std::size_t row = 0; row < rows_; ++row) {
        row_spread_[row] = static_cast<float>(spread(by_row[row], columns_));
    }
    for (std::size_t column = 0; column < columns_; ++column) {
        column_spread_[column] =
            static_cast<float>(spread(by_column[column], rows_) - std::log2(mean));
    }
}

std::size_t RateModel::context(std::size_t row, std::size_t column) const {
    const float spread = row_spread_[row] + column_spread_[column];
    const float bucket = (spread - kLowestSpread) * kContextsPerOctave;
    return static_cast<std::size_t>(std::clamp(bucket, 0.0F, static_cast<float>(kContexts - 1)));
}

void RateModel::learn_tables(const std::vector<std::int8_t>& levels) {
    std::array<std::array<double, 2 * kLevelMax + 1>, kContexts> counts{};
    std::array<double, kContexts> totals{};
    std::array<double, kContexts> sizes{};
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const std::size_t at = context(i / columns_, i % columns_);
        const int level = std::max<int>(levels[i], -kLevelMax);
        counts[at][static_cast<std::size_t>(level + kLevelMax)] += 1;
        totals[at] += 1;
        sizes[at] += std::abs(level);
    }
    for (std::size_t at = 0; at < kContexts; ++at) {
        const double centre =
            std::exp2((static_cast<double>(at) + 0.5) / static_cast<double>(kContextsPerOctave) +
                      static_cast<double>(kLowestSpread));
        const double mean = (sizes[at] + kSpreadPrior * centre) / (totals[at] + kSpreadPrior);
        for (int level = -kLevelMax; level <= kLevelMax; ++level) {
            const auto slot = static_cast<std::size_t>(level + kLevelMax);
            const double probability =
                (counts[at][slot] + kPriorWeight * prior_probability(level, mean)) /
                (totals[at] + kPriorWeight);
            bits_[at][slot] = static_cast<float>(std::min(30.0, -std::log2(probability + 1e-12)));
        }
    }
}

double RateModel::total_bits(const std::vector<std::int8_t>& levels) const {
    double sum = 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const int level = std::max<int>(levels[i], -kLevelMax);
        sum += static_cast<double>(bits(level, i / columns_, i % columns_));
    }
    return sum;
}

}  // namespace frugal::model
