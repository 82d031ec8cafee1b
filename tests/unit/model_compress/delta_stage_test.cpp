// SPDX-License-Identifier: Apache-2.0
#include "model/compress/delta_stage.hpp"

#include <gtest/gtest.h>

#include "model/compress/evaluate.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/pipeline.hpp"
#include "unit/model_compress/small_network.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::base::ErrorKind;

std::uint8_t moved(std::uint8_t byte, int by) {
    return static_cast<std::uint8_t>(std::clamp(static_cast<std::int8_t>(byte) + by, -127, 127));
}

/// What training a little further makes of a network: every weight moves by a few levels, some by
/// many, one scale of a layer grows, biases follow.
frugal::test::ModelSpec trained_further(frugal::test::ModelSpec spec) {
    std::mt19937 random(3);
    for (const std::size_t index : {1U, 4U, 7U}) {
        auto& tensor = spec.tensors[index];
        for (std::uint8_t& byte : tensor.data) {
            byte = moved(byte, static_cast<int>(random() % 5) - 2);
        }
        tensor.data.front() = moved(tensor.data.front(), -40);
        tensor.scales.front() *= 1.02F;
    }
    spec.tensors[2].scales.front() = 0.05F * spec.tensors[1].scales.front();
    for (std::size_t i = 0; i < spec.tensors[2].data.size(); i += 4) {
        spec.tensors[2].data[i] ^= 5;
    }
    return spec;
}

struct World {
    Bytes base = frugal::test::ModelWriter(frugal::test::small_network()).write();
    Bytes file = frugal::test::ModelWriter(trained_further(frugal::test::small_network())).write();
    std::vector<Bytes> inputs = frugal::test::random_inputs(40, 96);

    model::Work work() const {
        model::Work work{file, inputs, file, inputs, {}};
        work.base = base;
        return work;
    }

    model::CompressInput compress_input() const {
        model::CompressInput input;
        input.file = file;
        input.calibration.inputs = inputs;
        input.base = base;
        return input;
    }
};

model::DeltaOptions options_of(double lambda) {
    model::DeltaOptions options;
    options.lambda = lambda;
    return options;
}

/// Share of the weights of all layers that two files have in common.
double common_share(const Bytes& one, const Bytes& other) {
    const auto layers = model::read_layers(one);
    std::size_t same = 0;
    std::size_t count = 0;
    for (const model::Layer& layer : *layers) {
        const auto a = model::read_levels(one, layer);
        const auto b = model::read_levels(other, layer);
        for (std::size_t i = 0; i < a.size(); ++i, ++count) {
            same += a[i] == b[i] ? 1 : 0;
        }
    }
    return static_cast<double>(same) / static_cast<double>(count);
}

TEST(DeltaStage, WithoutAPriceTheModelStaysAsItIs) {
    const World world;
    model::Work work = world.work();
    const auto layers = model::delta_stage(work, options_of(0));
    ASSERT_TRUE(layers.has_value()) << layers.error().describe();
    EXPECT_EQ(work.file, world.file);
    ASSERT_EQ(layers->size(), 3U);
    EXPECT_TRUE(std::isinf(layers->front().snr_db));
}

TEST(DeltaStage, AtAnyPriceTheModelBecomesTheBase) {
    const World world;
    model::Work work = world.work();
    const auto layers = model::delta_stage(work, options_of(1e6));
    ASSERT_TRUE(layers.has_value()) << layers.error().describe();
    EXPECT_EQ(work.file, world.base);
    for (const model::LayerReport& layer : *layers) {
        EXPECT_EQ(layer.density, 0) << layer.kind;
    }
}

TEST(DeltaStage, MoreIsKeptOfTheBaseTheMoreABitCosts) {
    const World world;
    const model::Samples samples{world.inputs, {}};
    double common_before = 0;
    double snr_before_db = INFINITY;
    for (const double lambda : {1e-6, 1e-4, 1e-2}) {
        model::Work work = world.work();
        ASSERT_TRUE(model::delta_stage(work, options_of(lambda)).has_value());
        const auto evaluation = model::evaluate(world.file, work.file, samples);
        ASSERT_TRUE(evaluation.has_value());
        const double common = common_share(work.file, world.base);
        EXPECT_GT(common, common_before) << lambda;
        EXPECT_LT(evaluation->output_snr_db, snr_before_db) << lambda;
        common_before = common;
        snr_before_db = evaluation->output_snr_db;
    }
    EXPECT_GT(common_before, 0.5);
}

TEST(DeltaStage, LosesLessThanKeepingTheBaseWouldAtHalfTheDelta) {
    const World world;
    const auto tried = [&](double lambda) {
        model::Recipe recipe;
        recipe.stages = {options_of(lambda)};
        return model::compress(world.compress_input(), recipe, {});
    };
    const auto near = tried(1e-4);
    const auto whole = tried(1e6);
    ASSERT_TRUE(near.has_value() && whole.has_value()) << near.error().describe();
    ASSERT_TRUE(near->delta_bytes_before && near->stages[0].delta_bytes);
    EXPECT_LT(*near->stages[0].delta_bytes, *near->delta_bytes_before / 2);
    EXPECT_LT(*near->stages[0].delta_bytes, near->stages[0].packed_bytes);
    EXPECT_GT(near->evaluation.output_snr_db, whole->evaluation.output_snr_db);
}

TEST(DeltaStage, LaterLayersMakeUpForWhatEarlierOnesLost) {
    const World world;
    const model::Samples samples{world.inputs, {}};
    const auto snr_db = [&](double correction) {
        model::DeltaOptions options = options_of(1e-6);
        options.correction = correction;
        model::Work work = world.work();
        EXPECT_TRUE(model::delta_stage(work, options).has_value());
        const auto evaluation = model::evaluate(world.file, work.file, samples);
        return evaluation ? evaluation->output_snr_db : 0;
    };
    EXPECT_GT(snr_db(0.1), snr_db(0) + 3);
}

TEST(DeltaStage, SameInputsSameBytes) {
    const World world;
    model::Work first = world.work();
    model::Work second = world.work();
    ASSERT_TRUE(model::delta_stage(first, options_of(1e-5)).has_value());
    ASSERT_TRUE(model::delta_stage(second, options_of(1e-5)).has_value());
    EXPECT_EQ(first.file, second.file);
}

TEST(DeltaStage, ALayerOfAnotherShapeIsLeftAlone) {
    World world;
    auto spec = frugal::test::small_network();
    spec.tensors[7] = frugal::test::weights({4, 96}, std::vector<int>(4 * 96, 9), {0.004F});
    spec.tensors[8].shape = {1, 4};
    spec.tensors[9].shape = {1, 4};
    world.base = frugal::test::ModelWriter(spec).write();
    model::Work work = world.work();
    const auto layers = model::delta_stage(work, options_of(1e6));
    ASSERT_TRUE(layers.has_value()) << layers.error().describe();
    EXPECT_EQ(layers->at(0).note, "");
    EXPECT_EQ(layers->at(2).note, "the base's layer has another shape");
    const auto own = model::read_layers(world.file);
    EXPECT_EQ(model::read_levels(work.file, own->at(2)),
              model::read_levels(world.file, own->at(2)));
}

TEST(DeltaStage, LayersThatWereTrainedApartAreLeftAlone) {
    World world;
    auto spec = frugal::test::small_network();
    spec.tensors[7] = frugal::test::small_network(2).tensors[7];
    world.base = frugal::test::ModelWriter(spec).write();
    model::Work work = world.work();
    const auto layers = model::delta_stage(work, options_of(1e-5));
    ASSERT_TRUE(layers.has_value()) << layers.error().describe();
    EXPECT_EQ(layers->at(1).note, "");
    EXPECT_EQ(layers->at(2).note, "it has nothing in common with the base's");
    work.base = frugal::test::ModelWriter(frugal::test::small_network(2)).write();
    const auto none = model::delta_stage(work, options_of(1e-5));
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().message, "delta: the model has no layer it could rewrite");
}

TEST(DeltaStage, RefusesABaseThatIsNoVersionOfTheModel) {
    World world;
    auto spec = frugal::test::small_network();
    spec.operators.pop_back();  // softmax
    spec.operators.pop_back();  // dense
    spec.outputs = {6};
    world.base = frugal::test::ModelWriter(spec).write();
    model::Work work = world.work();
    const auto other = model::delta_stage(work, {});
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().kind, ErrorKind::kUnsupported);
    EXPECT_EQ(other.error().message, "delta: the base is another network");
    EXPECT_EQ(work.file, world.file);
    work.base = Bytes(100, 7);
    const auto none = model::delta_stage(work, {});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().kind, ErrorKind::kInvalidInput);
}

TEST(DeltaStage, LeavesLayersWithoutASoundScaleAlone) {
    for (const float scale : {0.0F, -1.0F, std::nanf(""), HUGE_VALF}) {
        World world;
        const auto layers = model::read_layers(world.base);
        std::memcpy(world.base.data() + layers->front().weight_scales.offset, &scale, sizeof scale);
        model::Work work = world.work();
        const auto done = model::delta_stage(work, options_of(1e-7));
        ASSERT_TRUE(done.has_value()) << done.error().describe();
        EXPECT_NE(done->front().note, "") << scale;
        EXPECT_EQ(done->back().note, "") << scale;
    }
}

struct Compressing {
    model::CompressInput input = World().compress_input();
    model::Recipe recipe;

    Compressing() { recipe.stages = {options_of(1e-7)}; }
};

TEST(DeltaStage, TheGateRefusesAModelThatIsTooNearItsBase) {
    Compressing one;
    one.recipe.stages = {options_of(1e6)};
    one.recipe.gate.min_output_snr_db = 60;
    const auto done = model::compress(one.input, one.recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kConflict);
    EXPECT_EQ(done.error().message.rfind("gate: output_snr_db is ", 0), 0U);
}

TEST(DeltaStage, TheSearchFindsTheSmallestDeltaThatPassesTheGate) {
    Compressing one;
    one.recipe.gate.min_output_snr_db = 20;
    const auto plain = model::compress(one.input, one.recipe, {});
    ASSERT_TRUE(plain.has_value()) << plain.error().describe();
    one.recipe.search = model::Search{"lambda", 1, 1000, 8};
    const auto found = model::compress(one.input, one.recipe, {});
    ASSERT_TRUE(found.has_value()) << found.error().describe();
    EXPECT_LT(*found->stages.back().delta_bytes, *plain->stages.back().delta_bytes);
    EXPECT_GE(found->evaluation.output_snr_db, 20);
    EXPECT_EQ(found->delta_bytes_before, plain->delta_bytes_before);
}

TEST(DeltaStage, NeedsABase) {
    Compressing one;
    one.input.base.clear();
    const auto done = model::compress(one.input, one.recipe, {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(done.error().message, "stage delta: there is no base");
}

}  // namespace
