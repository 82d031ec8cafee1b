// SPDX-License-Identifier: Apache-2.0
// The deltas that a release lacks (core::PlanEncodings), made after its import. No I/O of its own;
// slow, so on a worker thread.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"

namespace frugal::release {

/// The bytes of a stored model, or why they cannot be had.
using LoadModel = std::function<base::Result<base::Bytes>(const base::Digest&)>;

struct LateDeltas {
    core::AddEncodings added;                   ///< without variants if nothing was made
    std::vector<core::MissingDelta> useless{};  ///< no delta of these is worth its bytes
    std::vector<base::Error> errors{};          ///< why one could not be made
    std::size_t left = 0;                       ///< not begun: the time was up
};

/// What the plan misses, in its order; `has_time` is asked before each is begun. One that cannot be
/// made keeps none of the others away.
LateDeltas make_late_deltas(const core::EncodingPlan& plan, const LoadModel& load,
                            const std::function<bool()>& has_time);

}  // namespace frugal::release
