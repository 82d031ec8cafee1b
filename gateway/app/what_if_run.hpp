// SPDX-License-Identifier: Apache-2.0
// Replays what the database recorded of a task through a candidate policy. Pure but for the time it
// takes, which it measures; any thread. Reads contexts only: inputs were never stored.
#pragma once

#include <vector>

#include "policy/learn/learn_terms.hpp"
#include "policy/replay/what_if.hpp"
#include "storage/reader.hpp"
#include "wire/json_views_learning.hpp"

namespace frugal::app {

struct WhatIfRecords {
    std::vector<storage::Reader::DecisionContext> decisions;   ///< newest first
    std::vector<core::ObservationRecord> observations;         ///< newest first
    std::vector<std::string> device_classes;                   ///< by device number
    std::vector<storage::Reader::EscalationAccount> accounts;  ///< by device number; may be shorter
};

/// The candidate for one device class ("any": all).
struct WhatIfPart {
    std::string device_class;
    base::Bytes compiled;
    policy::LearnTerms terms;
    std::uint32_t task = 0;
    std::uint32_t classes = 2;
    std::uint32_t payload_bytes = 0;
    double hours = 24;  ///< that were asked for
    base::Digest model{};
    base::Digest edge{};
    std::uint32_t share_permille = 0;       ///< of a group's decisions may escalate; 0: no limit
    std::vector<std::uint32_t> releases{};  ///< counters of all releases with this very model
};

/// Gains are judged by what labelled samples said of the pair last: a canary that was sent, else
/// the policy file, if it was measured for this pair; else by a guess that nothing supports.
void take_canaries(WhatIfPart& part, const std::vector<core::CanaryRecord>& canaries);

/// Energy is what devices booked on these decisions, all uses of it: what a decision itself booked
/// says nothing of its escalation, whose energy, with that of sleep and handshakes, goes to the
/// decision that closes next. Predicted is that of a decision, and for each escalation more or less
/// what the accounts of the class's devices in these records say of one; unknown without that.
///
/// Rates are over the time from the oldest to the newest record of the class. Decisions come in
/// batches: those of one are taken as spread evenly over the time since the batch before.
wire::SimulationView run_what_if(const WhatIfPart& part, const WhatIfRecords& records);

}  // namespace frugal::app
