// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/strip.hpp"

#include <gtest/gtest.h>

#include <random>

#include "inference/run_model.hpp"
#include "model/tflite/summary.hpp"
#include "support/model_files.hpp"

namespace {

using frugal::base::Bytes;
using frugal::base::ErrorKind;
using frugal::model::read_model;
using frugal::model::strip_model;
using frugal::test::model_files;
using frugal::test::read_file;

TEST(Strip, KeepsWhatAnInterpreterReads) {
    ASSERT_FALSE(model_files().empty());
    for (const auto& path : model_files()) {
        const Bytes file = read_file(path);
        const auto stripped = strip_model(file);
        ASSERT_TRUE(stripped) << path << ": " << stripped.error().describe();
        EXPECT_LT(stripped->size(), file.size()) << path;
        const auto before = read_model(file);
        const auto after = read_model(*stripped);
        ASSERT_TRUE(before && after) << path;
        EXPECT_EQ(after->is_runnable, before->is_runnable) << path;
        EXPECT_EQ(after->arena_bytes, before->arena_bytes) << path;
        EXPECT_EQ(after->inputs, before->inputs) << path;
        EXPECT_EQ(after->outputs, before->outputs) << path;
        ASSERT_EQ(after->tensors.size(), before->tensors.size()) << path;
        for (size_t i = 0; i < before->tensors.size(); ++i) {
            EXPECT_TRUE(after->tensors[i].name.empty());
            EXPECT_EQ(after->tensors[i].shape, before->tensors[i].shape);
            EXPECT_EQ(after->tensors[i].type, before->tensors[i].type);
            EXPECT_EQ(after->tensors[i].quantization.scales,
                      before->tensors[i].quantization.scales);
            ASSERT_EQ(after->tensors[i].constant.has_value(),
                      before->tensors[i].constant.has_value());
            if (before->tensors[i].constant) {
                const auto& old = *before->tensors[i].constant;
                const auto& now = *after->tensors[i].constant;
                ASSERT_EQ(now.size, old.size);
                EXPECT_TRUE(
                    std::equal(file.begin() + static_cast<std::ptrdiff_t>(old.offset),
                               file.begin() + static_cast<std::ptrdiff_t>(old.offset + old.size),
                               stripped->begin() + static_cast<std::ptrdiff_t>(now.offset)));
            }
        }
    }
}

TEST(Strip, ChangesNoOutput) {
    std::mt19937 generator(5);
    int compared = 0;
    for (const auto& path : model_files()) {
        const Bytes file = read_file(path);
        const auto summary = read_model(file);
        if (!summary || !summary->is_runnable || summary->work > 20'000'000) {
            continue;
        }
        const auto stripped = strip_model(file);
        ASSERT_TRUE(stripped);
        size_t size = 0;
        for (const auto index : summary->inputs) {
            size += summary->tensors[index].size_bytes;
        }
        Bytes input(size);
        for (auto& byte : input) {
            byte = static_cast<uint8_t>(generator());
        }
        const auto before = frugal::inference::run_model(file, input);
        const auto after = frugal::inference::run_model(*stripped, input);
        ASSERT_TRUE(before && after) << path;
        ASSERT_EQ(before->steps.back().size(), after->steps.back().size());
        for (size_t i = 0; i < before->steps.back().size(); ++i) {
            EXPECT_EQ(before->steps.back()[i].bytes, after->steps.back()[i].bytes) << path;
        }
        ++compared;
    }
    EXPECT_GE(compared, 3);
}

TEST(Strip, DoneTwiceIsDoneOnce) {
    const Bytes file = read_file(model_files().front());
    const auto once = strip_model(file);
    ASSERT_TRUE(once);
    EXPECT_EQ(*strip_model(*once), *once);
}

TEST(Strip, RefusesWhatIsNoModelAndSurvivesDamage) {
    EXPECT_EQ(strip_model({}).error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(strip_model(Bytes(500, 7)).error().kind, ErrorKind::kInvalidInput);
    const Bytes file = read_file(model_files().front());
    std::mt19937 generator(6);
    int accepted = 0;
    for (int round = 0; round < 300; ++round) {
        Bytes damaged = file;
        for (int i = 0; i < 4; ++i) {
            // The tables lie at the front or at the end, the weights between.
            const size_t at = generator() % 2000;
            damaged[at % 2 == 0 ? at : damaged.size() - 1 - at] = static_cast<uint8_t>(generator());
        }
        const auto stripped = strip_model(damaged);
        if (stripped) {
            ++accepted;
            EXPECT_LE(stripped->size(), damaged.size());
            const auto again = strip_model(*stripped);
            ASSERT_TRUE(again) << again.error().describe();
            EXPECT_EQ(*again, *stripped);
        } else {
            EXPECT_FALSE(stripped.error().message.empty());
        }
    }
    EXPECT_GT(accepted, 30);
    EXPECT_LT(accepted, 270);
}

}  // namespace
