// SPDX-License-Identifier: Apache-2.0
// What labelled samples say of pairs of real models, and which edge models pass. The labels are
// what one of the models answers, so it is right in all of them.
#include "app/canary_run.hpp"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "inference/engine.hpp"
#include "support/device/release_maker.hpp"

namespace frugal::app {
namespace {

constexpr const char* kDevice = "fashion-tiny-1.tflite";
constexpr const char* kEdge = "fashion-edge.tflite";
constexpr std::size_t kInputBytes = 784;
constexpr std::size_t kSamples = 120;

/// Bright rectangles on black: what the models tell apart, not always alike.
base::Bytes shapes(std::size_t samples) {
    base::Rng rng(7);
    base::Bytes inputs(samples * kInputBytes, 0x80);  // int8, black
    for (std::size_t sample = 0; sample < samples; ++sample) {
        for (int shape = 0; shape < 3; ++shape) {
            const auto left = rng.below(24);
            const auto top = rng.below(24);
            const auto right = std::min<std::uint64_t>(28, left + 4 + rng.below(20));
            const auto bottom = std::min<std::uint64_t>(28, top + 4 + rng.below(24));
            const auto bright = static_cast<std::uint8_t>(rng.below(256));
            for (auto y = top; y < bottom; ++y) {
                for (auto x = left; x < right; ++x) {
                    inputs[sample * kInputBytes + y * 28 + x] = bright;
                }
            }
        }
    }
    return inputs;
}

/// The classes that the model answers, one a line.
base::Bytes answers_of(const char* model, const base::Bytes& inputs) {
    auto engine = inference::Engine::load(test::read_model(model));
    EXPECT_TRUE(engine);
    std::string text;
    for (std::size_t at = 0; at < inputs.size(); at += kInputBytes) {
        const auto answer = engine->classify(base::ByteView(inputs).subspan(at, kInputBytes));
        EXPECT_TRUE(answer);
        text += std::to_string(answer->class_index) + "\n";
    }
    return {text.begin(), text.end()};
}

CanaryModel device(const char* name, const char* model) {
    return {*base::ClassName::parse(name), {}, test::read_model(model)};
}

class CanaryRun : public ::testing::Test {
protected:
    CanaryRun() {
        job.task = 1;
        job.classes = 10;
        job.locals = {device("m4", kDevice)};
        job.edge = test::read_model(kEdge);
        job.edge_digest = {9};
        job.inputs = shapes(kSamples);
    }
    /// The model whose answers are the truth.
    void be_right(const char* model) { job.labels = answers_of(model, job.inputs); }
    std::vector<CanaryPair> pairs() {
        auto pairs = run_canary(job);
        EXPECT_TRUE(pairs) << pairs.error().describe();
        return pairs.value_or(std::vector<CanaryPair>());
    }
    base::Error refusal() {
        const auto pairs = run_canary(job);
        EXPECT_FALSE(pairs);
        return pairs ? base::Error{} : pairs.error();
    }
    CanaryJob job;
};

TEST_F(CanaryRun, AnEdgeModelThatIsRightServes) {
    be_right(kEdge);
    const auto measured = pairs();
    ASSERT_EQ(measured.size(), 1U);
    const auto& figures = measured[0].figures;
    EXPECT_EQ(figures.samples, kSamples);
    EXPECT_EQ(figures.edge_right, 1);
    EXPECT_LT(figures.local_right, 1);
    EXPECT_FALSE(figures.before_right);
    EXPECT_GT(measured[0].registration.rho, 0.3);
    EXPECT_EQ(measured[0].registration.samples, kSamples);
    EXPECT_EQ(measured[0].edge_model, job.edge_digest);
    EXPECT_TRUE(judge(measured));
}

TEST_F(CanaryRun, EndsWhenTheGatewayStops) {
    be_right(kEdge);
    std::stop_source stopping;
    job.stop = stopping.get_token();
    EXPECT_EQ(pairs().size(), 1U);
    stopping.request_stop();
    EXPECT_EQ(refusal().kind, base::ErrorKind::kUnavailable);
}

TEST_F(CanaryRun, OneThatHelpsNobodyDoesNot) {
    be_right(kDevice);
    const auto refused = judge(pairs());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    EXPECT_NE(refused.error().cause.find("gains nothing"), std::string::npos);
}

TEST_F(CanaryRun, OneThatHelpsAnyClassServes) {
    be_right(kEdge);
    job.locals.push_back(device("esp32", kEdge));  // right as often as the edge model
    const auto measured = pairs();
    ASSERT_EQ(measured.size(), 2U);
    EXPECT_EQ(measured[1].figures.verdict, policy::EdgeVerdict::kNoGain);
    EXPECT_TRUE(judge(measured));
}

TEST_F(CanaryRun, OneThatFellBehindTheOneBeforeDoesNot) {
    be_right(kEdge);
    job.before = std::exchange(job.edge, test::read_model("fashion-small-1.tflite"));
    const auto measured = pairs();
    ASSERT_EQ(measured.size(), 1U);
    EXPECT_EQ(measured[0].figures.before_right, 1);
    const auto refused = judge(measured);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    EXPECT_NE(refused.error().cause.find("the one before"), std::string::npos);
}

TEST_F(CanaryRun, SamplesMustBeEnoughAndLabelled) {
    be_right(kEdge);
    job.inputs.resize(kInputBytes * (kCanarySamplesMin - 1));
    EXPECT_NE(refusal().cause.find("49 inputs, but 120 labels"), std::string::npos);
    job.labels.resize(2 * (kCanarySamplesMin - 1));
    const auto few = refusal();
    EXPECT_EQ(few.kind, base::ErrorKind::kInvalidInput);
    EXPECT_NE(few.cause.find("there are 49"), std::string::npos);
    be_right(kEdge);
    job.inputs = shapes(kCanarySamplesMin);
    job.labels = answers_of(kEdge, job.inputs);
    job.classes = 2;
    EXPECT_NE(refusal().cause.find("is no class of the task"), std::string::npos);
}

TEST_F(CanaryRun, TooManySamplesAreRefusedAsTheyCame) {
    job.inputs.assign(kInputBytes * (kCanarySamplesMax + 1), 0);
    EXPECT_EQ(refusal().kind, base::ErrorKind::kLimit);
    job.inputs.resize(kInputBytes * kCanarySamplesMax);
    const std::string label = "0\n";
    for (std::size_t i = 0; i <= kCanarySamplesMax; ++i) {
        job.labels.insert(job.labels.end(), label.begin(), label.end());
    }
    EXPECT_EQ(refusal().kind, base::ErrorKind::kLimit);
}

TEST_F(CanaryRun, EndsWhenTheTimeIsOver) {
    be_right(kEdge);
    job.time_limit = std::chrono::milliseconds(-1);
    const auto late = refusal();
    EXPECT_EQ(late.kind, base::ErrorKind::kLimit);
    EXPECT_NE(late.remedy.find("fewer samples"), std::string::npos);
}

TEST_F(CanaryRun, TreesAreLeftOut) {
    be_right(kEdge);
    job.locals.insert(job.locals.begin(), device("tiny", "fashion-bonsai.frbn"));
    EXPECT_EQ(pairs().size(), 1U);
    job.locals.pop_back();
    EXPECT_EQ(refusal().kind, base::ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace frugal::app
