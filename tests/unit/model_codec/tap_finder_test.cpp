// SPDX-License-Identifier: Apache-2.0
#include "model/codec/tap_finder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "model/codec/codec.hpp"

namespace frugal::model {
namespace {

constexpr std::uint32_t kColumns = 96;
constexpr std::uint32_t kRows = 64;

/// Rows of noise that come back changed a little after `period` columns; 0: plain noise.
base::Bytes rows_of(std::uint32_t period) {
    std::mt19937 rng(7);
    std::normal_distribution<double> noise(0, 24);
    base::Bytes weights;
    for (std::uint32_t at = 0; at < kRows * kColumns; ++at) {
        double value = noise(rng);
        if (period != 0 && at % kColumns >= period) {
            value = 0.2 * value + 0.95 * static_cast<std::int8_t>(weights[at - period]);
        }
        weights.push_back(
            static_cast<std::uint8_t>(static_cast<std::int8_t>(std::clamp(value, -127.0, 127.0))));
    }
    return weights;
}

TEST(FindTaps, FindsThePeriodOfARow) {
    const auto pairs = find_taps(rows_of(24), kColumns);
    ASSERT_FALSE(pairs.empty());
    EXPECT_EQ(pairs.front(), (Taps{24, 0}));
    for (const Taps& taps : pairs) {
        EXPECT_LT(taps.near_distance, kColumns);
        EXPECT_LT(taps.far_distance, kColumns);
    }
}

TEST(FindTaps, FindsNothingInNoiseOrNothing) {
    EXPECT_TRUE(find_taps(rows_of(0), kColumns).empty());
    EXPECT_TRUE(find_taps(base::Bytes(kRows * kColumns, 0), kColumns).empty());
    EXPECT_TRUE(find_taps({}, kColumns).empty());
}

TEST(FindTaps, MakeTheEncodingSmallerThanThePlanDoes) {
    const base::Bytes periodic = rows_of(24);
    const auto size_of = [&](const base::Bytes& weights) {
        const SegmentPlan plan{{{RegionKind::kWeights, 0, weights.size(), kRows, kColumns, 1, 0}}};
        const auto stream = encode(weights, plan);
        return stream ? stream->size() : SIZE_MAX;
    };
    EXPECT_LT(size_of(periodic) * 10, size_of(rows_of(0)) * 9);
}

}  // namespace
}  // namespace frugal::model
