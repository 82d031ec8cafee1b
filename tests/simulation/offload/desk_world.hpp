// SPDX-License-Identifier: Apache-2.0
// Many devices before the real core's escalation desk, in virtual time: devices that ask, engines
// that take their time, fail or hang, a gateway that is killed. Small and fast, so that overload
// can be run for hours; the full world (world/world.hpp) has the real node library. One call, one
// world.
#pragma once

#include <vector>

#include "core/admin.hpp"
#include "simulation/offload/desk_options.hpp"

namespace frugal::simulation {

struct DeskDevice {
    std::uint32_t group = 0;
    std::uint64_t tasks = 0;     ///< decided in all
    std::uint64_t asked = 0;     ///< escalated, audits included
    std::uint64_t answered = 0;  ///< in time, audits included
};

struct DeskOutcome {
    DeskOptions options;
    std::uint64_t asked = 0;
    std::uint64_t admitted = 0;  ///< not an audit, and not told BUSY at the door
    std::uint64_t kept = 0;      ///< of them answered in time
    std::uint64_t audits = 0;
    std::uint64_t audits_answered = 0;
    std::uint64_t tasks_asked = 0;  ///< asked without the audits
    std::uint64_t tasks_answered = 0;
    std::uint64_t told_late = 0;       ///< BUSY after the door
    double asks_before = 0;            ///< escalations a second before the faults
    double asks_back = 0;              ///< and from 2 s after the gateway's return
    double rate_before = 0;            ///< answers a second before the faults
    double rate_back = 0;              ///< and from 2 s after the gateway's return
    double rate_after = 0;             ///< and from 10 s after the last fault
    std::uint64_t after_deadline = 0;  ///< inferences that began after their deadline
    std::uint32_t running_max = 0;     ///< batches at once
    std::vector<DeskDevice> devices;
    core::EscalationStatistics statistics;  ///< of the last core
    std::vector<std::string> violations;

    double kept_ratio() const {
        return admitted == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(admitted);
    }
};

/// Runs the world and judges it.
DeskOutcome run_desk(const DeskOptions& options);

}  // namespace frugal::simulation
