// SPDX-License-Identifier: Apache-2.0
#include "model/compress/step_run.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

namespace model = frugal::model;
using model::Activation;
using model::ChainStep;
using model::Frame;
using model::Matrix;
using model::StepKind;

struct Case {
    const char* case_name;
    StepKind kind;
    Frame input;
    Frame output;
    model::ChainWindow window;
    Activation activation;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.case_name;
}

const Case kCases[] = {
    {"dense", StepKind::kDense, {1, 1, 7}, {1, 1, 5}, {}, Activation::kRelu},
    {"dense_without_activation", StepKind::kDense, {1, 1, 7}, {1, 1, 5}, {}, Activation::kNone},
    {"convolution_padded_strided",
     StepKind::kConvolution,
     {5, 6, 2},
     {3, 3, 4},
     {3, 3, 2, 2, 1, 1, 1, 0},
     Activation::kRelu6},
    {"convolution_dilated",
     StepKind::kConvolution,
     {6, 6, 2},
     {2, 2, 3},
     {3, 3, 1, 1, 2, 2, 0, 0},
     Activation::kNone},
    {"convolution_of_one_pixel",
     StepKind::kConvolution,
     {3, 4, 5},
     {3, 4, 2},
     {},
     Activation::kRelu},
    {"depthwise",
     StepKind::kDepthwise,
     {5, 5, 3},
     {3, 3, 3},
     {3, 3, 2, 2, 1, 1, 1, 1},
     Activation::kRelu},
    {"average_pool_padded",
     StepKind::kAveragePool,
     {5, 5, 2},
     {3, 3, 2},
     {3, 3, 2, 2, 1, 1, 1, 1},
     Activation::kNone},
    {"max_pool",
     StepKind::kMaxPool,
     {4, 4, 2},
     {2, 2, 2},
     {2, 2, 2, 2, 1, 1, 0, 0},
     Activation::kNone},
};

Matrix random_matrix(std::size_t rows, std::size_t columns, std::mt19937& random) {
    std::normal_distribution<float> normal;
    Matrix matrix(rows, columns);
    for (float& value : matrix.values) {
        value = normal(random);
    }
    return matrix;
}

/// The step with random weights and inputs, and a loss that weighs its outputs at random.
class Probe {
public:
    explicit Probe(const Case& one) : step_(step_of(one)), run_(step_) {
        const std::size_t patch = one.kind == StepKind::kDense ? one.input.size()
                                  : one.kind == StepKind::kDepthwise
                                      ? one.window.height * one.window.width
                                      : one.window.height * one.window.width * one.input.channels;
        const bool owns_weights =
            one.kind != StepKind::kAveragePool && one.kind != StepKind::kMaxPool;
        weights = owns_weights ? random_matrix(patch, one.output.channels, random_) : Matrix();
        if (owns_weights) {
            bias = random_matrix(1, one.output.channels, random_).values;
        }
        input = random_matrix(3, one.input.size(), random_);
        run_.output_gradient = importance_ = random_matrix(3, one.output.size(), random_);
    }

    double loss() {
        run_.forward(input, weights, bias);
        double sum = 0;
        for (std::size_t i = 0; i < importance_.values.size(); ++i) {
            sum += static_cast<double>(importance_.values[i]) *
                   static_cast<double>(run_.output.values[i]);
        }
        return sum;
    }

    void backward() {
        loss();
        slopes = {Matrix(weights.rows, weights.columns), std::vector<float>(bias.size())};
        run_.backward(input, weights, slopes, &input_gradient);
    }

    /// The slope of the loss in one value by moving it.
    double slope(float& value) {
        constexpr float kMove = 1e-3F;
        const float before = value;
        value = before + kMove;
        const double above = loss();
        value = before - kMove;
        const double below = loss();
        value = before;
        return (above - below) / (2 * static_cast<double>(kMove));
    }

    Matrix weights;
    std::vector<float> bias;
    Matrix input;
    model::StepSlopes slopes;
    Matrix input_gradient;

private:
    static ChainStep step_of(const Case& one) {
        ChainStep step;
        step.kind = one.kind;
        step.input = one.input;
        step.output = one.output;
        step.window = one.window;
        step.activation = one.activation;
        return step;
    }

    std::mt19937 random_{5};
    ChainStep step_;
    model::StepRun run_;
    Matrix importance_;
};

class StepRun : public testing::TestWithParam<Case> {};

TEST_P(StepRun, GoesBackAlongTheSlopeOfEveryValue) {
    Probe probe(GetParam());
    probe.backward();
    const auto check = [&](std::vector<float>& values, const std::vector<float>& slopes,
                           const char* what) {
        ASSERT_EQ(values.size(), slopes.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            EXPECT_NEAR(slopes[i], probe.slope(values[i]), 2e-2) << what << " " << i;
        }
    };
    const auto slopes = probe.slopes;
    const Matrix input_gradient = probe.input_gradient;
    check(probe.weights.values, slopes.weights.values, "weight");
    check(probe.bias, slopes.bias, "bias");
    check(probe.input.values, input_gradient.values, "input");
}

INSTANTIATE_TEST_SUITE_P(Kinds, StepRun, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

}  // namespace
