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

/// What a device says of one task's policies, and what is chosen for it; versions, 0 for none.
struct PolicyGap {
    std::uint32_t task = 0;
    std::uint32_t obeyed = 0;
    std::uint32_t evaluated = 0;
    std::uint32_t policy = 0;
    std::uint32_t shadow = 0;
    bool operator==(const PolicyGap&) const = default;
};

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

    /// The artifact it last asked blocks of, or said that it holds some of.
    std::optional<base::Digest> pulls{};

    /// Pace of telling it again what it should run; see RolloutDesk.
    std::optional<base::Instant> remind_at{};
    base::Duration remind_after{0};

    /// The same for the policies of a device that says it has others; see RolloutDesk::on_health.
    std::vector<PolicyGap> policy_gaps{};  ///< when it was last told
    base::Instant policies_told_at{};
    base::Duration tell_policies_after{0};

    /// Tasks of which it obeys newer policies than are known here, as the log last said.
    std::vector<PolicyGap> policies_ahead{};
    std::optional<base::Instant> ahead_logged_at{};
};

}  // namespace frugal::core
