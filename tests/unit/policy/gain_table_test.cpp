// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/gain_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.hpp"

namespace frugal::policy {
namespace {

/// The minimax formula of isotonic regression, cubic: fit(i) = min over begin <= i of the max over
/// end >= i of the mean of begin..end, for a non-increasing fit.
double brute_force(const BinValues& values, const BinValues& weights, std::size_t bin) {
    double least = INFINITY;
    for (std::size_t begin = 0; begin <= bin; ++begin) {
        double most = -INFINITY;
        for (std::size_t end = bin; end < kBins; ++end) {
            double sum = 0;
            double weight = 0;
            for (std::size_t i = begin; i <= end; ++i) {
                sum += values[i] * weights[i];
                weight += weights[i];
            }
            most = std::max(most, sum / weight);
        }
        least = std::min(least, most);
    }
    return least;
}

TEST(GainTable, MonotoneFitEqualsTheMinimaxFormula) {
    base::Rng rng(7);
    for (int round = 0; round < 200; ++round) {
        BinValues values{};
        BinValues weights{};
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            values[bin] = 2 * rng.uniform() - 1;
            weights[bin] = 0.1 + 20 * rng.uniform();
        }
        const MonotoneFit fit = fit_nonincreasing(values, weights);
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            ASSERT_NEAR(fit.values[bin], brute_force(values, weights, bin), 1e-9)
                << "round " << round << " bin " << bin;
        }
    }
}

TEST(GainTable, BlocksCarryTheWeightOfTheirBins) {
    BinValues values{};
    BinValues weights{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        values[bin] = -static_cast<double>(bin);
        weights[bin] = 1;
    }
    values[2] = 5;  // pooled with bins 0 and 1: (0 - 1 + 5) / 3
    const MonotoneFit fit = fit_nonincreasing(values, weights);
    EXPECT_NEAR(fit.values[0], 4.0 / 3, 1e-12);
    EXPECT_EQ(fit.weights[1], 3);
    EXPECT_EQ(fit.values[3], -3);
    EXPECT_EQ(fit.weights[3], 1);
}

TEST(GainTable, BytesAreClampedAndRounded) {
    BinValues gains{};
    gains[0] = 1.5;
    gains[1] = 1;
    gains[2] = 0.5;
    gains[3] = 0.1;
    gains[4] = -0.3;
    const TableBytes table = to_q8(gains);
    EXPECT_EQ(table[0], 255);
    EXPECT_EQ(table[1], 255);
    EXPECT_EQ(table[2], 128);
    EXPECT_EQ(table[3], 26);
    EXPECT_EQ(table[4], 0);
}

}  // namespace
}  // namespace frugal::policy
