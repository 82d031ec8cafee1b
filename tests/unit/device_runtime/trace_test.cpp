// SPDX-License-Identifier: Apache-2.0
// Running a model in pieces gives what an invoke gives, and activations can be read on the way.
#include "unit/inference/classifier_model.hpp"

namespace {

using frugal::test::Bytes;
using frugal::test::classifier;
using frugal::test::ModelWriter;
using frugal::test::Runner;

TEST(Trace, PiecesMakeAnInvoke) {
    const Bytes file = ModelWriter(classifier()).write();
    const Bytes input = frugal::test::int8_data({10, 90, -20, 5});
    Runner whole(file);
    ASSERT_EQ(whole.status, FR_OK);
    whole.set_input(0, input);
    ASSERT_EQ(fr_interpreter_invoke(&whole.interpreter), FR_OK);
    Runner pieces(file);
    pieces.set_input(0, input);
    ASSERT_EQ(fr_interpreter_run_operators(&pieces.interpreter, 0, 1), FR_OK);
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    ASSERT_EQ(fr_interpreter_activation(&pieces.interpreter, 2, &data, &size), FR_OK);
    EXPECT_EQ(Bytes(data, data + size), frugal::test::int8_data({10, 90, -20}));
    ASSERT_EQ(fr_interpreter_run_operators(&pieces.interpreter, 1, 2), FR_OK);
    EXPECT_EQ(pieces.output(), whole.output());
}

TEST(Trace, RefusesRangesAndTensorsTheModelDoesNotHave) {
    const Bytes file = ModelWriter(classifier()).write();
    Runner runner(file);
    ASSERT_EQ(runner.status, FR_OK);
    EXPECT_EQ(fr_interpreter_run_operators(&runner.interpreter, 0, 3), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_interpreter_run_operators(&runner.interpreter, 2, 1), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_interpreter_run_operators(nullptr, 0, 1), FR_ERROR_ARGUMENT);
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(fr_interpreter_activation(&runner.interpreter, 1, &data, &size), FR_ERROR_NOT_FOUND);
    EXPECT_EQ(fr_interpreter_activation(&runner.interpreter, 9, &data, &size), FR_ERROR_NOT_FOUND);
}

}  // namespace
