// SPDX-License-Identifier: Apache-2.0
// Whether an edge model answers what its task's devices ask: their classes, their input. Pure
// function, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace frugal::app {

/// The inputs one release's models take.
struct DeviceInput {
    std::string release;  ///< MODEL@N
    std::uint32_t bytes = 0;
};

struct EdgeShape {
    std::string name;
    std::uint32_t task = 0;
    std::size_t input_bytes = 0;  ///< of what devices send
    std::size_t classes = 0;
};

/// What should be known of a model that fits only some devices; empty if it fits all. `labels` is
/// 0 for a task without any: then its classes are not compared. Without releases the input is not.
/// kConflict for a model that no device could ask.
base::Result<std::string> check_edge_fit(const EdgeShape& edge, std::size_t labels,
                                         const std::vector<DeviceInput>& devices);

}  // namespace frugal::app
