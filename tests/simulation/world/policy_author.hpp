// SPDX-License-Identifier: Apache-2.0
// The person who tries policies on a part of the fleet: stages, sets at once, resumes, takes back
// and reverts at random, whatever else goes on, gives single devices and labels policies of their
// own and takes them away, and plays the learner, alarms included; at the end leaves things as they
// are or sets a last one. Owned by the world; single-threaded. Waits until the task has its first
// policy.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "simulation/world/gateway_host.hpp"

namespace frugal::simulation {

/// Of every other device on record from the beginning.
inline constexpr const char* kOddLabel = "odd";

class PolicyAuthor {
public:
    PolicyAuthor(const Context& context, GatewayHost& gateway, std::uint64_t seed)
        : context_(context), gateway_(gateway), rng_(seed), alarm_rng_(seed + 1) {}

    /// Does nothing in a world without staged policies.
    void start();
    /// No more at random; what is begun is brought to an end.
    void finish();
    bool is_done() const { return is_done_; }

private:
    /// What a decision starts from.
    struct Known {
        core::TaskList tasks;
        core::PolicyHistory history;
    };
    /// Absent if there is nothing to do.
    using Make = std::optional<core::SetPolicy> (PolicyAuthor::*)(const Known&);

    void plan();
    void act();
    void set(const char* what, Make make);
    void look(std::function<void(const Known&)> then);
    template <typename Reply>
    void ask(core::AdminCommand command, std::function<void(Reply)> then);
    void attempt_last();
    void try_last();

    void act_on_few();
    void pin_all_from(std::uint32_t device);
    void stage_for_nobody();
    void go_on_regardless(int times);
    void plan_alarm();
    void raise_alarm();
    bool renew_override(const Known& known);

    std::optional<core::SetPolicy> at_once(const Known& known);
    std::optional<core::SetPolicy> staged(const Known& known);
    std::optional<core::SetPolicy> taken_back(const Known& known);
    std::optional<core::SetPolicy> reverted(const Known& known);
    std::optional<core::SetPolicy> for_few(const Known& known);
    std::optional<core::SetPolicy> for_few_no_more(const Known& known);
    std::optional<core::SetPolicy> learned(const Known& known);
    std::vector<core::PolicyStep> steps();

    const Context& context_;
    GatewayHost& gateway_;
    base::Rng rng_;
    base::Rng alarm_rng_;  ///< apart, so that alarms change nothing of what is drawn for policies
    bool is_stopped_ = false;
    bool is_done_ = true;
    bool spares_large_ = true;        ///< in this round of policies for all
    std::uint32_t renewed_from_ = 0;  ///< overrides of lower numbers are set again at the end
    std::map<std::uint32_t, int> renewals_{};  ///< by version
};

}  // namespace frugal::simulation
