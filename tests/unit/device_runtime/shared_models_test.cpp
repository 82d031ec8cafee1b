// SPDX-License-Identifier: Apache-2.0
// The field's real models: each opens and runs, or is refused with a name; a damaged one does no
// harm. Skipped where the shared models are absent.
#include "support/model_files.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

TEST(SharedModelsTest, EachRunsOrIsRefusedByName) {
    const auto files = model_files({shared_models()});
    if (files.empty()) {
        GTEST_SKIP() << "no shared models on this machine";
    }
    std::size_t runnable = 0;
    for (const auto& file : files) {
        Bytes bytes = read_file(file);
        Runner runner(bytes);
        if (runner.status == FR_OK) {
            ++runnable;
            EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK) << file;
            RecordProperty(file.stem().string(), static_cast<int>(runner.plan.arena_size_bytes));
        } else {
            EXPECT_EQ(runner.status, FR_ERROR_UNSUPPORTED) << file;
            EXPECT_GE(runner.problem.operator_code, 0) << file;
        }
    }
    EXPECT_GE(runnable, 17u);
}

TEST(SharedModelsTest, DamagedModelsAreRefusedOrRun) {
    const auto files = model_files({shared_models()});
    if (files.empty()) {
        GTEST_SKIP() << "no shared models on this machine";
    }
    Noise noise(12);
    for (const auto& file : files) {
        const Bytes whole = read_file(file);
        for (int round = 0; round < 60; ++round) {
            Bytes bytes = whole;
            for (int change = 0; change < 4; ++change) {
                bytes[noise.next() % bytes.size()] = static_cast<std::uint8_t>(noise.next());
            }
            Runner runner(bytes);
            if (runner.status == FR_OK && runner.plan.work < 1000000) {
                EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK) << file;
            }
        }
    }
}

}  // namespace
}  // namespace frugal::test
