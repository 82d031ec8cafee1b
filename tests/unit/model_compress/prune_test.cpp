// SPDX-License-Identifier: Apache-2.0
#include "model/compress/prune.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "model/compress/curvature.hpp"
#include "model/compress/grid.hpp"
#include "model/compress/share.hpp"
#include "unit/model_compress/random_matrix.hpp"

namespace {

namespace model = frugal::model;
using frugal::test::random_matrix;
using model::Matrix;

std::vector<double> random_hessian(std::size_t size, std::mt19937& random) {
    model::Curvature curvature(size);
    Matrix inputs = random_matrix(4 * size, size, random);
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        for (std::size_t column = 1; column < size; ++column) {
            inputs.at(row, column) += 0.7F * inputs.at(row, column - 1);
        }
    }
    curvature.add(inputs);
    return curvature.hessian(0.01);
}

std::vector<std::uint8_t> all_but(std::size_t size, const std::vector<std::uint32_t>& removed) {
    std::vector<std::uint8_t> keep(size, 1);
    for (const std::uint32_t column : removed) {
        keep[column] = 0;
    }
    return keep;
}

double loss_without(const Matrix& row, const std::vector<double>& hessian,
                    const std::vector<std::uint32_t>& removed) {
    Matrix pruned = row;
    model::refit_row(pruned.row(0), hessian, all_but(row.columns, removed));
    return model::output_error(row, pruned, hessian);
}

TEST(Obc, EveryRemovalIsTheOneBruteForceFindsCheapest) {
    constexpr std::size_t kSize = 7;
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        std::mt19937 random(seed);
        const Matrix row = random_matrix(1, kSize, random);
        const auto hessian = random_hessian(kSize, random);
        const auto removals = model::trace_removals(row.row(0), hessian);
        ASSERT_EQ(removals.order.size(), kSize);
        std::vector<std::uint32_t> removed;
        double so_far = 0;
        for (std::size_t step = 0; step < kSize; ++step) {
            std::uint32_t best = 0;
            double least = INFINITY;
            for (std::uint32_t column = 0; column < kSize; ++column) {
                if (std::find(removed.begin(), removed.end(), column) != removed.end()) {
                    continue;
                }
                auto tried = removed;
                tried.push_back(column);
                const double loss = loss_without(row, hessian, tried);
                best = loss < least ? column : best;
                least = std::min(loss, least);
            }
            EXPECT_EQ(removals.order[step], best) << "seed " << seed << ", step " << step;
            EXPECT_NEAR(removals.costs[step], least - so_far, 1e-3 * (1 + least));
            removed.push_back(removals.order[step]);
            so_far = least;
        }
    }
}

TEST(Obc, RefittingNeverHurts) {
    std::mt19937 random(3);
    const auto hessian = random_hessian(12, random);
    const Matrix row = random_matrix(1, 12, random);
    Matrix plain = row;
    for (const std::size_t column : {1U, 4U, 5U, 9U}) {
        plain.at(0, column) = 0;
    }
    EXPECT_LT(loss_without(row, hessian, {1, 4, 5, 9}), model::output_error(row, plain, hessian));
}

TEST(Prune, LeavesTheShareAskedFor) {
    std::mt19937 random(4);
    const auto hessian = random_hessian(20, random);
    const Matrix weights = random_matrix(6, 20, random);
    for (const auto method :
         {model::PruneMethod::kMagnitude, model::PruneMethod::kObd, model::PruneMethod::kObc}) {
        const Matrix pruned = model::prune_layer(weights, hessian, method, 0.25);
        EXPECT_EQ(std::count(pruned.values.begin(), pruned.values.end(), 0.0F), 90);
        const Matrix whole = model::prune_layer(weights, hessian, method, 1);
        EXPECT_EQ(whole.values, weights.values);
    }
}

TEST(Prune, ObcLosesLeastAndObdLessThanMagnitude) {
    double obc = 0;
    double obd = 0;
    double magnitude = 0;
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        std::mt19937 random(seed);
        Matrix inputs = random_matrix(100, 16, random);
        for (std::size_t i = 0; i < inputs.values.size(); ++i) {
            inputs.values[i] *= static_cast<float>(1 + i % 16);  // some inputs matter more
        }
        model::Curvature curvature(16);
        curvature.add(inputs);
        const auto hessian = curvature.hessian(0.01);
        const Matrix weights = random_matrix(5, 16, random);
        const auto loss = [&](model::PruneMethod method) {
            return model::output_error(weights, model::prune_layer(weights, hessian, method, 0.4),
                                       hessian);
        };
        obc += loss(model::PruneMethod::kObc);
        obd += loss(model::PruneMethod::kObd);
        magnitude += loss(model::PruneMethod::kMagnitude);
    }
    EXPECT_LT(obc, obd);
    EXPECT_LT(obd, magnitude);
}

TEST(Share, FindsTheValuesThatAreThere) {
    Matrix weights(1, 8);
    weights.values = {0, -1, -1.02F, 0.5F, 0.52F, 3, 0, 2.98F};
    const auto shared = model::share_weights(weights, 4);
    const Matrix result = model::shared_weights(weights, shared);
    const float expected[] = {0, -1.01F, -1.01F, 0.51F, 0.51F, 2.99F, 0, 2.99F};
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_NEAR(result.values[i], expected[i], 1e-5) << i;
    }
    EXPECT_EQ(shared.codes.size(), 6U);
}

TEST(Share, MoreValuesNeverHurt) {
    std::mt19937 random(6);
    const Matrix weights = random_matrix(20, 20, random);
    double before = INFINITY;
    for (std::size_t count = 1; count <= 64; count *= 2) {
        const Matrix result = model::shared_weights(weights, model::share_weights(weights, count));
        double error = 0;
        for (std::size_t i = 0; i < weights.values.size(); ++i) {
            error += std::pow(static_cast<double>(weights.values[i] - result.values[i]), 2);
        }
        EXPECT_LT(error, before) << count;
        before = error;
    }
}

TEST(Share, OfNothingIsNothing) {
    const auto shared = model::share_weights(Matrix(3, 3), 4);
    EXPECT_TRUE(shared.centroids.empty());
    EXPECT_EQ(model::shared_weights(Matrix(3, 3), shared).values, std::vector<float>(9));
}

}  // namespace
