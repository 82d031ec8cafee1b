// SPDX-License-Identifier: Apache-2.0
// Error against density without retraining, for magnitude, OBD in three forms and OBC. Bench code
// only, one thread.
#pragma once

#include "bench/lenet/world.hpp"

namespace frugal::bench {

/// Prints the table and adds it to the world's figures.
void run_curves(World& world);

}  // namespace frugal::bench
