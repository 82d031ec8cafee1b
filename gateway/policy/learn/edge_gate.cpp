// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/edge_gate.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace frugal::policy {

namespace {

bool is_edge_right(const CanarySample& sample) {
    return sample.answers.edge_class == sample.true_class;
}

// One more difference than was seen is counted, so that a few samples condemn nothing.
double sigmas_below(double lost, double differing, double samples) {
    const double mean = lost / samples;
    const double variance = (differing + 1) / samples - mean * mean;
    return std::max(0.0, mean / std::sqrt(variance / samples));
}

}  // namespace

EdgeFigures judge_edge(std::span<const CanarySample> canary, std::span<const CanarySample> before) {
    FRUGAL_ASSERT(!canary.empty() && (before.empty() || before.size() == canary.size()));
    const auto samples = static_cast<double>(canary.size());
    double local = 0;
    double edge = 0;
    double earlier = 0;
    double differing = 0;
    for (std::size_t i = 0; i < canary.size(); ++i) {
        local += canary[i].answers.local_class == canary[i].true_class ? 1 : 0;
        edge += is_edge_right(canary[i]) ? 1 : 0;
        if (!before.empty()) {
            earlier += is_edge_right(before[i]) ? 1 : 0;
            differing += is_edge_right(before[i]) != is_edge_right(canary[i]) ? 1 : 0;
        }
    }
    EdgeFigures figures{
        .samples = canary.size(), .local_right = local / samples, .edge_right = edge / samples};
    if (!before.empty()) {
        figures.before_right = earlier / samples;
        figures.fall_sigmas = sigmas_below(earlier - edge, differing, samples);
    }
    if (edge <= local) {
        figures.verdict = EdgeVerdict::kNoGain;
    } else if (figures.fall_sigmas > kFallSigmasMax) {
        figures.verdict = EdgeVerdict::kFell;
    }
    return figures;
}

}  // namespace frugal::policy
