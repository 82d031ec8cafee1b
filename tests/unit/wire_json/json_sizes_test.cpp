// SPDX-License-Identifier: Apache-2.0
#include "wire/json_sizes.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace frugal::wire {
namespace {

core::ArtifactRecord artifact(std::uint32_t profile, std::uint32_t bytes, bool is_delta = false) {
    core::ArtifactRecord record{.size_bytes = bytes, .decoder_profile = profile};
    if (is_delta) {
        record.base_digest = base::Digest{1};
    }
    return record;
}

std::vector<std::string> stages_of(const boost::json::array& sizes) {
    std::vector<std::string> stages;
    for (const auto& row : sizes) {
        stages.emplace_back(row.at("stage").as_string());
    }
    return stages;
}

TEST(JsonSizes, FollowsTheAuthorsChainThenListsWhatTravels) {
    core::VariantRecord variant;
    variant.stripped_bytes = 900;
    variant.artifacts = {artifact(0, 520), artifact(0, 500), artifact(2, 400),
                         artifact(2, 60, true), artifact(0, 50, true)};
    const Provenance provenance{.stages = {{"as given", 1000, 800}, {"prune", 1000, 250}}};
    const auto sizes = sizes_of(variant, &provenance);
    EXPECT_EQ(stages_of(sizes), (std::vector<std::string>{"as given", "prune", "in full, profile 0",
                                                          "in full, profile 2", "smallest delta"}))
        << "nobody ships the stripped file";
    EXPECT_EQ(sizes[1].at("packed_bytes").to_number<int>(), 250);
    EXPECT_DOUBLE_EQ(sizes[1].at("ratio").as_double(), 4.0);
    EXPECT_EQ(sizes[1].at("kind").as_string(), "stage");
    EXPECT_EQ(sizes[2].at("kind").as_string(), "encoding");
    EXPECT_EQ(sizes[2].at("packed_bytes").to_number<int>(), 500);
    EXPECT_TRUE(sizes[2].at("base_digest").is_null());
    EXPECT_EQ(sizes[4].at("kind").as_string(), "delta");
    EXPECT_TRUE(sizes[4].at("base_digest").as_string().starts_with("01"));
    EXPECT_DOUBLE_EQ(sizes[4].at("ratio").as_double(), 20.0);
}

// 27,792 in a release's note, and with the digests of 7 or 28 blocks on the air.
TEST(JsonSizes, PackedIsTheStreamWhateverTheBlocksBringAlong) {
    core::VariantRecord variant;
    for (const auto& [blocks, bytes] : {std::pair(1024U, 28'016U), {4096U, 27'848U}}) {
        variant.artifacts.push_back(artifact(2, bytes));
        variant.artifacts.back().block_bytes = blocks;
        variant.artifacts.back().list_digest = base::Digest{7};
    }
    const auto sizes = sizes_of(variant, nullptr);
    EXPECT_EQ(sizes[1].at("packed_bytes").to_number<int>(), 27'792);
    variant.artifacts.resize(1);
    EXPECT_EQ(sizes_of(variant, nullptr), sizes);
}

TEST(JsonSizes, BeginsWithTheModelWhereNoStageIsKnown) {
    const core::VariantRecord variant;
    const auto sizes = sizes_of(variant, nullptr);
    EXPECT_EQ(stages_of(sizes), std::vector<std::string>{"as given"});
    EXPECT_TRUE(sizes[0].at("ratio").is_null());
    EXPECT_TRUE(json_of(static_cast<const Provenance*>(nullptr)).is_null());
}

TEST(JsonSizes, TellsProvenance) {
    Provenance provenance{.source_digest = base::Digest{0xab}, .recipe = "int8"};
    for (const auto* figure :
         {"agreement_ppm", "accuracy_before_ppm", "accuracy_after_ppm", "output_snr_db"}) {
        EXPECT_TRUE(json_of(&provenance).at(figure).is_null()) << figure << ": nobody evaluated it";
    }
    provenance.evaluation.inputs = 8;
    provenance.evaluation.agreement_ppm = 990'000;
    provenance.evaluation.output_snr_centidb = 1234;
    const auto told = json_of(&provenance);
    EXPECT_TRUE(told.at("source_digest").as_string().starts_with("ab00"));
    EXPECT_TRUE(told.at("calibration_digest").is_null());
    EXPECT_EQ(told.at("recipe").as_string(), "int8");
    EXPECT_EQ(told.at("agreement_ppm").to_number<int>(), 990'000);
    EXPECT_DOUBLE_EQ(told.at("output_snr_db").as_double(), 12.34);
    EXPECT_TRUE(told.at("accuracy_before_ppm").is_null()) << "no labels";
}

}  // namespace
}  // namespace frugal::wire
