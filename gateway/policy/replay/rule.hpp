// SPDX-License-Identifier: Apache-2.0
// What a replay asks of every policy it compares, and where the policies come from. A rule lives
// for one run over one trace, in one thread; its chance comes from the run's seed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "policy/learn/isogain.hpp"
#include "policy/replay/trace.hpp"

namespace frugal::policy {

struct ReplayOptions {
    double cost = 0.1;  ///< of an escalation, in wrong answers
    std::uint32_t seeds = 5;
    std::uint32_t window_tasks = 64;  ///< between two pushes
    double share = 1;                 ///< escalations a task the budget allows; 1: no budget
    IsoGainConfig isogain;
};

/// What a rule did beside deciding.
struct RuleCounts {
    std::uint64_t pushes = 0;
    std::uint64_t alarms = 0;
    std::uint64_t probes = 0;
    std::uint64_t audits = 0;
};

class Rule {
public:
    virtual ~Rule() = default;
    virtual bool escalates(const TraceRow& row, base::Rng& rng) = 0;
    virtual RuleCounts counts() const { return {}; }
};

enum class Chance { kNone, kSeeded };  ///< whether runs with other seeds can differ

struct NamedRule {
    std::string name;
    Chance chance = Chance::kNone;
    std::function<std::unique_ptr<Rule>()> make;
};

/// Rules that need no learning: all-local, all-edge, Chow, Sedna's, canary-fixed, calibrate-once,
/// the best fixed ones in hindsight, the oracle. Those whose columns are missing are left out.
/// The first is best-fixed, which the others are measured against.
std::vector<NamedRule> fixed_rules(const Trace& trace, const ReplayOptions& options);

/// exponential-weights (Hedge-HI) and hi-lcb, deciding and learning at every task.
std::vector<NamedRule> online_rules(const Trace& trace, const ReplayOptions& options);

/// isogain and hedge, as pushed policies through the device's evaluator.
std::vector<NamedRule> learned_rules(const Trace& trace, const ReplayOptions& options);

}  // namespace frugal::policy
