// SPDX-License-Identifier: Apache-2.0
#include "model/compress/grid.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "model/compress/curvature.hpp"
#include "unit/model_compress/random_matrix.hpp"

namespace {

using frugal::model::Curvature;
using frugal::model::fit_to_grid;
using frugal::model::Gridded;
using frugal::model::GridOptions;
using frugal::model::Matrix;
using frugal::model::round_to_grid;
using frugal::test::random_matrix;

/// Inputs whose columns follow each other, as neighbouring pixels do.
Matrix correlated_inputs(std::size_t rows, std::size_t columns, std::mt19937& random) {
    Matrix inputs = random_matrix(rows, columns, random);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 1; column < columns; ++column) {
            inputs.at(row, column) += 0.9F * inputs.at(row, column - 1);
        }
    }
    return inputs;
}

struct Case {
    Matrix weights;
    std::vector<double> hessian;
};

Case make_case(std::uint32_t seed) {
    std::mt19937 random(seed);
    Case made;
    Curvature curvature(24);
    curvature.add(correlated_inputs(200, 24, random));
    made.hessian = curvature.hessian(0.01);
    made.weights = random_matrix(10, 24, random);
    return made;
}

TEST(Grid, FittingIsNeverWorseThanRoundingAndBetterOnCorrelatedInputs) {
    double fitted = 0;
    double rounded = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        const Case one = make_case(seed);
        const GridOptions options{.step = 0.7, .lambda = 0};
        const Gridded fit = fit_to_grid(one.weights, one.hessian, options);
        const Gridded round = round_to_grid(one.weights, one.hessian, options);
        EXPECT_LE(fit.distortion, round.distortion) << "seed " << seed;
        fitted += fit.distortion;
        rounded += round.distortion;
    }
    EXPECT_LT(fitted, 0.5 * rounded);
}

TEST(Grid, APriceOnBitsBuysFewerBits) {
    const Case one = make_case(3);
    const Gridded dear = fit_to_grid(one.weights, one.hessian, {.step = 0.7, .lambda = 3e-3});
    const Gridded free = fit_to_grid(one.weights, one.hessian, {.step = 0.7, .lambda = 0});
    EXPECT_LT(dear.bits, 0.9 * free.bits);
    EXPECT_GT(dear.distortion, free.distortion);
}

/// Levels near those of plain rounding, as an earlier version of the weights would have.
std::vector<std::int8_t> near_levels(const Case& one, double step) {
    std::mt19937 random(9);
    auto levels = round_to_grid(one.weights, one.hessian, {.step = step}).levels;
    for (std::int8_t& level : levels) {
        level = static_cast<std::int8_t>(level + static_cast<int>(random() % 3) - 1);
    }
    return levels;
}

TEST(Grid, WhatIsKnownAlreadyCostsNothing) {
    const Case one = make_case(6);
    GridOptions options{.step = 0.2};
    options.anchor = near_levels(one, options.step);
    options.bit_price = 1e9;
    const Gridded dear = fit_to_grid(one.weights, one.hessian, options);
    EXPECT_EQ(dear.levels, options.anchor);
    options.bit_price = 0;
    const Gridded free = fit_to_grid(one.weights, one.hessian, options);
    EXPECT_NE(free.levels, options.anchor);
    EXPECT_LT(free.distortion, dear.distortion);
    EXPECT_LT(dear.bits, free.bits);
}

TEST(Grid, RowsMayHaveStepsOfTheirOwn) {
    const Case one = make_case(7);
    GridOptions options;
    options.row_steps.assign(one.weights.rows, 0.1);
    options.row_steps[3] = 5;
    options.bit_price = 0;
    const Gridded fit = fit_to_grid(one.weights, one.hessian, options);
    double sum = 0;
    for (const double cost : fit.row_costs) {
        EXPECT_LE(cost, fit.row_costs[3]);
        sum += cost;
    }
    EXPECT_NEAR(sum, fit.distortion, 1e-6 * fit.distortion);
}

TEST(Grid, LevelsStayInTheirRange) {
    const Case one = make_case(4);
    const Gridded fit =
        fit_to_grid(one.weights, one.hessian, {.step = 0.1, .level_max = 3, .lambda = 1e-3});
    for (const std::int8_t level : fit.levels) {
        EXPECT_LE(std::abs(level), 3);
    }
}

TEST(Grid, StatesTheDistortionOfItsLevels) {
    const Case one = make_case(5);
    const GridOptions options{.step = 0.5, .lambda = 1e-3};
    const Gridded fit = fit_to_grid(one.weights, one.hessian, options);
    Matrix levels(10, 24);
    for (std::size_t i = 0; i < fit.levels.size(); ++i) {
        levels.values[i] = static_cast<float>(options.step * fit.levels[i]);
    }
    EXPECT_NEAR(fit.distortion, frugal::model::output_error(one.weights, levels, one.hessian),
                1e-4 * fit.distortion);
}

TEST(Curvature, CorrectionGivesTheOutputsOfTheOriginalInputsBack) {
    // The layers before halved every input: twice the weights make up for it.
    std::mt19937 random(2);
    const Matrix inputs = correlated_inputs(300, 6, random);
    Matrix halved = inputs;
    for (float& value : halved.values) {
        value /= 2;
    }
    Curvature curvature(6);
    curvature.add(inputs, halved);
    const Matrix weights = random_matrix(3, 6, random);
    const Matrix corrected = curvature.corrected(weights, 1e-9);
    for (std::size_t i = 0; i < weights.values.size(); ++i) {
        EXPECT_NEAR(corrected.values[i], 2 * weights.values[i], 1e-3);
    }
}

TEST(Curvature, AHessianThatIsTakenIsTheSameAndLeavesTheMeans) {
    std::mt19937 random(4);
    Curvature curvature(24);
    curvature.add(correlated_inputs(200, 24, random));
    const auto hessian = curvature.hessian(0.01);
    const auto means = curvature.mean_compressed();
    EXPECT_EQ(curvature.take_hessian(0.01), hessian);
    EXPECT_EQ(curvature.mean_compressed(), means);
    EXPECT_EQ(curvature.count(), 200U);
}

TEST(Curvature, InputsThatAreAlwaysZeroGetNoWeight) {
    Curvature curvature(2);
    Matrix inputs(3, 2);
    inputs.values = {1, 0, 2, 0, 3, 0};
    curvature.add(inputs);
    Matrix weights(1, 2);
    weights.values = {5, 7};
    const Matrix corrected = curvature.corrected(weights, 0.01);
    EXPECT_NEAR(corrected.at(0, 0), 5, 1e-4);
    EXPECT_EQ(corrected.at(0, 1), 0);
}

TEST(Grid, RowsThatCountMoreAreFittedBetter) {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        const Case one = make_case(seed);
        GridOptions options{.step = 0.3, .lambda = 1e-2};
        const auto error_of_row = [&](std::size_t row, const Gridded& fit) {
            Matrix weights(1, one.weights.columns);
            Matrix other(1, one.weights.columns);
            for (std::size_t column = 0; column < weights.columns; ++column) {
                weights.at(0, column) = one.weights.at(row, column);
                other.at(0, column) =
                    0.3F * static_cast<float>(fit.levels[row * weights.columns + column]);
            }
            return frugal::model::output_error(weights, other, one.hessian);
        };
        const Gridded alike = fit_to_grid(one.weights, one.hessian, options);
        options.row_weights.assign(one.weights.rows, 1);
        EXPECT_EQ(fit_to_grid(one.weights, one.hessian, options).levels, alike.levels);
        options.row_weights[3] = 20;
        const Gridded fit = fit_to_grid(one.weights, one.hessian, options);
        EXPECT_LT(error_of_row(3, fit), 0.5 * error_of_row(3, alike)) << "seed " << seed;
        EXPECT_GT(error_of_row(4, fit), 0.5 * error_of_row(4, alike)) << "seed " << seed;
    }
}

}  // namespace
