// SPDX-License-Identifier: Apache-2.0
// Which deltas would pay: what the devices run, against what a release has. Pure reading.
#pragma once

#include "core/views.hpp"

namespace frugal::core {

/// Models of a class that an import makes deltas against, the commonest first: it is answered when
/// all are made. A rollout adds others.
inline constexpr std::size_t kImportBasesMax = 4;

/// For each device of the query that said what it can hold: the variant it would get, and one that
/// only a delta could make small enough for it, against the model the device runs; if that was
/// released here and the variant has no delta against it. kNotFound for an unknown release.
base::Result<EncodingPlan> plan_encodings(const Site& site, const PlanEncodings& query);

/// What enrolled devices run for a task, the commonest first, kImportBasesMax of a class and
/// kDeltaBasesMax in all: the bases of a release to come.
std::vector<DeltaBase> delta_bases_of(const Site& site, std::uint32_t task);

}  // namespace frugal::core
