// SPDX-License-Identifier: Apache-2.0
// What a re-exported model changes and how little a delta may take to say it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <tuple>

#include "frugal/codec.h"
#include "model/codec/codec.hpp"
#include "unit/device_codec/codec_harness.hpp"

namespace {

using frugal::base::Bytes;
using frugal::model::RegionKind;
using frugal::model::SegmentPlan;
using frugal::test::decode_in_pieces;

constexpr std::size_t kChannels = 64;
constexpr float kFactor = 1.0918F;

bool is_dead(std::size_t channel) {
    return channel % 5 == 2;
}

template <typename Value>
Bytes bytes_of(const std::vector<Value>& values) {
    Bytes bytes(values.size() * sizeof(Value));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

/// Biases of a layer whose dead channels stand at the end of their range, and the same after the
/// activations were calibrated anew: live channels follow the factor, dead ones stay.
std::vector<std::int32_t> biases(bool is_new) {
    std::mt19937 generator(5);
    std::vector<std::int32_t> values;
    for (std::size_t i = 0; i < kChannels; ++i) {
        const auto value = static_cast<double>(generator() % 20000) - 10000;
        const double live = is_new ? value * kFactor : value;
        values.push_back(is_dead(i) ? 1073741800 - static_cast<std::int32_t>(i)
                                    : static_cast<std::int32_t>(std::lround(live)));
    }
    return values;
}

std::vector<float> scales(bool is_new) {
    std::mt19937 generator(6);
    std::vector<float> values;
    for (std::size_t i = 0; i < kChannels; ++i) {
        const float value = 0.001F + static_cast<float>(generator() % 100000) * 1e-7F;
        values.push_back(is_new && !is_dead(i) ? value * kFactor : value);
    }
    return values;
}

struct Change {
    const char* case_name;
    RegionKind kind;
    Bytes old, file;
    std::size_t size_max;  ///< of the delta's stream
};

// A delta's header and the coder's end are 18 bytes, the head of the segment and its factor 8.
std::vector<Change> changes() {
    return {
        {"biases_of_dead_channels_stay", RegionKind::kIntegers, bytes_of(biases(false)),
         bytes_of(biases(true)), 18 + 8 + kChannels / 4},
        {"scales_of_dead_channels_stay", RegionKind::kFloats, bytes_of(scales(false)),
         bytes_of(scales(true)), 18 + 8 + kChannels / 4},
    };
}

TEST(Delta, SaysWhichValuesDoNotFollowTheFactor) {
    for (const Change& change : changes()) {
        SCOPED_TRACE(change.case_name);
        SegmentPlan plan;
        plan.regions.push_back({change.kind, 0, change.file.size()});
        for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
            const auto delta =
                frugal::model::encode(change.file, plan, {profile, change.old, plan});
            ASSERT_TRUE(delta) << delta.error().describe();
            EXPECT_LE(delta->size(), change.size_max);
            EXPECT_EQ(decode_in_pieces(*delta, {3, 5}, 1U << 22, false, change.old).output,
                      change.file);
        }
    }
}

TEST(Delta, FollowsInsertionsByLittleShifts) {
    std::mt19937 generator(7);
    Bytes old(20000);
    for (auto& byte : old) {
        byte = static_cast<std::uint8_t>(generator());
    }
    Bytes file;
    for (std::size_t at = 0; at < old.size(); at += 1000) {
        file.insert(file.end(), old.begin() + static_cast<std::ptrdiff_t>(at),
                    old.begin() + static_cast<std::ptrdiff_t>(at + 1000));
        file.insert(file.end(), at / 1000 % 7 + 1, static_cast<std::uint8_t>(generator()));
    }
    const auto delta = frugal::model::encode(file, {}, {1, old, {}});
    ASSERT_TRUE(delta);
    // 19 shifts: a literal or a short copy, where the next piece comes from, and how long it is.
    EXPECT_LT(delta->size(), 18U + 19U * 7U);
    EXPECT_EQ(*frugal::model::decode(*delta, file.size(), old), file);
}

TEST(Delta, BeginsAlignedAtBothEnds) {
    std::mt19937 generator(8);
    Bytes old(4000);
    for (auto& byte : old) {
        byte = static_cast<std::uint8_t>(generator());
    }
    Bytes file = old;
    file.insert(file.begin() + 2000, 100, 0x55);
    const auto delta = frugal::model::encode(file, {}, {1, old, {}});
    ASSERT_TRUE(delta);
    EXPECT_LT(delta->size(), 33U);
    EXPECT_EQ(*frugal::model::decode(*delta, file.size(), old), file);
}

/// Offsets of a table, whose targets lie `gap` bytes farther than in the old one, or ever more so.
std::vector<std::uint32_t> offsets(std::uint32_t gap, std::uint32_t growth) {
    std::mt19937 generator(9);
    std::vector<std::uint32_t> values;
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        value += 4U + generator() % 5000;
        values.push_back(value + gap + growth * i);
    }
    return values;
}

TEST(Delta, SaysOnceByHowMuchWordsMoved) {
    const Bytes old = bytes_of(offsets(0, 0));
    for (const auto& [gap, growth, size_max] :
         {std::tuple(16U, 0U, 30U), {0xFFFFFFF0U, 0U, 30U}, {0U, 4U, 60U}}) {
        const Bytes file = bytes_of(offsets(gap, growth));
        for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
            const auto delta = frugal::model::encode(file, {}, {profile, old, {}});
            ASSERT_TRUE(delta) << delta.error().describe();
            EXPECT_LE(delta->size(), size_max) << gap << ", " << growth;
            for (const auto pieces : {frugal::test::Pieces{1, 1}, {3, 5}, {4096, 4096}}) {
                EXPECT_EQ(decode_in_pieces(*delta, pieces, 1U << 22, false, old).output, file);
            }
        }
    }
}

TEST(Delta, MayReadMovedWordsAcrossTheEndOfTheBase) {
    // The base ends within a word.
    const Bytes words = bytes_of(offsets(0, 0));
    const Bytes old(words.begin(), words.begin() + 37);
    Bytes file = old;
    file.resize(36);
    for (std::uint32_t value = 7; value < 7 + 60 * 24; value += 24) {
        const Bytes word = bytes_of(std::vector<std::uint32_t>{value});
        file.insert(file.end(), word.begin(), word.end());
    }
    const auto delta = frugal::model::encode(file, {}, {1, old, {}});
    ASSERT_TRUE(delta);
    EXPECT_LT(delta->size(), 50U);
    EXPECT_EQ(decode_in_pieces(*delta, {1, 1}, 1U << 22, false, old).output, file);
}

/// Scales of weights, and those of biases, which are the same times the input's scale: the bias
/// scales come first, as converters write them.
TEST(Delta, TellsBiasScalesByTheWeightScalesOfTheBase) {
    const std::vector<float> weights = scales(false);
    const auto file_for = [&](float input_scale) {
        std::vector<float> values{input_scale};
        for (const float scale : weights) {
            values.push_back(scale * input_scale);
        }
        values.insert(values.end(), weights.begin(), weights.end());
        return bytes_of(values);
    };
    const Bytes old = file_for(0.0235F);
    const Bytes file = file_for(0.0271F);
    SegmentPlan plan;
    plan.regions.push_back({RegionKind::kFloats, 4, 4 * kChannels});
    plan.regions.push_back({RegionKind::kFloats, 4 + 4 * kChannels, 4 * kChannels});
    const auto delta = frugal::model::encode(file, plan, {2, old, plan});
    ASSERT_TRUE(delta);
    // The factor, 4 bytes, is told by where it stands: at the front.
    EXPECT_LT(delta->size(), 18U + 4U + 14U);
    EXPECT_EQ(*frugal::model::decode(*delta, file.size(), old), file);
}

}  // namespace
