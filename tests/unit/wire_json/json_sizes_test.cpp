// SPDX-License-Identifier: Apache-2.0
#include "wire/json_sizes.hpp"

#include <gtest/gtest.h>

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

TEST(JsonSizes, ListsTheAuthorsStagesThenWhatTheGatewayMade) {
    core::VariantRecord variant;
    variant.stripped_bytes = 900;
    variant.artifacts = {artifact(0, 520), artifact(0, 500), artifact(2, 400),
                         artifact(2, 60, true), artifact(0, 50, true)};
    const Provenance provenance{.stages = {{"as given", 1000, 800}, {"prune", 1000, 250}}};
    const auto sizes = sizes_of(variant, &provenance);
    EXPECT_EQ(stages_of(sizes),
              (std::vector<std::string>{"as given", "prune", "stripped", "encoded, profile 0",
                                        "encoded, profile 2", "smallest delta"}));
    EXPECT_EQ(sizes[1].at("packed_bytes").to_number<int>(), 250);
    EXPECT_DOUBLE_EQ(sizes[1].at("ratio").as_double(), 4.0);
    EXPECT_EQ(sizes[2].at("file_bytes").to_number<int>(), 900);
    EXPECT_TRUE(sizes[2].at("packed_bytes").is_null());
    EXPECT_EQ(sizes[3].at("packed_bytes").to_number<int>(), 500) << "the smallest block list";
    EXPECT_DOUBLE_EQ(sizes[5].at("ratio").as_double(), 20.0);
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
    provenance.evaluation.agreement_ppm = 990'000;
    provenance.evaluation.output_snr_centidb = 1234;
    const auto told = json_of(&provenance);
    EXPECT_TRUE(told.at("source_digest").as_string().starts_with("ab00"));
    EXPECT_TRUE(told.at("calibration_digest").is_null());
    EXPECT_EQ(told.at("recipe").as_string(), "int8");
    EXPECT_EQ(told.at("agreement_ppm").to_number<int>(), 990'000);
    EXPECT_DOUBLE_EQ(told.at("output_snr_db").as_double(), 12.34);
}

}  // namespace
}  // namespace frugal::wire
