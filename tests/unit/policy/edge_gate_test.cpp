// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/edge_gate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace frugal::policy {
namespace {

/// `count` samples of class 0: the device is right in the first `local`, the edge in the first
/// `edge`.
std::vector<CanarySample> canary_of(std::size_t count, std::size_t local, std::size_t edge) {
    std::vector<CanarySample> canary(count);
    for (std::size_t i = 0; i < count; ++i) {
        canary[i].answers.local_class = i < local ? 0 : 1;
        canary[i].answers.edge_class = i < edge ? 0 : 2;
    }
    return canary;
}

struct GateCase {
    std::string case_name;
    std::size_t samples;
    std::size_t local;
    std::size_t edge;
    std::optional<std::size_t> before;
    EdgeVerdict verdict;
};
class EdgeGate : public ::testing::TestWithParam<GateCase> {};

TEST_P(EdgeGate, Judges) {
    const auto& c = GetParam();
    const auto before =
        c.before ? canary_of(c.samples, c.local, *c.before) : std::vector<CanarySample>{};
    const auto figures = judge_edge(canary_of(c.samples, c.local, c.edge), before);
    EXPECT_EQ(figures.verdict, c.verdict) << figures.fall_sigmas;
    EXPECT_EQ(figures.before_right.has_value(), c.before.has_value());
    EXPECT_DOUBLE_EQ(figures.edge_right,
                     static_cast<double>(c.edge) / static_cast<double>(c.samples));
}

INSTANTIATE_TEST_SUITE_P(
    All, EdgeGate,
    ::testing::Values(GateCase{"a_better_one_serves", 300, 240, 280, {}, EdgeVerdict::kServes},
                      GateCase{"as_good_as_the_device", 300, 240, 240, {}, EdgeVerdict::kNoGain},
                      GateCase{"worse_than_the_device", 300, 240, 100, 280, EdgeVerdict::kNoGain},
                      GateCase{"better_than_before", 300, 200, 290, 280, EdgeVerdict::kServes},
                      GateCase{"a_little_worse", 300, 200, 275, 280, EdgeVerdict::kServes},
                      GateCase{"much_worse_but_useful", 300, 200, 250, 280, EdgeVerdict::kFell},
                      GateCase{"too_few_to_tell", 10, 4, 6, 9, EdgeVerdict::kServes}),
    [](const auto& test) { return test.param.case_name; });

TEST(EdgeGateFall, IsMeasuredOnTheSameSamples) {
    // 5 of 300 lost: 5 / sqrt(6 - 25/300) = 2.06 standard errors.
    const auto figures = judge_edge(canary_of(300, 200, 275), canary_of(300, 200, 280));
    EXPECT_NEAR(figures.fall_sigmas, 2.06, 0.01);
}

}  // namespace
}  // namespace frugal::policy
