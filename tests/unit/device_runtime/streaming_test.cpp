// SPDX-License-Identifier: Apache-2.0
// Variables: what a streaming model remembers, for how long, and what is refused.
#include <functional>

#include "unit/device_runtime/run_support.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::test {
namespace {

const std::vector<int> kFirst = {10, 20, 30, 40};
const std::vector<int> kSecond = {-1, -2, -3, -4};

std::vector<int> step(Runner& runner, const std::vector<int>& input) {
    runner.set_input(0, int8_data(input));
    EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);
    return as_int8(runner.output());
}

TEST(StreamingTest, RemembersFromOneInferenceToTheNext) {
    Bytes model = write_model(delay_model());
    Runner runner(model);
    ASSERT_EQ(runner.status, FR_OK) << fr_model_reason_text(runner.problem.reason);
    EXPECT_EQ(runner.plan.state_size_bytes, 8u);
    EXPECT_THAT(step(runner, kFirst), testing::ElementsAre(1, 2, 3, 4, -5, -6, -7, -8));
    EXPECT_THAT(step(runner, kSecond), testing::ElementsAre(10, 20, 30, 40, 1, 2, 3, 4));
    EXPECT_THAT(step(runner, kFirst), testing::ElementsAre(-1, -2, -3, -4, 10, 20, 30, 40));
}

TEST(StreamingTest, AResetGoesBackToWhatCallOnceAssigns) {
    Bytes model = write_model(delay_model());
    Runner runner(model);
    step(runner, kFirst);
    ASSERT_EQ(fr_state_reset(&runner.model, runner.state.data(), runner.state.size()), FR_OK);
    EXPECT_THAT(step(runner, kSecond), testing::ElementsAre(1, 2, 3, 4, -5, -6, -7, -8));
}

TEST(StreamingTest, WithoutCallOnceVariablesStartAtTheZeroPoint) {
    ModelSpec spec = delay_model();
    spec.operators.erase(spec.operators.begin());
    spec.once = {};
    Bytes model = write_model(spec);
    Runner runner(model);
    ASSERT_EQ(runner.status, FR_OK);
    EXPECT_THAT(step(runner, kFirst), testing::Each(9));
}

TEST(StreamingTest, InstancesOfOneModelShareNothing) {
    Bytes bytes = write_model(delay_model());
    Runner first(bytes);
    Runner second(bytes);
    step(first, kFirst);
    EXPECT_THAT(step(second, kSecond), testing::ElementsAre(1, 2, 3, 4, -5, -6, -7, -8));
    EXPECT_THAT(step(first, kSecond), testing::ElementsAre(10, 20, 30, 40, 1, 2, 3, 4));
}

TEST(StreamingTest, TheStateSurvivesALostArena) {
    Bytes bytes = write_model(delay_model());
    Runner runner(bytes);
    step(runner, kFirst);
    // A node lends its arena to others between two inferences.
    std::fill(runner.arena.begin(), runner.arena.end(), std::uint8_t{0xee});
    ASSERT_EQ(fr_interpreter_init(&runner.interpreter, &runner.model, runner.arena.data(),
                                  runner.arena.size()),
              FR_OK);
    ASSERT_EQ(
        fr_interpreter_bind_state(&runner.interpreter, runner.state.data(), runner.state.size()),
        FR_OK);
    EXPECT_THAT(step(runner, kSecond), testing::ElementsAre(10, 20, 30, 40, 1, 2, 3, 4));
}

TEST(StreamingTest, WithoutItsStateItDoesNotRun) {
    Bytes bytes = write_model(delay_model());
    Runner runner(bytes);
    ASSERT_EQ(fr_interpreter_init(&runner.interpreter, &runner.model, runner.arena.data(),
                                  runner.arena.size()),
              FR_OK);
    EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_interpreter_bind_state(&runner.interpreter, runner.state.data(), 7),
              FR_ERROR_NO_SPACE);
    EXPECT_EQ(fr_interpreter_bind_state(&runner.interpreter, nullptr, 8), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_state_reset(&runner.model, runner.state.data(), 7), FR_ERROR_NO_SPACE);
}

TEST(StreamingTest, ASetWithoutTheOperatorsRefusesTheModel) {
    Bytes bytes = write_model(delay_model());
    fr_model_t model;
    fr_model_problem_t problem;
    EXPECT_EQ(fr_model_open_with(&model, &fr_operators_base, bytes.data(), bytes.size(), &problem),
              FR_ERROR_UNSUPPORTED);
    EXPECT_EQ(problem.reason, FR_MODEL_OPERATOR_MISSING);
    EXPECT_EQ(problem.operator_code, kCallOnce);
}

TEST(StreamingTest, ASetOfTheCallersOwnIsEnough) {
    static const fr_kernel_t* const kernels[] = {
        &fr_kernel_call_once, &fr_kernel_variable_handle, &fr_kernel_read_variable,
        &fr_kernel_assign_variable, &fr_kernel_concatenation};
    const fr_operator_set_t set = {kernels, 5};
    Bytes bytes = write_model(delay_model());
    fr_model_t model;
    EXPECT_EQ(fr_model_open_with(&model, &set, bytes.data(), bytes.size(), nullptr), FR_OK);
    EXPECT_EQ(fr_state_size(&model), 8u);
}

struct RefusalCase {
    const char* name;
    std::function<void(ModelSpec&)> spoil;
    fr_model_reason_t reason;
};

class StreamingRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(StreamingRefusalTest, SaysWhy) {
    ModelSpec spec = delay_model();
    GetParam().spoil(spec);
    Bytes bytes = write_model(spec);
    Runner runner(bytes);
    EXPECT_NE(runner.status, FR_OK);
    EXPECT_EQ(runner.problem.reason, GetParam().reason)
        << fr_model_reason_text(runner.problem.reason);
}

const RefusalCase kRefusals[] = {
    {"handle_is_no_resource", [](ModelSpec& m) { m.tensors[1].type = kInt32; },
     FR_MODEL_TENSOR_TYPE},
    {"read_of_no_handle", [](ModelSpec& m) { m.operators[3].inputs = {0}; }, FR_MODEL_TENSOR_TYPE},
    {"read_of_another_size",
     [](ModelSpec& m) {
         m.tensors[3].shape = {1, 5};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"assigned_another_size",
     [](ModelSpec& m) {
         m.tensors[0].shape = {1, 6};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"once_is_the_model", [](ModelSpec& m) { m.operators[0].options[0].value = 0; },
     FR_MODEL_OPERATOR_OPTION},
    {"once_is_absent", [](ModelSpec& m) { m.operators[0].options[0].value = 2; },
     FR_MODEL_BAD_STRUCTURE},
    {"once_computes",
     [](ModelSpec& m) {
         m.once.operators[1].code = kReadVariable;
         m.once.operators[1].inputs = {0};
         m.once.operators[1].outputs = {1};
     },
     FR_MODEL_OPERATOR_OPTION},
    {"once_assigns_no_constant", [](ModelSpec& m) { m.once.tensors[1].data.clear(); },
     FR_MODEL_TENSOR_DATA},
    {"once_assigns_another_size",
     [](ModelSpec& m) {
         m.once.tensors[1] = weights({1, 3}, {1, 2, 3}, {0.1f});
     },
     FR_MODEL_TENSOR_SHAPE},
    {"once_assigns_an_unknown_name", [](ModelSpec& m) { m.once.operators[0].text = "other"; },
     FR_MODEL_TENSOR_SHAPE},
    {"too_many_variables",
     [](ModelSpec& m) {
         for (int i = 0; i < 32; ++i) {
             m.tensors.push_back(handle());
             m.operators.push_back(
                 variable_handle(static_cast<std::int32_t>(m.tensors.size()) - 1, "v"));
         }
     },
     FR_MODEL_LIMIT},
};

INSTANTIATE_TEST_SUITE_P(Models, StreamingRefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace frugal::test
