// SPDX-License-Identifier: Apache-2.0
// A stranger's model in a confined child: what is wrong with it is said as if the daemon had read
// it itself.
#include "app/sandbox/model_trial.hpp"

#include <gtest/gtest.h>

#include "model/tflite/summary.hpp"
#include "support/model_files.hpp"

namespace frugal::app {
namespace {

using test::project_model;

const ModelTrial& trial() {
    static const ModelTrial trial(FRUGAL_CONFINED_CHILD);
    return trial;
}

TEST(ModelTrial, SurvivesGoodModels) {
    const auto tiny = project_model("fashion-tiny-1.tflite");
    ASSERT_FALSE(tiny.empty());
    const auto device = trial().run(TrialKind::kDeviceModel, tiny, "variant tiny");
    EXPECT_TRUE(device) << device.error().describe();
    const auto edge =
        trial().run(TrialKind::kEdgeModel, project_model("fashion-edge.tflite"), "edge model");
    EXPECT_TRUE(edge) << edge.error().describe();
}

TEST(ModelTrial, TakesATreeAsAVariantAndAsABase) {
    auto tree = project_model("fashion-bonsai.frbn");
    for (const auto kind : {TrialKind::kDeviceModel, TrialKind::kDeltaBase}) {
        const auto tried = trial().run(kind, tree, "tree");
        EXPECT_TRUE(tried) << tried.error().describe();
    }
    tree.resize(tree.size() - 3);
    for (const auto kind : {TrialKind::kDeviceModel, TrialKind::kDeltaBase}) {
        const auto tried = trial().run(kind, tree, "tree");
        ASSERT_FALSE(tried);
        EXPECT_NE(tried.error().message.find("tree: model: Bonsai container is cut short"),
                  std::string::npos)
            << tried.error().describe();
    }
}

TEST(ModelTrial, ReadsABaseWithoutRunningIt) {
    const auto base = project_model("fashion-small-1.tflite");
    const auto tried = trial().run(TrialKind::kDeltaBase, base, "base");
    EXPECT_TRUE(tried) << tried.error().describe();
    EXPECT_FALSE(trial().run(TrialKind::kDeltaBase, base::Bytes(300, 7), "base"));
}

#ifdef FRUGAL_HAS_ONNX
TEST(ModelTrial, TakesAnOnnxNetworkToo) {
    const auto network = test::read_file(FRUGAL_TEST_ONNX);
    ASSERT_FALSE(network.empty());
    const auto tried = trial().run(TrialKind::kEdgeModel, network, "edge model");
    EXPECT_TRUE(tried) << tried.error().describe();
}
#endif

TEST(ModelTrial, SaysWhatTheReaderFoundWrongAndWhere) {
    auto bytes = project_model("fashion-tiny-1.tflite");
    std::size_t refused = 0;
    for (std::size_t at = 8; at < 4096 && refused < 12; at += 97) {
        auto damaged = bytes;
        damaged[at] ^= 0x80;
        const auto direct = model::read_model(damaged);
        if (direct) {
            continue;
        }
        ++refused;
        const auto tried = trial().run(TrialKind::kDeviceModel, damaged, "variant m4");
        ASSERT_FALSE(tried) << at;
        EXPECT_EQ(tried.error().kind, direct.error().kind);
        EXPECT_EQ(tried.error().message, "variant m4: " + direct.error().message);
        EXPECT_EQ(tried.error().remedy, direct.error().remedy);
    }
    EXPECT_GT(refused, 2U);
    bytes.resize(bytes.size() / 2);
    EXPECT_FALSE(trial().run(TrialKind::kDeviceModel, bytes, "variant m4"));
    EXPECT_FALSE(trial().run(TrialKind::kEdgeModel, {}, "edge model"));
}

TEST(ModelTrial, DoesNotBelieveEverythingAChildSays) {
    const auto outcome = ModelTrial("/bin/echo").run(TrialKind::kDeviceModel, {}, "variant m4");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "variant m4: its reader gave no proper answer");
}

TEST(ModelTrial, GivesALargerModelMore) {
    EXPECT_GT(trial_limits(64U << 20).memory_bytes, trial_limits(0).memory_bytes + (1U << 30) - 1);
    EXPECT_GT(trial_limits(64U << 20).cpu_seconds, trial_limits(0).cpu_seconds);
}

}  // namespace
}  // namespace frugal::app
