// SPDX-License-Identifier: Apache-2.0
#include "model/codec/codec.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include "frugal/codec.h"
#include "frugal/limits.h"
#include "unit/device_codec/codec_harness.hpp"

namespace {

using frugal::base::Bytes;
using frugal::base::ErrorKind;
using frugal::model::Region;
using frugal::model::RegionKind;
using frugal::model::SegmentPlan;
using frugal::test::decode_in_pieces;
using frugal::test::Pieces;

Bytes random_bytes(size_t size, uint64_t seed) {
    std::mt19937_64 generator(seed);
    Bytes bytes(size);
    for (auto& byte : bytes) {
        byte = static_cast<uint8_t>(generator());
    }
    return bytes;
}

/// Weights as a trained layer has them: bell-shaped, some rows dead.
Bytes weight_bytes(uint32_t rows, uint32_t columns, uint64_t seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> shape(0, 25);
    Bytes bytes;
    for (uint32_t row = 0; row < rows; ++row) {
        const bool is_dead = row % 5 == 3;
        for (uint32_t column = 0; column < columns; ++column) {
            const double value = std::clamp(std::round(shape(generator)), -127.0, 127.0);
            bytes.push_back(is_dead ? 0 : static_cast<uint8_t>(static_cast<int8_t>(value)));
        }
    }
    return bytes;
}

Bytes float_bytes(const std::vector<float>& values) {
    Bytes bytes(values.size() * 4);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

struct Sample {
    Bytes file;
    SegmentPlan plan;

    Sample& opaque(const Bytes& bytes) {
        file.insert(file.end(), bytes.begin(), bytes.end());
        return *this;
    }
    Sample& region(Region region, const Bytes& bytes) {
        region.offset = file.size();
        region.size_bytes = bytes.size();
        plan.regions.push_back(region);
        return opaque(bytes);
    }
    Sample& weights(uint32_t rows, uint32_t columns, uint32_t near, uint32_t far, uint64_t seed) {
        return region({RegionKind::kWeights, 0, 0, rows, columns, near, far},
                      weight_bytes(rows, columns, seed));
    }
};

Sample one_of_everything() {
    std::mt19937_64 generator(3);
    std::vector<float> scales(24);
    std::vector<float> bias_scales(24);
    std::vector<float> bounds(24);
    for (size_t i = 0; i < scales.size(); ++i) {
        scales[i] = 0.001F + static_cast<float>(generator() % 1000) * 1e-5F;
        bias_scales[i] = scales[i] * 0.0235F;
        bounds[i] = (i % 2 == 0 ? scales[i] : scales[i] * 0.7F) * -127.0F;
    }
    Bytes biases(24 * 4);
    for (size_t i = 0; i < biases.size(); i += 4) {
        const auto value = static_cast<int32_t>(generator() % 4000) - 2000;
        std::memcpy(biases.data() + i, &value, 4);
    }
    Sample sample;
    sample.opaque(Bytes(40, 0)).weights(24, 36, 4, 12, 1).opaque({1, 2, 3, 4, 1, 2, 3, 4, 1, 2});
    sample.region({RegionKind::kIntegers}, biases).opaque(Bytes(13, 0xAB));
    sample.region({RegionKind::kFloats}, float_bytes(scales)).opaque({9});
    sample.region({RegionKind::kFloats}, float_bytes(bounds));
    sample.region({RegionKind::kFloats}, float_bytes(bias_scales)).weights(9, 24, 1, 0, 2);
    return sample.region({RegionKind::kWeights, 0, 0, 8, 8, 1, 0}, random_bytes(64, 4));
}

// ---- round trips

struct RoundTripCase {
    std::string case_name;
    std::function<Sample()> sample;
    double ratio_max = 1.0;  ///< of the file, 64 bytes allowed on top
};

void PrintTo(const RoundTripCase& one, std::ostream* out) {
    *out << one.case_name;
}

/// Words that follow from each other: offsets of things of one size.
Bytes counting_words(size_t count, uint32_t step) {
    Bytes bytes(4 * count);
    for (size_t i = 0; i < count; ++i) {
        const auto word = static_cast<uint32_t>(100000 - i * step);
        std::memcpy(&bytes[4 * i], &word, 4);
    }
    return bytes;
}

/// Upper bounds of activations behind their scales, each behind its count.
Sample activation_bounds() {
    std::mt19937_64 generator(13);
    Sample sample;
    for (int i = 0; i < 50; ++i) {
        const float scale = 0.01F + static_cast<float>(generator() % 100000) * 1e-6F;
        sample.opaque({1, 0, 0, 0}).opaque(float_bytes({scale})).opaque({1, 0, 0, 0});
        sample.region({RegionKind::kFloats}, float_bytes({255.0F * scale}));
    }
    return sample;
}

Bytes ramp(size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(i);
    }
    return bytes;
}

// clang-format off
const RoundTripCase kRoundTrips[] = {
    {"one_byte", [] { return Sample().opaque({42}); }},
    {"one_zero", [] { return Sample().opaque({0}); }},
    {"zeros", [] { return Sample().opaque(Bytes(20000, 0)); }, 0.01},
    {"more_zeros_than_may_expand", [] { return Sample().opaque(Bytes(100000, 0)); }},
    {"one_value", [] { return Sample().opaque(Bytes(5000, 0xFF)); }, 0.01},
    {"ramp", [] { return Sample().opaque(ramp(5000)); }, 0.1},
    {"words_that_count_down", [] { return Sample().opaque(counting_words(500, 8)).opaque(counting_words(500, 52)); }, 0.02},
    {"bounds_of_activations", activation_bounds, 0.4},
    {"a_bound_that_is_none", [] { return Sample().opaque({1, 0, 0, 0}).region({RegionKind::kFloats}, float_bytes({3})); }},
    {"noise", [] { return Sample().opaque(random_bytes(30000, 1)); }},
    {"noise_twice", [] { return Sample().opaque(random_bytes(9000, 2)).opaque(random_bytes(9000, 2)); }, 0.52},
    {"noise_far_apart", [] { return Sample().opaque(random_bytes(300, 2)).opaque(Bytes(70000, 1)).opaque(random_bytes(300, 2)); }, 0.01},
    {"everything", one_of_everything, 0.85},
    {"convolution", [] { return Sample().weights(32, 72, 8, 24, 5); }, 0.8},
    {"dense", [] { return Sample().weights(64, 128, 1, 0, 6); }, 0.75},
    {"one_row", [] { return Sample().weights(1, 500, 1, 0, 7); }},
    {"one_column", [] { return Sample().weights(500, 1, 0, 0, 8); }},
    {"one_weight", [] { return Sample().weights(1, 1, 0, 0, 9); }},
    {"dead_tensor", [] { return Sample().region({RegionKind::kWeights, 0, 0, 64, 64, 1, 0}, Bytes(4096, 0)); }, 0.02},
    {"weights_at_their_limits", [] { return Sample().region({RegionKind::kWeights, 0, 0, 64, 64, 1, 0}, Bytes(4096, 0x80)); }, 0.1},
    {"weights_alternating", [] { Bytes bytes(4096); for (size_t i = 0; i < bytes.size(); ++i) { bytes[i] = i % 2 == 0 ? 0x7F : 0x80; }
                                 return Sample().region({RegionKind::kWeights, 0, 0, 64, 64, 1, 0}, bytes); }, 0.15},
    {"scrambled_weights", [] { return Sample().region({RegionKind::kWeights, 0, 0, 64, 64, 1, 0}, random_bytes(4096, 10)); }},
    {"tensor_too_wide_for_a_segment", [] { return Sample().region({RegionKind::kWeights, 0, 0, 1, 70000, 1, 0}, Bytes(70000, 3)); }},
    {"random_integers", [] { return Sample().region({RegionKind::kIntegers}, random_bytes(4000, 11)); }},
    {"extreme_integers", [] { return Sample().region({RegionKind::kIntegers}, {0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 1, 0, 0, 0x80}); }},
    {"random_floats", [] { return Sample().region({RegionKind::kFloats}, random_bytes(4000, 12)); }},
    {"floats_no_product_can_use", [] { return Sample().region({RegionKind::kFloats}, float_bytes({0, INFINITY, NAN, 1e-40F}))
                                              .region({RegionKind::kFloats}, float_bytes({0, INFINITY, NAN, 1e-40F})); }},
};
// clang-format on

class RoundTrip : public testing::TestWithParam<RoundTripCase> {};

TEST_P(RoundTrip, GivesTheFileBackAndNeverGrowsMuch) {
    const Sample sample = GetParam().sample();
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto encoded =
            frugal::model::encode_with_statistics(sample.file, sample.plan, {profile, {}, {}});
        ASSERT_TRUE(encoded) << encoded.error().describe();
        // A Huffman code has no model of neighbours, and at least a bit for each weight.
        const double least = profile == 0 ? 0.16 : 0.02;
        const double ratio = profile == 2 ? GetParam().ratio_max
                                          : std::clamp(GetParam().ratio_max * 1.4, least, 1.0);
        EXPECT_LE(static_cast<double>(encoded->stream.size()),
                  ratio * static_cast<double>(sample.file.size()) + 64);
        const auto decoded = frugal::model::decode(encoded->stream, sample.file.size());
        ASSERT_TRUE(decoded) << decoded.error().describe();
        EXPECT_EQ(*decoded, sample.file);
    }
}

TEST_P(RoundTrip, PartsCoverTheFileInOrder) {
    const Sample sample = GetParam().sample();
    const auto encoded = frugal::model::encode_with_statistics(sample.file, sample.plan);
    ASSERT_TRUE(encoded);
    size_t end = 0;
    double packed = 0;
    for (const auto& part : encoded->parts) {
        EXPECT_EQ(part.offset, end);
        end += part.size_bytes;
        packed += part.packed_bytes;
    }
    EXPECT_EQ(end, sample.file.size());
    EXPECT_NEAR(packed + FR_CODEC_HEADER_SIZE, static_cast<double>(encoded->stream.size()), 8);
}

TEST_P(RoundTrip, DoesNotDependOnThePieces) {
    const Sample sample = GetParam().sample();
    const Pieces choices[] = {{1, 1}, {1, 4096}, {3, 7}, {64, 64}, {63, 1000}, {4096, 4096}};
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto stream = frugal::model::encode(sample.file, sample.plan, {profile, {}, {}});
        ASSERT_TRUE(stream);
        for (const Pieces pieces : choices) {
            const auto result = decode_in_pieces(*stream, pieces);
            ASSERT_EQ(result.status, FR_OK) << pieces.input << "/" << pieces.output;
            ASSERT_EQ(result.output, sample.file) << pieces.input << "/" << pieces.output;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Of, RoundTrip, testing::ValuesIn(kRoundTrips),
                         [](const auto& one) { return one.param.case_name; });

// ---- damaged streams

TEST(DamagedStream, ATruncationAnywhereIsRefused) {
    const Sample sample = one_of_everything();
    const auto stream = frugal::model::encode(sample.file, sample.plan);
    ASSERT_TRUE(stream);
    for (size_t size = 0; size < stream->size(); size += size < 100 ? 1 : 3) {
        const Bytes cut(stream->begin(), stream->begin() + static_cast<std::ptrdiff_t>(size));
        const auto result = decode_in_pieces(cut, Pieces{100, 100});
        ASSERT_EQ(result.fault, FR_CODEC_FAULT_TRUNCATED) << "at " << size;
        ASSERT_LE(result.output.size(), sample.file.size());
    }
}

TEST(DamagedStream, AFlippedBitInAnyByteIsRefused) {
    const Sample sample = one_of_everything();
    const auto stream = frugal::model::encode(sample.file, sample.plan);
    ASSERT_TRUE(stream);
    for (size_t byte = 0; byte < stream->size(); ++byte) {
        const size_t bit = byte * 8 + (byte * 5) % 8;
        Bytes damaged = *stream;
        damaged[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
        const auto result = decode_in_pieces(damaged, Pieces{4096, 4096},
                                             static_cast<uint32_t>(sample.file.size()));
        ASSERT_LE(result.output.size(), sample.file.size());
        EXPECT_NE(result.status, FR_OK) << "bit " << bit;
    }
}

TEST(DamagedStream, NoiseBehindAHeaderIsRefused) {
    for (uint64_t seed = 0; seed < 3000; ++seed) {
        Bytes stream = random_bytes(22 + seed % 400, seed);
        const auto size = static_cast<uint32_t>(stream.size());
        const Bytes header = {
            'F',
            'R',
            static_cast<uint8_t>(FR_CODEC_VERSION << 4 | seed % FR_CODEC_PROFILES),
            0,
            8,
            0,
            static_cast<uint8_t>(size),
            static_cast<uint8_t>(size >> 8),
            0};
        std::copy(header.begin(), header.end(), stream.begin());
        const auto result = decode_in_pieces(stream, Pieces{4096, 4096}, 2048);
        ASSERT_NE(result.status, FR_OK) << "seed " << seed;
        ASSERT_LE(result.output.size(), 2048U);
    }
}

// ---- errors of the gateway's side

TEST(Encode, RefusesFilesThatCannotTravel) {
    EXPECT_EQ(frugal::model::encode({}, {}).error().kind, ErrorKind::kLimit);
    const Bytes too_large(FR_ARTIFACT_SIZE_MAX + 1, 0);
    EXPECT_EQ(frugal::model::encode(too_large, {}).error().kind, ErrorKind::kLimit);
    // Small enough itself, but what tells it is not.
    const Bytes noise = random_bytes(FR_ARTIFACT_SIZE_MAX, 1);
    EXPECT_EQ(frugal::model::encode(noise, {}, {0, {}, {}}).error().kind, ErrorKind::kLimit);
}

TEST(Encode, RefusesPlansThatDoNotFitTheFile) {
    const Bytes file(64, 1);
    const Region good{RegionKind::kWeights, 8, 16, 4, 4, 1, 0};
    std::vector<Region> bad(9, good);
    bad[0].offset = 60;
    bad[1].offset = 1000;
    bad[2].size_bytes = 0;
    bad[3].rows = 5;
    bad[4].near_distance = 4;
    bad[5].far_distance = 4;
    bad[6].size_bytes = SIZE_MAX;
    bad[7] = {RegionKind::kIntegers, 0, 7};
    bad[8] = {RegionKind::kFloats, 0, 66};
    for (size_t i = 0; i < bad.size(); ++i) {
        const auto stream = frugal::model::encode(file, {{bad[i]}});
        ASSERT_FALSE(stream) << i;
        EXPECT_EQ(stream.error().kind, ErrorKind::kInvalidInput);
    }
    EXPECT_FALSE(frugal::model::encode(file, {{good, good}}));
    EXPECT_TRUE(frugal::model::encode(file, {{good}}));
}

TEST(Decode, NamesWhyAStreamIsRefused) {
    const auto stream = frugal::model::encode(random_bytes(100, 1), {});
    ASSERT_TRUE(stream);
    EXPECT_EQ(frugal::model::decode(*stream, 99).error().cause, "decoded size");
    Bytes cut(stream->begin(), stream->end() - 1);
    EXPECT_EQ(frugal::model::decode(cut, 100).error().cause, "truncated");
    EXPECT_EQ(frugal::model::decode(Bytes(40, 7), 100).error().cause, "magic");
    EXPECT_EQ(frugal::model::decoder_ram_bytes(*stream).value(), FR_CODEC_RAM_BYTES_2);
    EXPECT_FALSE(frugal::model::decoder_ram_bytes(Bytes(40, 7)));
}

// ---- deltas

Bytes changed(Bytes bytes, size_t step) {
    for (size_t i = 0; i < bytes.size(); i += step) {
        bytes[i] = static_cast<uint8_t>(bytes[i] + 1);
    }
    return bytes;
}

TEST(Delta, IsSmallForWhatHardlyChanged) {
    const Sample old = one_of_everything();
    const Bytes file = changed(old.file, 97);
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto delta =
            frugal::model::encode_with_statistics(file, old.plan, {profile, old.file, old.plan});
        ASSERT_TRUE(delta) << delta.error().describe();
        EXPECT_TRUE(delta->is_delta);
        EXPECT_LT(delta->stream.size(), frugal::model::encode(file, old.plan)->size() / 3);
        EXPECT_EQ(*frugal::model::decode(delta->stream, file.size(), old.file), file);
        EXPECT_EQ(decode_in_pieces(delta->stream, {3, 5}, 1U << 22, false, old.file).output, file);
    }
}

TEST(Delta, OfTheSameFileIsNextToNothing) {
    const Sample sample = one_of_everything();
    const auto delta =
        frugal::model::encode(sample.file, sample.plan, {2, sample.file, sample.plan});
    ASSERT_TRUE(delta);
    EXPECT_LT(delta->size(), 48U);
}

TEST(Delta, IsLeftOutWhenItDoesNotPay) {
    const Bytes file = random_bytes(3000, 21);
    const Bytes other = random_bytes(3000, 22);
    const auto encoded = frugal::model::encode_with_statistics(file, {}, {2, other, {}});
    ASSERT_TRUE(encoded);
    EXPECT_FALSE(encoded->is_delta);
    EXPECT_EQ(*frugal::model::decode(encoded->stream, file.size()), file);
}

TEST(Delta, IsRefusedWithoutItsBase) {
    const Sample old = one_of_everything();
    const Bytes file = changed(old.file, 97);
    const auto delta = frugal::model::encode(file, old.plan, {2, old.file, old.plan});
    ASSERT_TRUE(delta);
    EXPECT_EQ(frugal::model::decode(*delta, file.size()).error().cause, "base");
    EXPECT_EQ(frugal::model::decode(*delta, file.size(), file).error().cause, "base");
}

TEST(Encode, RefusesAProfileThatDoesNotExist) {
    EXPECT_EQ(frugal::model::encode(Bytes(9, 1), {}, {FR_CODEC_PROFILES, {}, {}}).error().kind,
              ErrorKind::kInvalidInput);
}

TEST(Encode, HasNoMoreSegmentsThanADecoderTakes) {
    std::mt19937_64 generator(23);
    Bytes file;
    while (file.size() < 16 * (FR_CODEC_SEGMENTS_MAX + 500)) {  // each a run of moved words
        const auto first = static_cast<uint32_t>(generator());
        for (uint32_t word = first; word != first + 32; word += 8) {
            file.insert(file.end(),
                        {static_cast<uint8_t>(word), static_cast<uint8_t>(word >> 8),
                         static_cast<uint8_t>(word >> 16), static_cast<uint8_t>(word >> 24)});
        }
    }
    const auto stream = frugal::model::encode(file, {}, {0, {}, {}});
    ASSERT_TRUE(stream) << stream.error().describe();
    EXPECT_LT(stream->size(), file.size() / 2);
    EXPECT_EQ(*frugal::model::decode(*stream, file.size()), file);
}

TEST(Encode, IsTheSameEveryTime) {
    const Sample sample = one_of_everything();
    EXPECT_EQ(*frugal::model::encode(sample.file, sample.plan),
              *frugal::model::encode(sample.file, sample.plan));
}

}  // namespace
