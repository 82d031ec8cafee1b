// SPDX-License-Identifier: Apache-2.0
// The core's side of the learner: what it is told of, and what it may store. Pure functions on one
// step. Neither learns nor sees an input.
#pragma once

#include <map>
#include <vector>

#include "core/admin.hpp"
#include "core/catalogue.hpp"
#include "core/fleet/device.hpp"
#include "core/journal.hpp"

namespace frugal::core {

/// What is known of an escalation when it comes in.
ObservationRecord observation_of(const Device& device, const Escalate& escalate);

/// Tells the learner of an answered escalation. `record` is complete but for the learner's part.
void tell_observation(const Step& step, const Device& device, const Catalogue& catalogue,
                      ObservationRecord&& record);

/// Tells the learner of decisions, once they are durable.
void tell_decisions(const Step& step, const Device& device, const Catalogue& catalogue,
                    const DecisionRun& run);

/// kInvalidInput for a state or a batch that is too large.
base::Result<void> check_learning(const SaveLearning& command);

/// kConflict for canaries that were begun before a person's policy of their task came in force: it
/// counts, and not what was measured under the one before. `owner_changes` is TaskList's.
base::Result<void> check_measured(const SaveLearning& command,
                                  const std::map<std::uint32_t, std::uint32_t>& owner_changes);

/// Stores what was learned; the errors of check_learning().
base::Result<Done> save_learning(const Step& step, Journal& journal, const std::string& actor,
                                 SaveLearning&& command);

}  // namespace frugal::core
