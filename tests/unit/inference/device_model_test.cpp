// SPDX-License-Identifier: Apache-2.0
// What the gateway states of a model is what a node finds: both forms, and state between runs.
#include "inference/device_model.hpp"

#include <gtest/gtest.h>

#include "frugal/self_test.h"
#include "support/model_files.hpp"

namespace frugal::inference {
namespace {

using test::project_model;

base::Bytes noise(std::size_t size, std::uint32_t seed) {
    base::Bytes input(size);
    fr_self_test_input(seed, input.data(), input.size());
    return input;
}

TEST(DeviceModel, ATreeNeedsItsInputAndOneOperator) {
    const auto file = project_model("fashion-bonsai.frbn");
    auto model = DeviceModel::load(file);
    ASSERT_TRUE(model) << model.error().describe();
    const auto& needs = model->needs();
    EXPECT_EQ(needs.arena_bytes, 784U);
    EXPECT_EQ(needs.state_bytes, 0U);
    EXPECT_EQ(needs.input_bytes, 784U);
    EXPECT_EQ(needs.classes, 10U);
    EXPECT_EQ(needs.operators, std::vector<std::uint32_t>{FR_OPERATOR_BONSAI});
    EXPECT_GT(needs.work, 900U);
}

TEST(DeviceModel, ATreeGivesItsScoresAfterAMoveToo) {
    const auto file = project_model("mnist-2-bonsai.frbn");
    auto loaded = DeviceModel::load(file);
    ASSERT_TRUE(loaded);
    DeviceModel model = std::move(*loaded);
    fr_bonsai_t tree;
    ASSERT_EQ(fr_bonsai_open(&tree, file.data(), file.size()), FR_OK);
    for (std::uint32_t seed = 1; seed < 20; ++seed) {
        const auto input = noise(784, seed);
        std::int32_t scores[FR_CLASSES_MAX] = {};
        ASSERT_EQ(fr_bonsai_scores(&tree, reinterpret_cast<const std::int8_t*>(input.data()),
                                   input.size(), scores),
                  FR_OK);
        const auto output = model.run(input);
        ASSERT_TRUE(output);
        ASSERT_EQ(output->size(), 4U);
        std::uint32_t found = 0;
        for (int i = 3; i >= 0; --i) {
            found = found << 8 | (*output)[static_cast<std::size_t>(i)];
        }
        EXPECT_EQ(static_cast<std::int32_t>(found), scores[0]);
    }
    EXPECT_EQ(model.run(noise(783, 1)).error().kind, base::ErrorKind::kInvalidInput);
}

TEST(DeviceModel, RefusesWhatIsNeitherForm) {
    auto cut = project_model("fashion-bonsai.frbn");
    cut.pop_back();
    EXPECT_EQ(DeviceModel::load(cut).error().kind, base::ErrorKind::kInvalidInput);
    auto later = project_model("fashion-bonsai.frbn");
    later[4] = 2;
    EXPECT_EQ(DeviceModel::load(later).error().kind, base::ErrorKind::kUnsupported);
    EXPECT_FALSE(DeviceModel::load({}));
}

TEST(DeviceModel, EveryRunOfAStreamingModelBeginsAnew) {
    const auto file = test::shared_model("mww2_okay_nabu_20241001.tflite");
    if (file.empty()) {
        GTEST_SKIP() << "no shared models; set FRUGAL_SHARED_DIR";
    }
    auto model = DeviceModel::load(file);
    ASSERT_TRUE(model) << model.error().describe();
    ASSERT_GT(model->needs().state_bytes, 0U);
    const auto input = noise(model->needs().input_bytes, 7);
    const auto first = model->run(input);
    ASSERT_TRUE(first);
    ASSERT_TRUE(model->run(noise(input.size(), 8)));
    EXPECT_EQ(model->run(input).value(), *first);
}

}  // namespace
}  // namespace frugal::inference
