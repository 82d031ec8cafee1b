// SPDX-License-Identifier: Apache-2.0
// The field's real models: each is read, and runnable or refused with the name of what is missing.
#include "model/tflite/summary.hpp"
#include "support/model_files.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::model {
namespace {

TEST(SharedModelsTest, EachIsReadAndRunsOrNamesWhatIsMissing) {
    auto files = test::model_files({test::shared_models()});
    if (files.empty()) {
        GTEST_SKIP() << "no shared models on this machine";
    }
    for (const auto& file : files) {
        auto summary = read_model(test::read_file(file));
        ASSERT_TRUE(summary) << file << ": " << summary.error().describe();
        EXPECT_EQ(summary->is_runnable, summary->missing.empty()) << file;
        EXPECT_FALSE(summary->operators.empty()) << file;
        EXPECT_FALSE(summary->inputs.empty()) << file;
        EXPECT_FALSE(summary->outputs.empty()) << file;
        EXPECT_GT(summary->weight_bytes, 0u) << file;
        EXPECT_GT(summary->arena_bytes, 0u) << file;
        for (const std::string& missing : summary->missing) {
            EXPECT_THAT(missing, testing::HasSubstr("not built in")) << file;
        }
        if (!summary->is_runnable) {
            RecordProperty(file.stem().string(), summary->missing.front());
        }
    }
}

TEST(SharedModelsTest, KnownFactsOfTheReferenceModels) {
    if (test::model_files({test::shared_models()}).empty()) {
        GTEST_SKIP() << "no shared models on this machine";
    }
    auto keywords = read_model(test::shared_model("kws_ref_int8.tflite"));
    ASSERT_TRUE(keywords);
    EXPECT_TRUE(keywords->is_runnable);
    EXPECT_EQ(keywords->tensors[keywords->inputs[0]].shape,
              (std::vector<std::int32_t>{1, 49, 10, 1}));
    EXPECT_EQ(keywords->tensors[keywords->outputs[0]].shape, (std::vector<std::int32_t>{1, 12}));
    auto digits = read_model(test::shared_model("mnist_lstm_int8.tflite"));
    ASSERT_TRUE(digits);
    EXPECT_EQ(digits->missing.front(), "UNIDIRECTIONAL_SEQUENCE_LSTM version 1 is not built in");
}

}  // namespace
}  // namespace frugal::model
