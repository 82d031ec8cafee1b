// SPDX-License-Identifier: Apache-2.0
// The memory planner and the interpreter's memory: nothing overlaps while it lives, the same model
// gets the same plan, and a model for the tiny device class fits its 2 KB.
#include "frugal/limits.h"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

OperatorSpec dense_operator(std::int32_t input, std::int32_t weight, std::int32_t output) {
    return {9, 4, {input, weight, -1}, {output}, 8, {{0, 1, 0}}, ""};
}

/// 28x28 image -> average pool 4x4 -> reshape -> dense 16 -> dense 10 -> softmax.
ModelSpec tiny_classifier() {
    Noise noise(9);
    ModelSpec spec;
    spec.tensors = {activation({1, 28, 28, 1}, 1.0f / 255, -128),
                    activation({1, 7, 7, 1}, 1.0f / 255, -128),
                    activation({1, 49}, 1.0f / 255, -128),
                    weights({16, 49}, noise.values(784, -127, 127), {0.01f}),
                    activation({1, 16}, 0.05f, -128),
                    weights({10, 16}, noise.values(160, -127, 127), {0.01f}),
                    activation({1, 10}, 0.1f, 0),
                    activation({1, 10}, 1.0f / 256, -128)};
    spec.operators = {
        {1, 2, {0}, {1}, 5, {{0, 1, 1}, {1, 4, 4}, {2, 4, 4}, {3, 4, 4}, {4, 4, 4}, {5, 1, 0}}, ""},
        {22, 1, {1}, {2}, 17, {}, ""},
        dense_operator(2, 3, 4),
        dense_operator(4, 5, 6),
        {25, 2, {6}, {7}, 9, {{0, 4, float_bits(1.0f)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {7};
    return spec;
}

TEST(PlanTest, TinyClassifierFitsTwoKilobytesWithItsState) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    ASSERT_EQ(runner.status, FR_OK);
    EXPECT_EQ(runner.plan.activation_size_bytes, 784u + 52u);
    EXPECT_LE(runner.plan.arena_size_bytes + sizeof(fr_model_t) + sizeof(fr_interpreter_t), 1024u);
    EXPECT_LE(sizeof(fr_interpreter_t) + sizeof(fr_model_t), 256u);
}

TEST(PlanTest, TheSameModelGetsTheSamePlan) {
    Bytes bytes = write_model(tiny_classifier());
    Runner first(bytes);
    Runner second(bytes);
    EXPECT_EQ(first.arena, second.arena);
}

TEST(PlanTest, WorkCountsMultiplyAccumulates) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    EXPECT_EQ(runner.plan.work, 49u * 16 + 49 + 16 * 49 + 10 * 16 + 32 * 10);
}

/// A chain of ADDs that keeps several tensors alive at once.
ModelSpec long_lived_graph() {
    ModelSpec spec;
    for (std::int32_t length : {16, 16, 16, 16, 16, 16}) {
        spec.tensors.push_back(activation({length}, 0.1f, 0));
    }
    auto add = [](std::int32_t a, std::int32_t b, std::int32_t out) {
        return OperatorSpec{0, 2, {a, b}, {out}, 11, {{0, 1, 0}}, ""};
    };
    spec.operators = {add(0, 0, 1), add(0, 1, 2), add(1, 2, 3), add(2, 3, 4), add(0, 4, 5)};
    spec.inputs = {0};
    spec.outputs = {5, 2};
    return spec;
}

TEST(PlanTest, TensorsThatLiveTogetherDoNotOverlap) {
    Bytes bytes = write_model(long_lived_graph());
    Runner runner(bytes);
    ASSERT_EQ(runner.status, FR_OK);
    runner.set_input(0, Bytes(16, 10));
    ASSERT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);
    EXPECT_EQ(as_int8(runner.output(0)), std::vector<int>(16, 90));  // 1+1=2, 3, 5, 8, 9
    EXPECT_EQ(as_int8(runner.output(1)), std::vector<int>(16, 30));
    EXPECT_EQ(runner.plan.activation_size_bytes, 64u);  // four tensors at most at one time
}

TEST(PlanTest, EveryArenaByteTooFewIsRefused) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    Bytes arena(runner.plan.arena_size_bytes);
    fr_interpreter_t interpreter;
    for (std::size_t size = 0; size < arena.size(); ++size) {
        ASSERT_EQ(fr_interpreter_init(&interpreter, &runner.model, arena.data(), size),
                  FR_ERROR_NO_SPACE)
            << size;
    }
    EXPECT_EQ(fr_interpreter_init(&interpreter, &runner.model, arena.data(), arena.size()), FR_OK);
}

TEST(PlanTest, AnUnalignedArenaWorks) {
    Bytes bytes = write_model(tiny_classifier());
    Runner aligned(bytes);
    Bytes image = int8_data(Noise(3).values(784, -128, 127));
    aligned.set_input(0, image);
    ASSERT_EQ(fr_interpreter_invoke(&aligned.interpreter), FR_OK);
    Bytes shifted(aligned.plan.arena_size_bytes + 1);
    Runner other(bytes);
    ASSERT_EQ(fr_interpreter_init(&other.interpreter, &other.model, shifted.data() + 1,
                                  shifted.size() - 1),
              FR_OK);
    other.set_input(0, image);
    ASSERT_EQ(fr_interpreter_invoke(&other.interpreter), FR_OK);
    EXPECT_EQ(other.output(), aligned.output());
}

TEST(PlanTest, ClearLeavesNothingOfTheInput) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    runner.set_input(0, Bytes(784, 0x5a));
    ASSERT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);
    fr_interpreter_clear(&runner.interpreter);
    std::size_t table = 4u * runner.model.tensor_count;
    for (std::size_t i = table; i < runner.arena.size(); ++i) {
        ASSERT_EQ(runner.arena[i], 0) << i;
    }
    runner.set_input(0, Bytes(784, 0x5a));
    EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);  // still usable
}

TEST(PlanTest, PortsBeyondTheModelAreNotFound) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    fr_tensor_t tensor;
    std::uint8_t* data = nullptr;
    const std::uint8_t* result = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(fr_model_input(&runner.model, 1, &tensor), FR_ERROR_NOT_FOUND);
    EXPECT_EQ(fr_model_output(&runner.model, 1, &tensor), FR_ERROR_NOT_FOUND);
    EXPECT_EQ(fr_model_tensor(&runner.model, 8, &tensor), FR_ERROR_NOT_FOUND);
    EXPECT_EQ(fr_interpreter_input(&runner.interpreter, 1, &data, &size), FR_ERROR_NOT_FOUND);
    EXPECT_EQ(fr_interpreter_output(&runner.interpreter, 1, &result, &size), FR_ERROR_NOT_FOUND);
}

TEST(PlanTest, MissingArgumentsAreRefused) {
    Bytes bytes = write_model(tiny_classifier());
    Runner runner(bytes);
    fr_plan_t plan;
    EXPECT_EQ(fr_model_plan(nullptr, bytes.data(), 1, &plan), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_interpreter_init(nullptr, &runner.model, bytes.data(), 1), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_interpreter_invoke(nullptr), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_model_open(nullptr, bytes.data(), bytes.size(), nullptr), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_model_open(&runner.model, nullptr, 5, nullptr), FR_ERROR_ARGUMENT);
}

}  // namespace
}  // namespace frugal::test
