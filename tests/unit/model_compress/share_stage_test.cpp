// SPDX-License-Identifier: Apache-2.0
#include "model/compress/share_stage.hpp"

#include <gtest/gtest.h>

#include <set>

#include "model/compress/layer_values.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/prune_stage.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;

model::Work make_work() {
    model::Work work;
    work.original = frugal::test::ModelWriter(frugal::test::small_network()).write();
    work.original_inputs = frugal::test::random_inputs(30, 96);
    work.file = work.original;
    work.inputs = work.original_inputs;
    return work;
}

std::vector<std::set<int>> values_of(const Bytes& file) {
    std::vector<std::set<int>> values;
    const auto layers = model::read_layers(file);
    for (const auto& layer : *layers) {
        const auto levels = model::read_levels(file, layer);
        values.emplace_back(levels.begin(), levels.end());
        values.back().erase(0);
    }
    return values;
}

TEST(ShareStage, LeavesEachLayerAFewValues) {
    model::Work work = make_work();
    const auto reports = model::share_stage(work, {.bits = 2, .depthwise_bits = 3});
    ASSERT_TRUE(reports.has_value()) << reports.error().describe();
    const auto values = values_of(work.file);
    const auto before = values_of(work.original);
    ASSERT_EQ(reports->size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t most = (*reports)[i].kind == "depthwise" ? 8 : 4;
        EXPECT_GT(before[i].size(), most) << i;
        EXPECT_LE(values[i].size(), most) << i;
        EXPECT_GE(values[i].size(), 2U) << i;
        EXPECT_GT((*reports)[i].snr_db, 3) << i;
    }
    EXPECT_EQ(work.file.size(), work.original.size());
    EXPECT_LT(*model::packed_size(work.file), *model::packed_size(work.original));
}

TEST(ShareStage, MoreBitsAreCloserToTheOriginal) {
    double before = 0;
    for (const int bits : {1, 3, 5}) {
        model::Work work = make_work();
        const auto reports = model::share_stage(work, {.bits = bits, .depthwise_bits = bits});
        ASSERT_TRUE(reports.has_value());
        EXPECT_GT(reports->front().snr_db, before) << bits;
        before = reports->front().snr_db;
    }
}

TEST(ShareStage, KeepsZeros) {
    model::Work work = make_work();
    ASSERT_TRUE(model::prune_stage(work, {.method = "magnitude", .density = 0.3}).has_value());
    const Bytes pruned = work.file;
    ASSERT_TRUE(model::share_stage(work, {.bits = 3, .depthwise_bits = 3}).has_value());
    const auto layers = model::read_layers(pruned);
    std::size_t zeros = 0;
    for (const auto& layer : *layers) {
        const auto before = model::read_levels(pruned, layer);
        const auto now = model::read_levels(work.file, layer);
        for (std::size_t i = 0; i < before.size(); ++i) {
            zeros += before[i] == 0 ? 1U : 0U;
            EXPECT_TRUE(before[i] != 0 || now[i] == 0);
        }
    }
    EXPECT_GT(zeros, 50U);
}

}  // namespace
