// SPDX-License-Identifier: Apache-2.0
// Public models of the field, when they are there: round trip, size, and hostile variations.
#include <gtest/gtest.h>

#include <random>

#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "support/model_files.hpp"
#include "unit/device_codec/codec_harness.hpp"

namespace {

using frugal::base::Bytes;
using frugal::model::plan_of_tflite;
using frugal::model::RegionKind;
using frugal::test::decode_in_pieces;
using frugal::test::model_files;
using frugal::test::read_file;

TEST(RealModels, ComeBackBitForBitAndSmaller) {
    const auto paths = model_files();
    if (paths.empty()) {
        GTEST_SKIP() << "no .tflite files: set FRUGAL_SHARED_DIR";
    }
    for (const auto& path : paths) {
        const Bytes file = read_file(path);
        const auto plan = plan_of_tflite(file);
        const auto stream = frugal::model::encode(file, plan);
        ASSERT_TRUE(stream) << path << ": " << stream.error().describe();
        const auto result = decode_in_pieces(*stream, {777, 256});
        EXPECT_EQ(result.status, FR_OK) << path;
        EXPECT_EQ(result.output, file) << path;
        EXPECT_LT(stream->size(), file.size() * 97 / 100) << path;
        EXPECT_FALSE(plan.regions.empty()) << path;
    }
}

TEST(RealModels, DamagedFilesAreStillCodedLosslessly) {
    auto paths = model_files();
    if (paths.empty()) {
        GTEST_SKIP() << "no .tflite files: set FRUGAL_SHARED_DIR";
    }
    std::mt19937_64 generator(11);
    for (const auto& path : paths) {
        Bytes file = read_file(path);
        if (file.size() > 20000) {
            continue;
        }
        for (int i = 0; i < 20; ++i) {
            file[generator() % file.size()] = static_cast<uint8_t>(generator());
        }
        const auto stream = frugal::model::encode(file, plan_of_tflite(file));
        ASSERT_TRUE(stream) << path << ": " << stream.error().describe();
        EXPECT_EQ(*frugal::model::decode(*stream, file.size()), file) << path;
    }
}

TEST(TflitePlan, FindsTensorsScalesAndBounds) {
    for (const auto& path : model_files()) {
        if (path.stem() != "kws_ref_int8") {
            continue;
        }
        const auto plan = plan_of_tflite(read_file(path));
        size_t weights = 0;
        size_t integers = 0;
        size_t floats = 0;
        for (const auto& region : plan.regions) {
            weights += region.kind == RegionKind::kWeights ? region.size_bytes : 0;
            integers += region.kind == RegionKind::kIntegers ? region.size_bytes : 0;
            floats += region.kind == RegionKind::kFloats ? region.size_bytes : 0;
        }
        EXPECT_EQ(weights, 22016U);
        EXPECT_EQ(integers, 2352U);
        // Scales of weights and biases, minima and maxima; the upper bounds of 11 activations.
        EXPECT_EQ(floats, 9216U + 11U * 4U);
        return;
    }
    GTEST_SKIP() << "kws_ref_int8.tflite is absent: set FRUGAL_SHARED_DIR";
}

TEST(TflitePlan, IsEmptyForWhatIsNoModel) {
    EXPECT_TRUE(plan_of_tflite(Bytes{}).regions.empty());
    EXPECT_TRUE(plan_of_tflite(Bytes(1000, 0x55)).regions.empty());
}

}  // namespace
