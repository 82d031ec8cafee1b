// SPDX-License-Identifier: Apache-2.0
#include "model/pack/pack.hpp"

#include <gtest/gtest.h>

#include <random>

#include "frugal/codec.h"
#include "model/codec/codec.hpp"
#include "support/model_files.hpp"

namespace {

using frugal::base::Bytes;
using frugal::model::decode;
using frugal::model::pack_file;
using frugal::test::model_files;
using frugal::test::read_file;

Bytes noise(size_t size) {
    std::mt19937 generator(9);
    Bytes bytes(size);
    for (auto& byte : bytes) {
        byte = static_cast<uint8_t>(generator());
    }
    return bytes;
}

TEST(Pack, ReportsEveryByteOfAModel) {
    const Bytes file = read_file(model_files().front());
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto report = pack_file(file, {profile, {}});
        ASSERT_TRUE(report) << report.error().describe();
        EXPECT_EQ(report->profile, profile);
        EXPECT_EQ(report->decoder_ram_bytes, fr_codec_ram_bytes(profile));
        size_t end = 0;
        double coded = 0;
        double bound = 0;
        bool has_named_weights = false;
        for (const auto& segment : report->segments) {
            EXPECT_EQ(segment.offset, end);
            end += segment.raw_bytes;
            coded += segment.coded_bytes;
            bound += segment.bound_bytes;
            EXPECT_LE(segment.bound_bytes, segment.coded_bytes + 1e-9);
            has_named_weights |= segment.kind == "weights" && !segment.tensor.empty();
        }
        EXPECT_EQ(end, file.size());
        EXPECT_TRUE(has_named_weights);
        EXPECT_NEAR(bound, report->bound_bytes, 1e-6);
        EXPECT_NEAR(coded, static_cast<double>(report->stream.size()), FR_CODEC_HEADER_SIZE + 8);
        EXPECT_EQ(*decode(report->stream, file.size()), file);
    }
}

TEST(Pack, TakesAnyBytesAndNeverGrowsMuch) {
    const Bytes model = read_file(model_files().front());
    const Bytes samples[] = {Bytes(1, 0),
                             Bytes(1, 255),
                             noise(7),
                             noise(20000),
                             Bytes(300000, 0),
                             Bytes(3000, 0x54),
                             Bytes(model.begin(), model.begin() + 2000)};
    for (const Bytes& sample : samples) {
        const auto report = pack_file(sample, {});
        ASSERT_TRUE(report) << report.error().describe();
        EXPECT_LE(report->stream.size(), sample.size() + 32);
        EXPECT_EQ(*decode(report->stream, sample.size()), sample);
    }
}

TEST(Pack, HardlyTakesMoreThanItsLimitForZeros) {
    EXPECT_LT(pack_file(Bytes(300000, 0), {})->stream.size(), 400U);
}

TEST(Pack, MakesADeltaAgainstABase) {
    const Bytes old = read_file(model_files().front());
    Bytes file = old;
    file[file.size() / 2] ^= 1;
    const auto report = pack_file(file, {{}, old});
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->is_delta);
    EXPECT_LT(report->stream.size(), 200U);
    EXPECT_EQ(*decode(report->stream, file.size(), old), file);
    EXPECT_EQ(decode(report->stream, file.size()).error().cause, "base");
}

TEST(Pack, RefusesAnEmptyFile) {
    EXPECT_FALSE(pack_file({}, {}));
}

}  // namespace
