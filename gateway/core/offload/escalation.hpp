// SPDX-License-Identifier: Apache-2.0
// One escalated task on its way through the desk. Move-only because of its input, which is wiped
// when it leaves.
#pragma once

#include <compare>

#include "base/ids.hpp"
#include "core/features.hpp"
#include "core/offload/deadline_tree.hpp"
#include "core/offload/fair_share.hpp"
#include "core/offload/learning.hpp"
#include "core/offload/task_instance.hpp"
#include "core/priority.hpp"

namespace frugal::core {

/// Which task instance: one answer each.
using Instance = TaskInstance;

struct Escalation {
    Instance instance;
    std::uint32_t task = 0;
    std::uint32_t local_class = 0;
    GroupNumber group = 0;
    Place place{};
    base::Instant arrived{};
    FairShare::Charge charged{};  ///< of its device's fair share
    ObservationRecord seen{};     ///< what the learner may know of it
    bool is_probe = false;        ///< runs although the estimate says it will be late
    bool may_go_on = false;       ///< its device lets it leave the site
    Features features{};

    base::Duration slack() const { return place.deadline - arrived; }
    bool is_audit() const { return place.priority == static_cast<std::uint8_t>(Priority::kAudit); }
};

}  // namespace frugal::core
