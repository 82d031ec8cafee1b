// SPDX-License-Identifier: Apache-2.0
#include "inference/engine.hpp"

#include "frugal/classify.h"
#include "unit/inference/classifier_model.hpp"

namespace frugal::inference {
namespace {

using test::Bytes;
using test::int8_data;

TEST(EngineTest, ClassifiesWithConfidenceAndMargin) {
    auto engine = Engine::load(test::write_model(test::classifier()));
    ASSERT_TRUE(engine) << engine.error().describe();
    EXPECT_EQ(engine->input_size(), 4u);
    EXPECT_EQ(engine->class_count(), 3u);
    auto result = engine->classify(int8_data({0, 30, 0, 0}));
    ASSERT_TRUE(result);
    // e^3 : 1 : 1, so 0.909 and 0.045 of 256.
    EXPECT_EQ(result->class_index, 1);
    EXPECT_EQ(result->confidence_q8, 233);
    EXPECT_EQ(result->margin_q8, 233 - 12);
    EXPECT_EQ(result->probability_q8, (std::vector<std::uint8_t>{12, 233, 12}));
    EXPECT_FLOAT_EQ(result->probability[1], 233 / 256.0f);
}

TEST(EngineTest, AgreesWithTheNodeBitForBit) {
    Bytes bytes = test::write_model(test::classifier());
    auto engine = Engine::load(bytes);
    ASSERT_TRUE(engine);
    test::Runner node(bytes);
    fr_tensor_t tensor;
    ASSERT_EQ(fr_model_output(&node.model, 0, &tensor), FR_OK);
    test::Noise noise(4);
    for (int round = 0; round < 200; ++round) {
        Bytes input = int8_data(noise.values(4, -128, 127));
        node.set_input(0, input);
        ASSERT_EQ(fr_interpreter_invoke(&node.interpreter), FR_OK);
        fr_classification_t decided;
        ASSERT_EQ(fr_classify_output(&tensor, node.output().data(), &decided), FR_OK);
        auto answered = engine->classify(input);
        ASSERT_TRUE(answered);
        EXPECT_EQ(answered->class_index, decided.class_index);
        EXPECT_EQ(answered->confidence_q8, decided.confidence_q8);
        EXPECT_EQ(answered->margin_q8, decided.margin_q8);
    }
}

TEST(EngineTest, KeepsNothingOfAnInput) {
    auto engine = Engine::load(test::write_model(test::classifier()));
    ASSERT_TRUE(engine);
    ASSERT_TRUE(engine->classify(int8_data({99, 98, 97, 96})));
    for (std::uint8_t byte : engine->model()->output(0)) {
        EXPECT_EQ(byte, 0);
    }
}

TEST(EngineTest, ABatchHasOneResultForEachInputInTheirOrder) {
    auto engine = Engine::load(test::write_model(test::classifier()));
    ASSERT_TRUE(engine);
    const Bytes first = int8_data({0, 0, 30, 0});
    const Bytes wrong(3);
    const Bytes last = int8_data({0, 30, 0, 0});
    const std::vector<base::ByteView> inputs = {first, wrong, last};
    const auto results = engine->classify_batch(inputs);
    ASSERT_EQ(results.size(), 3u);
    ASSERT_TRUE(results[0] && results[2]) << "the bad one in between is its own affair";
    EXPECT_EQ(results[0]->class_index, 2);
    EXPECT_EQ(results[1].error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_EQ(results[2]->class_index, 1);
    EXPECT_TRUE(engine->classify_batch({}).empty());
}

TEST(EngineTest, SurvivesAMove) {
    auto loaded = Engine::load(test::write_model(test::classifier()));
    ASSERT_TRUE(loaded);
    Engine moved = std::move(*loaded);
    EXPECT_EQ(moved.classify(int8_data({0, 0, 30, 0}))->class_index, 2);
}

TEST(EngineTest, AWrongSizeIsAnErrorAndTheNextInputStillWorks) {
    auto engine = Engine::load(test::write_model(test::classifier()));
    ASSERT_TRUE(engine);
    EXPECT_EQ(engine->classify(Bytes(3)).error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_TRUE(engine->classify(Bytes(4)));
}

TEST(EngineTest, WhatIsNoClassifierIsRefused) {
    test::ModelSpec spec = test::classifier();
    spec.operators.pop_back();
    spec.outputs = {2};
    auto engine = Engine::load(test::write_model(spec));
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().kind, base::ErrorKind::kUnsupported);
    EXPECT_THAT(engine.error().describe(), testing::HasSubstr("end the model with a softmax"));
}

}  // namespace
}  // namespace frugal::inference
