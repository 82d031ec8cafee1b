// SPDX-License-Identifier: Apache-2.0
// The books of one life of a gateway, kept from outside and compared with its own: every escalation
// that reached it is told at most once, and whoever is told nothing is counted as waiting, running
// or expired. Owned by the desk world.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/event.hpp"
#include "core/offload/escalation_statistics.hpp"

namespace frugal::simulation {

class DeskLedger {
public:
    using Key = std::pair<std::size_t, std::uint64_t>;  ///< device, sequence

    void on_escalate(const Key& key) { told_.try_emplace(key, false); }
    void on_verdict(const Key& key, core::VerdictStatus status);
    /// The gateway's own books, now; `violations` gets a line for whatever differs.
    void compare(const core::EscalationStatistics& books, std::vector<std::string>& violations);
    /// Another life begins.
    void clear() { *this = {}; }

private:
    std::map<Key, bool> told_;
    std::map<core::VerdictStatus, std::uint64_t> verdicts_;
    std::vector<std::string> twice_;
};

}  // namespace frugal::simulation
