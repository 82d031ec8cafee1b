// SPDX-License-Identifier: Apache-2.0
#include "model/codec/model_plan.hpp"

#include <gtest/gtest.h>

#include "model/bonsai/bonsai.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "support/model_files.hpp"

namespace frugal::model {
namespace {

using test::project_model;

TEST(ModelPlan, NamesTheDensePartsOfATree) {
    const auto tree = project_model("mnist-2-bonsai.frbn");
    const auto summary = read_bonsai(tree);
    ASSERT_TRUE(summary);
    const auto plan = plan_of_model(tree);
    ASSERT_EQ(plan.regions.size(), 3U);
    std::size_t place = summary->header_bytes + summary->projection_bytes;
    for (const auto& region : plan.regions) {
        EXPECT_EQ(region.kind, RegionKind::kWeights);
        EXPECT_EQ(region.offset, place);
        EXPECT_EQ(region.columns, summary->features + 1);
        EXPECT_EQ(std::size_t{region.rows} * region.columns, region.size_bytes);
        place += region.size_bytes;
    }
    EXPECT_EQ(place, tree.size());
    EXPECT_EQ(plan.regions[0].rows, summary->nodes / 2) << "one branch an inner node";
    EXPECT_EQ(plan.regions[2].rows, summary->nodes * summary->score_rows);
}

TEST(ModelPlan, LeavesOutWhatATreeDoesNotHave) {
    // One feature over one input, no levels, two classes: a gate and a score of two weights each.
    const base::Bytes stump = {'F', 'R', 'B', 'N', 1, 1, 0, 2, 1,    0, 0, 0, 0, 0,
                               0,   0,   1,   0,   0, 0, 1, 0, 0x10, 1, 2, 3, 4};
    ASSERT_TRUE(open_bonsai(stump)) << open_bonsai(stump).error().describe();
    EXPECT_EQ(plan_of_model(stump).regions.size(), 2U);
}

TEST(ModelPlan, TellsTheFormsApart) {
    const auto tflite = project_model("fashion-tiny-1.tflite");
    EXPECT_EQ(plan_of_model(tflite).regions.size(), plan_of_tflite(tflite).regions.size());
    auto cut = project_model("mnist-2-bonsai.frbn");
    cut.pop_back();
    EXPECT_TRUE(plan_of_model(cut).regions.empty());
    EXPECT_TRUE(plan_of_model({}).regions.empty());
}

TEST(ModelPlan, ATreeComesBackInEveryProfileAndAsADelta) {
    const auto tree = project_model("fashion-bonsai.frbn");
    auto tuned = tree;
    for (std::size_t i = tree.size() - 300; i < tree.size(); i += 30) {
        tuned[i] ^= 1;
    }
    for (std::uint8_t profile = 0; profile < 3; ++profile) {
        const auto full = encode_with_statistics(tree, plan_of_model(tree), {profile, {}, {}});
        ASSERT_TRUE(full) << full.error().describe();
        EXPECT_EQ(decode(full->stream, tree.size()).value(), tree);
        const auto delta = encode_with_statistics(tuned, plan_of_model(tuned),
                                                  {profile, tree, plan_of_model(tree)});
        ASSERT_TRUE(delta) << delta.error().describe();
        EXPECT_TRUE(delta->is_delta);
        EXPECT_LT(delta->stream.size(), full->stream.size() / 4);
        EXPECT_EQ(decode(delta->stream, tuned.size(), tree).value(), tuned);
    }
}

}  // namespace
}  // namespace frugal::model
