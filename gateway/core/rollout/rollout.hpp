// SPDX-License-Identifier: Apache-2.0
// One rollout in memory: its record and where each of its devices stands. Owned by RolloutDesk.
#pragma once

#include <map>

#include "core/admin.hpp"
#include "core/record.hpp"

namespace frugal::core {

struct Rollout {
    RolloutRecord record;
    std::map<DeviceNumber, RolloutDeviceRecord> devices{};
    std::uint32_t unsettled = 0;
};

/// Devices may still join it.
inline bool is_open(RolloutStatus status) {
    return status == RolloutStatus::kRunning || status == RolloutStatus::kFinished;
}

/// Counts by state and by reason.
RolloutView view_of(const Rollout& rollout, const ReleaseRecord& release);

}  // namespace frugal::core
