// SPDX-License-Identifier: Apache-2.0
// Deltas that a release lacks because it was imported before devices ran what they run now: made
// when somebody starts a rollout or imports the release again. Loop thread; the work is done on
// the pool.
#pragma once

#include <functional>
#include <string>

#include "app/api_parts.hpp"

namespace frugal::app {

/// Asks the core what is missing for these devices, encodes and adds it, then goes on with `then`,
/// whatever came of it and within a bounded time: what is not made is logged, and the devices get
/// the release in full. Nothing of it outlives the process; asking again makes it again.
void complete_encodings(ApiParts& parts, const std::string& actor, core::PlanEncodings query,
                        std::function<void()> then);

}  // namespace frugal::app
