// SPDX-License-Identifier: Apache-2.0
// Runs device models and an edge model on labelled samples, and says what the pairs are worth.
// Blocks for as long as the models take; on a thread of its own. Keeps no sample.
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "policy/learn/edge_gate.hpp"

namespace frugal::app {

struct CanaryModel {
    base::ClassName device_class;
    base::Digest digest{};
    base::Bytes file;
};

struct CanaryJob {
    std::uint32_t task = 0;
    std::uint32_t classes = 2;
    std::vector<CanaryModel> locals;
    base::Digest edge_digest{};
    base::Bytes edge;
    base::Bytes before;  ///< edge model to compare with; empty: none
    base::Bytes inputs;
    base::Bytes labels;
    std::chrono::milliseconds time_limit = std::chrono::seconds(60);
    std::stop_token stop{};  ///< looked at before every sample
};

struct CanaryPair {
    base::ClassName device_class;
    base::Digest model{};
    base::Digest edge_model{};
    policy::Registration registration;
    policy::TableBytes gains{};  ///< q8, as a policy file states them
    policy::EdgeFigures figures;
};

inline constexpr std::size_t kCanarySamplesMin = 50;  ///< fewer say nothing of 32 bins
inline constexpr std::size_t kCanarySamplesMax = 5000;

/// One pair for each device model but Bonsai trees, within the time limit. kInvalidInput for
/// samples that do not fit the models, are too few or without a label; kUnsupported for models that
/// cannot be run, also the edge model that serves now; kLimit for too many samples, before any is
/// copied, and if the time is not enough; kUnavailable when stopped.
base::Result<std::vector<CanaryPair>> run_canary(const CanaryJob& job);

/// Fails with kConflict, in words, if the edge model must not serve: it is no help to any device
/// class, or fell behind the one before.
base::Result<void> judge(const std::vector<CanaryPair>& pairs);

}  // namespace frugal::app
