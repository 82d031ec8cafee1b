// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/hedge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "policy/learn/budget.hpp"

namespace frugal::policy {
namespace {

TEST(Hedge, ConstantsFollowTheDesign) {
    const Hedge hedge(0.1, 30000);
    const double log_n = std::log(33.0);
    const double rate = std::cbrt(2 * log_n * log_n / (0.1 * 30000.0 * 30000.0));
    EXPECT_NEAR(hedge.exploration(), std::sqrt(rate / 0.2), 1e-12);
    // "n = 30,000, cost 0.1: bound 0.054 a task"
    EXPECT_NEAR(hedge.regret_bound() / 30000, 0.054, 0.001);
}

TEST(Hedge, ChancesAreThoseOfTheWeightsPlusExploration) {
    const Hedge hedge(0.1, 1000);
    const double sends = 32.0 / 33;  // all thresholds but the lowest send bin 0
    EXPECT_NEAR(hedge.chance(0), sends + hedge.exploration() * (1 - sends), 1e-12);
    EXPECT_GT(hedge.chance(0), hedge.chance(31));
}

// A stream whose best threshold is 10 bins: below, the device is wrong in 60 %, above in 2 %.
TEST(Hedge, RegretStaysUnderItsBound) {
    constexpr double kCost = 0.2;
    constexpr int kTasks = 20000;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        base::Rng rng(seed);
        Hedge hedge(kCost, kTasks);
        double paid = 0;
        std::array<double, Hedge::kExperts> experts{};
        for (int task = 0; task < kTasks; ++task) {
            const auto bin = static_cast<std::size_t>(rng.below(kBins));
            const double loss = rng.chance(bin < 10 ? 0.6 : 0.02) ? 1 : 0;
            const bool sent = rng.chance(hedge.chance(bin));
            paid += sent ? kCost : loss;
            hedge.observe(bin, sent ? std::optional<double>(loss) : std::nullopt);
            hedge.end_window();
            for (std::size_t expert = 0; expert < Hedge::kExperts; ++expert) {
                experts[expert] += expert > bin ? kCost : loss;
            }
        }
        const double best = *std::min_element(experts.begin(), experts.end());
        EXPECT_LE(paid - best, hedge.regret_bound());
        EXPECT_GT(hedge.chance(5), 0.8);
        EXPECT_LT(hedge.chance(25), 0.4);
    }
}

TEST(Hedge, DrawsFollowTheWeights) {
    Hedge hedge(0.5, 100);
    for (int i = 0; i < 5000; ++i) {
        hedge.observe(31, 0.0);  // sending the last bin never pays
        hedge.observe(0, 1.0);   // sending the first always does
    }
    hedge.end_window();
    base::Rng rng(1);
    for (int i = 0; i < 100; ++i) {
        const std::size_t sent = hedge.draw(rng);
        EXPECT_GE(sent, 1u);
        EXPECT_LE(sent, 31u);
    }
}

TEST(Budget, PriceGrowsWithTheOverspendingAndFallsAgain) {
    BudgetPrice budget(0.1);
    budget.add(32, 64);  // 25.6 too many
    EXPECT_NEAR(budget.price(), 25.6 / 64, 1e-12);
    budget.add(0, 64);
    EXPECT_NEAR(budget.price(), 19.2 / 64, 1e-12);
    for (int i = 0; i < 10; ++i) {
        budget.add(0, 64);
    }
    EXPECT_EQ(budget.price(), 0);
    budget.add(1e6, 1e6);
    EXPECT_EQ(budget.price(), BudgetPrice::kQueueMax / BudgetPrice::kPatience);
}

}  // namespace
}  // namespace frugal::policy
