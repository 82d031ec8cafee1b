// SPDX-License-Identifier: Apache-2.0
// One device as the core sees it: what is stored of it, and what is only known while this process
// runs. Owned by the Registry. Plain data.
#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "core/admin.hpp"
#include "core/record.hpp"

namespace frugal::core {

struct Device {
    DeviceRecord record;

    Presence presence = Presence::kNeverSeen;
    std::optional<base::Instant> heard_at{};
    std::optional<base::Instant> probed_at{};
    std::optional<base::Instant> kicked_at{};  ///< when its connection was last to be closed
    std::optional<base::Instant> claim_deadline{};
    std::vector<StreamNumber> streams{};
    std::optional<Health> health{};
    std::uint64_t malformed_messages = 0;
    std::uint32_t incidents = 0;  ///< rows written since the start

    /// It said that a delta's base is missing: it is offered full encodings from now on.
    bool refuses_deltas = false;

    /// Pace of telling it again what it should run; see RolloutDesk.
    std::optional<base::Instant> remind_at{};
    base::Duration remind_after{0};
};

}  // namespace frugal::core
