// SPDX-License-Identifier: Apache-2.0
// The gate an edge model passes before it may answer: labelled samples that it, the device model it
// helps and the edge model before it were run on (docs/how-to/choose-an-edge-model.md). Pure
// functions, any thread. Never runs a model, keeps no sample.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "policy/learn/canary.hpp"

namespace frugal::policy {

enum class EdgeVerdict : std::uint8_t {
    kServes = 1,
    kNoGain = 2,  ///< it is not right more often than the device model
    kFell = 3,    ///< it is worse than the one before by more than chance explains
};

/// Shares are of the samples, 0..1.
struct EdgeFigures {
    std::size_t samples = 0;
    double local_right = 0;
    double edge_right = 0;
    std::optional<double> before_right{};  ///< of the edge model before; absent: there was none
    double fall_sigmas = 0;  ///< how far it falls below that one, in standard errors; 0: not at all
    EdgeVerdict verdict = EdgeVerdict::kServes;
};

inline constexpr double kFallSigmasMax = 3;

/// `before`: the same samples answered by the edge model before, in the same order; empty if there
/// is none. `canary` is not empty.
EdgeFigures judge_edge(std::span<const CanarySample> canary, std::span<const CanarySample> before);

}  // namespace frugal::policy
