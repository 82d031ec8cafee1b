// SPDX-License-Identifier: Apache-2.0
// What a network that was trained a little further on images that changed costs devices that have
// the one before: lossless deltas beside those of the stage "delta". Bench code only, one thread.
#pragma once

#include "bench/lenet/world.hpp"

namespace frugal::bench {

/// Trains the dense network on with turned images, prints the table and adds it to the figures.
void run_drift(World& world);

}  // namespace frugal::bench
