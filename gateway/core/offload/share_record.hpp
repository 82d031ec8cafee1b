// SPDX-License-Identifier: Apache-2.0
// How much of its share of escalations a group of devices has used, as it is kept. A plain value,
// written by the escalation desk, read back with the Snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/numbers.hpp"

namespace frugal::core {

/// Length of one virtual queue (share_budget.hpp); replaced by the next of the same key.
struct ShareRecord {
    std::uint32_t task = 0;
    std::string group{};                   ///< device class or label
    std::optional<DeviceNumber> device{};  ///< its own queue; absent: the group's
    std::int64_t length_permille = 0;      ///< of one escalation
    bool operator==(const ShareRecord&) const = default;
};

}  // namespace frugal::core
