// SPDX-License-Identifier: Apache-2.0
// A task pinned as a whole: `pin = "always-edge"` or `"always-local"` in its table goes before its
// classes, its bounds and its gains, which stay in the file for the day the pin goes. Guards, cap,
// deadline and privacy hold as ever. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace frugal::policy {

inline constexpr std::string_view kAlwaysEdge = "always-edge";
inline constexpr std::string_view kAlwaysLocal = "always-local";

/// The text with this pin for the task, in place of one it has. kInvalidInput if it is no policy of
/// the task, or its table is not written as [task.NAME].
base::Result<std::string> with_pin(const std::string& text, const std::string& task_name,
                                   std::string_view pin);

}  // namespace frugal::policy
