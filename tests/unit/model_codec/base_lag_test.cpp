// SPDX-License-Identifier: Apache-2.0
// How far behind its own position a delta reads its base, and what it costs to read less far: a
// device that overwrites the base as it goes has only so much of it left.
#include <gtest/gtest.h>

#include "frugal/limits.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "support/model_files.hpp"
#include "support/noise.hpp"

namespace {

using frugal::base::Bytes;
using frugal::model::encode_with_statistics;
using frugal::model::Encoded;
using frugal::model::plan_of_tflite;
using frugal::model::Region;
using frugal::model::RegionKind;
using frugal::model::SegmentPlan;
using frugal::test::noise;
using frugal::test::shared_model;

constexpr std::size_t kRows = 40;
constexpr std::size_t kColumns = 50;

/// A tensor of noise behind `front` bytes of noise.
struct Shifted {
    explicit Shifted(std::size_t front) : file(noise(front, 3)) {
        Region region{};
        region.kind = RegionKind::kWeights;
        region.offset = front;
        region.size_bytes = kRows * kColumns;
        region.rows = kRows;
        region.columns = kColumns;
        plan.regions.push_back(region);
        const Bytes weights = noise(kRows * kColumns, 9);
        file.insert(file.end(), weights.begin(), weights.end());
    }
    Bytes file;
    SegmentPlan plan;
};

Encoded delta_of(const Shifted& old, const Shifted& next, std::size_t lag_max,
                 std::uint8_t profile = 1) {
    auto encoded =
        encode_with_statistics(next.file, next.plan, {profile, old.file, old.plan, lag_max});
    EXPECT_TRUE(encoded);
    EXPECT_LE(encoded->base_lag_bytes, lag_max);
    return *encoded;
}

TEST(BaseLag, IsHowFarTheBaseMovedBack) {
    for (std::uint8_t profile = 0; profile < 3; ++profile) {
        const auto delta = delta_of(Shifted(1000), Shifted(1700), SIZE_MAX, profile);
        EXPECT_TRUE(delta.is_delta);
        EXPECT_EQ(delta.base_lag_bytes, 700U);
        EXPECT_LT(delta.stream.size(), 1200U);
    }
}

TEST(BaseLag, IsNothingForWhatStaysOrMovesForward) {
    EXPECT_EQ(delta_of(Shifted(1000), Shifted(1000), SIZE_MAX).base_lag_bytes, 0U);
    const auto forward = delta_of(Shifted(1700), Shifted(1000), SIZE_MAX);
    EXPECT_TRUE(forward.is_delta);
    EXPECT_EQ(forward.base_lag_bytes, 0U);
}

TEST(BaseLag, StaysWithinTheBound) {
    const Shifted old(1000);
    const Shifted next(1700);
    for (const std::size_t lag_max : {700U, 699U, 100U, 0U}) {
        for (std::uint8_t profile = 0; profile < 3; ++profile) {
            const auto delta = delta_of(old, next, lag_max, profile);
            // The tensor lies 700 bytes back, or it must be told anew.
            EXPECT_EQ(delta.stream.size() < 1200, lag_max == 700) << lag_max;
            const auto decoded = frugal::model::decode_measured(
                delta.stream, next.file.size(),
                delta.is_delta ? frugal::base::ByteView(old.file) : frugal::base::ByteView{});
            ASSERT_TRUE(decoded);
            EXPECT_EQ(decoded->file, next.file);
            EXPECT_EQ(decoded->base_lag_bytes, delta.base_lag_bytes);
        }
    }
}

TEST(BaseLag, OfAFullEncodingIsNothing) {
    const Shifted one(1000);
    const auto full = encode_with_statistics(one.file, one.plan);
    ASSERT_TRUE(full);
    EXPECT_FALSE(full->is_delta);
    EXPECT_EQ(full->base_lag_bytes, 0U);
}

TEST(BaseLag, OfReExportsFitsThePageThatOneSlotKeeps) {
    const std::pair<const char*, const char*> pairs[] = {
        {"micro_speech_int8_2021.tflite", "micro_speech_int8.tflite"},
        {"micro_speech_int8.tflite", "micro_speech_int8_2021.tflite"},
        {"ic_int8_20201217.tflite", "ic_int8_20201218.tflite"},
        {"ic_int8.tflite", "ic_int8_20210111.tflite"},
        {"aww_v1_20210209.tflite", "aww_v2_20210210.tflite"},
    };
    for (const auto& [old_name, name] : pairs) {
        const Bytes old = shared_model(old_name);
        const Bytes file = shared_model(name);
        if (old.empty() || file.empty()) {
            GTEST_SKIP() << name << " is absent: set FRUGAL_SHARED_DIR";
        }
        const auto plan = plan_of_tflite(file);
        const auto old_plan = plan_of_tflite(old);
        const auto any = encode_with_statistics(file, plan, {1, old, old_plan});
        const auto near = encode_with_statistics(file, plan, {1, old, old_plan, FR_REACH_BYTES});
        ASSERT_TRUE(any && near) << name;
        EXPECT_TRUE(near->is_delta) << name;
        EXPECT_LE(near->base_lag_bytes, FR_REACH_BYTES) << name;
        EXPECT_LE(near->stream.size(), any->stream.size() + 16) << name;
    }
}

}  // namespace
