// SPDX-License-Identifier: Apache-2.0
// What a run of the desk world must show; each finding is one line of the outcome's violations.
#pragma once

#include "simulation/offload/desk_world.hpp"

namespace frugal::simulation {

void judge(DeskOutcome& outcome);

}  // namespace frugal::simulation
