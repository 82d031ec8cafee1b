// SPDX-License-Identifier: Apache-2.0
// Named places where a test can end the process: FRUGAL_CRASH_AT=name:n kills it (SIGKILL, no
// clean-up) the n-th time execution passes fault_point("name"). Costs one comparison otherwise.
#pragma once

#include <string_view>

namespace frugal::base {

/// Reads FRUGAL_CRASH_AT once; call from main before any thread starts.
void arm_fault_points();

/// Passes, or kills the process if this is the armed place and the armed count.
void fault_point(std::string_view name);

}  // namespace frugal::base
