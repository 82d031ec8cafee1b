// SPDX-License-Identifier: Apache-2.0
// The classes of the escalation desk's queue. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace frugal::core {

/// In the order they run. Audits are a class of their own: last, and shed first.
enum class Priority : std::uint8_t { kUrgent = 0, kNormal = 1, kBackground = 2, kAudit = 3 };
inline constexpr std::size_t kPriorities = 4;
std::string_view to_string(Priority priority);  ///< "urgent"

}  // namespace frugal::core
