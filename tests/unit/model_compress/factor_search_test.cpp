// SPDX-License-Identifier: Apache-2.0
#include "model/compress/factor_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

namespace model = frugal::model;

/// All factors tried when those up to `bound` pass.
std::vector<double> tried(double bound, int tries) {
    model::FactorSearch search({"step", 1, 16, tries});
    std::vector<double> factors;
    for (auto factor = search.next(); factor; factor = search.next()) {
        factors.push_back(*factor);
        search.tell(*factor, *factor <= bound);
    }
    return factors;
}

TEST(FactorSearch, BisectsTheLogarithm) {
    EXPECT_EQ(tried(5, 5), (std::vector<double>{1, 16, 4, 8, std::sqrt(32.0)}));
}

TEST(FactorSearch, EndsWhereTheLeastFailsOrTheMostPasses) {
    EXPECT_EQ(tried(0.5, 9), (std::vector<double>{1}));
    EXPECT_EQ(tried(99, 9), (std::vector<double>{1, 16}));
}

}  // namespace
