// SPDX-License-Identifier: Apache-2.0
// Runs seeds of the desk world and prints what it found.
#pragma once

#include <cstdint>
#include <vector>

namespace frugal::simulation {

/// @return 0 if no seed violated anything, 1 otherwise: an exit status.
int run_desk_seeds(const std::vector<std::uint64_t>& seeds, bool as_json);

}  // namespace frugal::simulation
