// SPDX-License-Identifier: Apache-2.0
// A fleet whose devices obey, through the device's own evaluator, the policies that the real
// SiteLearner pushes, in virtual time; some devices lie, models go wrong, the gateway dies. Checks:
//
//   L1  five blocks of 4,096 honest tasks after a change, no block costs notably more than the
//   better
//       of "all local" and "all to the edge" would have. Known to fail, and left out: devices that
//       turn wrong when the canary of the pair said that the edge is hardly ever right where the
//       two disagree (rho below 0.3); more disagreement then says nothing to the learner
//   L2  liars, at most 30 % of the devices, cost the honest ones a bounded part: the same seed is
//       run without them
//   L3  a push changes the gain table, the audit rate and the id, nothing else of the owner's
//   policy L4  no pushes in less than 10 s; none in less than 15 minutes, restarts of the gateway
//   included,
//       but for an alarm, an audit rate or a canary registered anew
//   L5  a gateway that was killed goes on with the table and the evidence it had stored
//   L6  each pushed table of a class group lies within the owner's bounds of that group, also when
//       what devices held before does not
#pragma once

#include <string>
#include <vector>

#include "simulation/learner/learner_options.hpp"

namespace frugal::simulation {

struct LearnerOutcome {
    LearnerOptions options;
    std::vector<std::string> violations;  ///< each begins with its invariant
    double cost = 0;                      ///< of an honest task, in wrong answers
    double cost_local = 0;                ///< had no task been escalated
    double cost_edge = 0;                 ///< had every task been
    double cost_alone = 0;                ///< of an honest task without the liars
    std::uint32_t pushes = 0;
    std::uint64_t hash = 0;  ///< of everything that was pushed
};

LearnerOutcome run_learner(const LearnerOptions& options);

}  // namespace frugal::simulation
