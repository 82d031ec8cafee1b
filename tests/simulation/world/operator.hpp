// SPDX-License-Identifier: Apache-2.0
// The person in the story: defines the task, imports releases, rolls them out, changes the policy,
// aborts, rolls back, enrols and revokes; asks again, after looking, when the gateway died over a
// request. Owned by the world; single-threaded.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>

#include "simulation/world/device_host.hpp"
#include "simulation/world/gateway_host.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

class Operator {
public:
    Operator(const Context& context, GatewayHost& gateway, std::uint64_t seed)
        : context_(context), gateway_(gateway), rng_(seed) {}

    /// `newcomer`: enrolled on the way, null for none; `outcast`: revoked, null for none.
    void start(DeviceHost* newcomer, DeviceHost* outcast);
    bool is_done() const { return steps_.empty(); }
    const std::string& current() const;
    /// Everything signed so far, in order: an evil broker may have kept it.
    const std::vector<core::SignedPointer>& manifests() const { return manifests_; }
    std::uint32_t aborted_counter() const { return aborted_counter_; }

private:
    using Error = base::Error;
    struct Step {
        std::string name;
        std::function<void()> attempt;
    };

    void add(std::string name, std::function<void()> attempt);
    void attempt();
    void next();
    void again();

    template <typename Reply>
    void ask(core::AdminCommand command, std::function<void(const Reply&)> done);
    void change(core::AdminCommand command, std::function<void()> done,
                std::function<void()> made_already = {});

    void import(ReleaseShelf::Content content, std::uint32_t release);
    void roll_out(std::uint32_t release);
    void add_deltas(std::uint32_t release);
    void have_encoded(const core::EncodingPlan& plan);
    void wait_for_rollout(base::Duration patience);
    void abort();
    void roll_back();
    void revoke(DeviceHost& device);
    void enrol(DeviceHost& device);
    void present_claim(DeviceHost& device);

    const Context& context_;
    GatewayHost& gateway_;
    base::Rng rng_;
    std::deque<Step> steps_;
    std::uint64_t turn_ = 0;  ///< answers to an earlier attempt are void
    base::Instant wait_until_;
    bool is_waiting_ = false;
    bool wants_rollback_ = false;
    std::vector<core::SignedPointer> manifests_;
    std::uint32_t aborted_counter_ = 0;
};

}  // namespace frugal::simulation
