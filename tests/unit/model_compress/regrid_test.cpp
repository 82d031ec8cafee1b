// SPDX-License-Identifier: Apache-2.0
#include "model/compress/regrid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "model/compress/evaluate.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/prune_stage.hpp"
#include "model/compress/round_scales.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;

/// Bytes a stage may change: weights, biases and scales of every layer.
std::set<std::size_t> rewritable(const std::vector<model::Layer>& layers) {
    std::set<std::size_t> places;
    const auto add = [&](const model::ByteRange& range) {
        for (std::size_t i = 0; i < range.size; ++i) {
            places.insert(range.offset + i);
        }
    };
    for (const model::Layer& layer : layers) {
        add(layer.weights);
        add(layer.weight_scales);
        add(layer.bias.value_or(model::ByteRange{}));
        add(layer.bias_scales.value_or(model::ByteRange{}));
    }
    return places;
}

struct Done {
    Bytes file;
    std::vector<model::LayerReport> layers;
};

frugal::base::Result<Done> regrid(const Bytes& file, const std::vector<Bytes>& inputs,
                                  const model::RegridOptions& options) {
    model::Work work{file, inputs, file, inputs, {}};
    auto layers = model::regrid(work, options);
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    return Done{work.file, *layers};
}

struct World {
    Bytes file = frugal::test::ModelWriter(frugal::test::small_network()).write();
    std::vector<Bytes> inputs = frugal::test::random_inputs(40, 96);
};

TEST(Regrid, ChangesNothingButWeightsBiasesAndScales) {
    const World world;
    const auto done = regrid(world.file, world.inputs, {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    const auto layers = model::read_layers(world.file);
    ASSERT_TRUE(layers.has_value());
    const auto places = rewritable(*layers);
    ASSERT_EQ(done->file.size(), world.file.size());
    std::size_t changed = 0;
    for (std::size_t i = 0; i < world.file.size(); ++i) {
        changed += done->file[i] != world.file[i] ? 1 : 0;
        EXPECT_TRUE(done->file[i] == world.file[i] || places.count(i) == 1) << "byte " << i;
    }
    EXPECT_GT(changed, 100U);
}

TEST(Regrid, GivesAModelThatRunsAndIsNear) {
    const World world;
    const auto fine =
        regrid(world.file, world.inputs, {.step = 4, .depthwise_step = 4, .lambda = 0});
    const auto coarse =
        regrid(world.file, world.inputs, {.step = 40, .depthwise_step = 8, .lambda = 1e-5});
    ASSERT_TRUE(fine.has_value() && coarse.has_value());
    const model::Samples samples{world.inputs, {}};
    const auto near = model::evaluate(world.file, fine->file, samples);
    const auto far = model::evaluate(world.file, coarse->file, samples);
    ASSERT_TRUE(near.has_value() && far.has_value());
    EXPECT_GE(near->agreement, 0.95);
    EXPECT_GT(near->output_snr_db, 20);
    EXPECT_GT(near->output_snr_db, far->output_snr_db);
    ASSERT_EQ(coarse->layers.size(), 3U);
    EXPECT_LT(coarse->layers[0].bits_per_weight, fine->layers[0].bits_per_weight);
    EXPECT_LT(coarse->layers[0].density, 1);
}

TEST(Regrid, OneStepForAllChannels) {
    const World world;
    const auto done = regrid(world.file, world.inputs, {});
    ASSERT_TRUE(done.has_value());
    const auto layers = model::read_layers(done->file);
    ASSERT_TRUE(layers.has_value());
    for (const model::Layer& layer : *layers) {
        const auto values = model::read_values(done->file, layer);
        const std::set<float> steps(values.scales.begin(), values.scales.end());
        EXPECT_EQ(steps.size(), 1U);
    }
}

TEST(Regrid, SameInputsSameBytes) {
    const World world;
    const auto first = regrid(world.file, world.inputs, {});
    const auto second = regrid(world.file, world.inputs, {});
    ASSERT_TRUE(first.has_value() && second.has_value());
    EXPECT_EQ(first->file, second->file);
}

TEST(Regrid, RefusesInputsOfTheWrongSizeAndNone) {
    const World world;
    const auto odd = regrid(world.file, frugal::test::random_inputs(1, 95), {});
    ASSERT_FALSE(odd.has_value());
    EXPECT_EQ(odd.error().kind, frugal::base::ErrorKind::kInvalidInput);
    EXPECT_NE(odd.error().message.find("95 bytes given, 96 expected"), std::string::npos);
    EXPECT_FALSE(regrid(world.file, {}, {}).has_value());
}

TEST(Regrid, ALayerOfMoreInputsThanCanBeWeighedIsRefused) {
    std::mt19937 random(3);
    frugal::test::ModelSpec spec;
    spec.tensors = {
        frugal::test::activation({1, 32'768}, 0.05F, -10),
        frugal::test::weights({1, 32'768}, frugal::test::random_levels(32'768, random), {0.004F}),
        frugal::test::activation({1, 1}, 0.5F, 3)};
    spec.operators = {{9, 4, {0, 1, -1}, {2}, 8, {{0, 1, 0}}, ""}};
    spec.inputs = {0};
    spec.outputs = {2};
    const auto done =
        regrid(frugal::test::ModelWriter(spec).write(), frugal::test::random_inputs(2, 32'768), {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, frugal::base::ErrorKind::kLimit);
    const std::string words = done.error().describe();
    EXPECT_NE(words.find("layer tensor 1"), std::string::npos) << words;
    EXPECT_NE(words.find("32768 inputs"), std::string::npos) << words;
    EXPECT_NE(words.find("limit of 1024 MiB"), std::string::npos) << words;
    EXPECT_FALSE(done.error().remedy.empty());
}

TEST(Regrid, LeavesSharedWeightsAlone) {
    auto spec = frugal::test::small_network();
    // A second dense layer reads the same weights: rewriting them for one would change the other.
    spec.tensors.push_back(frugal::test::activation({1, 5}, 0.5F, 3));
    spec.operators.push_back({9, 4, {6, 7, -1}, {10}, 8, {{0, 1, 0}}, ""});
    const Bytes file = frugal::test::ModelWriter(spec).write();
    const auto done = regrid(file, frugal::test::random_inputs(10, 96), {});
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    ASSERT_EQ(done->layers.size(), 4U);
    EXPECT_EQ(done->layers[2].note, "its weights are shared with another layer");
    const auto layers = model::read_layers(file);
    ASSERT_TRUE(layers.has_value());
    const auto& range = (*layers)[2].weights;
    EXPECT_TRUE(std::equal(file.begin() + static_cast<std::ptrdiff_t>(range.offset),
                           file.begin() + static_cast<std::ptrdiff_t>(range.offset + range.size),
                           done->file.begin() + static_cast<std::ptrdiff_t>(range.offset)));
}

double density_of(const Bytes& file, std::size_t index) {
    const auto layers = model::read_layers(file);
    const auto levels = model::read_levels(file, layers->at(index));
    const auto zeros = std::count(levels.begin(), levels.end(), 0);
    return 1 - static_cast<double>(zeros) / static_cast<double>(levels.size());
}

TEST(PruneStage, LeavesTheDensityAskedForAndObcIsNearest) {
    const World world;
    std::map<std::string, double> snr_db;
    for (const char* method : {"obc", "obd", "magnitude"}) {
        model::Work work{world.file, world.inputs, world.file, world.inputs, {}};
        const auto reports = model::prune_stage(work, {.method = method, .density = 0.4});
        ASSERT_TRUE(reports.has_value()) << reports.error().describe();
        EXPECT_NEAR(density_of(work.file, 0), 0.4, 0.03) << method;
        EXPECT_NEAR(density_of(work.file, 2), 0.4, 0.03) << method;
        EXPECT_GT(density_of(work.file, 1), 0.9) << method << ": depthwise is left alone";
        snr_db[method] = reports->at(0).snr_db;
    }
    EXPECT_GT(snr_db["obc"], snr_db["magnitude"]);
    EXPECT_GT(snr_db["obc"], snr_db["obd"]);
}

TEST(PruneStage, RegriddingKeepsTheZeros) {
    const World world;
    model::Work work{world.file, world.inputs, world.file, world.inputs, {}};
    ASSERT_TRUE(model::prune_stage(work, {.density = 0.5}).has_value());
    const auto layers = model::read_layers(work.file);
    ASSERT_TRUE(layers.has_value());
    const auto before = model::read_levels(work.file, layers->at(2));
    ASSERT_TRUE(model::regrid(work, {.step = 4, .lambda = 0}).has_value());
    const auto after = model::read_levels(work.file, layers->at(2));
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i] == 0) {
            EXPECT_EQ(after[i], 0) << i;
        }
    }
}

TEST(RoundScales, KeepsWeightsAndNearlyTheOutputs) {
    const World world;
    const auto rounded = model::round_scales(world.file, {.mantissa_bits = 7});
    ASSERT_TRUE(rounded.has_value());
    EXPECT_NE(*rounded, world.file);
    const auto layers = model::read_layers(world.file);
    ASSERT_TRUE(layers.has_value());
    for (const model::Layer& layer : *layers) {
        EXPECT_EQ(model::read_levels(world.file, layer), model::read_levels(*rounded, layer));
    }
    const auto evaluation = model::evaluate(world.file, *rounded, {world.inputs, {}});
    ASSERT_TRUE(evaluation.has_value());
    EXPECT_GT(evaluation->output_snr_db, 25);
}

TEST(RoundScales, RoundsToTheNearestShortMantissa) {
    EXPECT_EQ(model::round_mantissa(1.0F, 7), 1.0F);
    EXPECT_EQ(model::round_mantissa(1.0F + 1.0F / 256, 7), 1.0F + 1.0F / 128);
    EXPECT_EQ(model::round_mantissa(1.0F + 1.0F / 300, 7), 1.0F);
    EXPECT_EQ(model::round_mantissa(1.999F, 3), 2.0F);
    EXPECT_EQ(model::round_mantissa(0.3F, 23), 0.3F);
}

}  // namespace
