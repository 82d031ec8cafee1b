// SPDX-License-Identifier: Apache-2.0
// Brings releases to devices: who should run what, who is told when, how far each one is. Owned by
// the core. Nothing is offered before the wish is durable; after an abort is durable nothing more
// is. Never touches artifact bytes.
#pragma once

#include <map>
#include <set>

#include "core/catalogue.hpp"
#include "core/config.hpp"
#include "core/fleet/enrolment.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/offload/policy_desk.hpp"
#include "core/rollout/fit.hpp"
#include "core/rollout/rollout.hpp"
#include "core/rollout/transitions.hpp"

namespace frugal::core {

class RolloutDesk {
public:
    RolloutDesk(Snapshot& snapshot, Registry& registry, Catalogue& catalogue, PolicyDesk& policies,
                Journal& journal, const RolloutConfig& config);

    /// Unfinished business of the last process starts again.
    void boot(const Step& step, std::uint64_t fencing_epoch);
    void set_fencing_epoch(std::uint64_t epoch) { fencing_epoch_ = epoch; }

    base::Result<RolloutStarted> start(const Step& step, const std::string& actor,
                                       const StartRollout& command);
    base::Result<Done> abort(const Step& step, const std::string& actor,
                             const AbortRollout& command);
    base::Result<RolloutStarted> rollback(const Step& step, const std::string& actor,
                                          RollbackRollout&& command);
    base::Result<RollbackPlan> plan_rollback(base::RolloutId id) const;

    /// Takes the hello's word on every task and answers with the desired state.
    void on_hello(const Step& step, Device& device, const Hello& hello);
    void on_report(const Step& step, Device& device, const Report& report);
    /// The device is out: revoked, or quarantined.
    void on_expelled(const Step& step, Device& device);
    /// Who does not obey the policy he should is told again, ever more rarely.
    void on_health(const Step& step, Device& device, const Health& health);
    /// Policies changed: everybody concerned is told.
    void on_policy(const Step& step, const PolicyChange& change);
    /// A policy was made for a model, or cannot be, or is to be tried again: its devices are told.
    void on_bound(const PolicyBindings::Pair& pair);
    /// A device came back into service.
    void on_released(const Step& step, Device& device);

    void on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    /// The artifacts this device may fetch now, by task.
    std::vector<ArtifactRecord> offered_artifacts(const Device& device) const;
    bool is_offered(const base::Digest& artifact) const;

    /// The device as the task sees it; it must have said what it can hold.
    FitSubject subject_of(const Device& device, std::uint32_t task) const;

    const Rollout* find(base::RolloutId id) const;
    const std::map<base::RolloutId, Rollout>& rollouts() const { return rollouts_; }
    std::uint32_t running_count() const;
    /// Where the device stands with this assignment; null if its rollout does not know it.
    const RolloutDeviceRecord* standing(const Device& device, const Assignment& assignment) const;

private:
    struct Entry {
        Rollout* rollout = nullptr;
        RolloutDeviceRecord* device = nullptr;
    };

    Rollout* current_for_all(std::uint32_t task);
    void join(const Step& step, Rollout& rollout, Device& device);
    void join_open_rollouts(const Step& step, Device& device);
    void leave_foreign_tasks(const Step& step, Device& device);
    Entry entry_of(const Device& device, const Assignment& assignment);
    /// Moves the entry along the table; true if it changed.
    bool apply(const Step& step, Entry entry, RolloutEvent event, Misfit why = {},
               const Report* report = nullptr);
    void apply_word(const Step& step, Device& device, const Assignment& assignment,
                    const TaskState& state, bool is_about_this);
    void note_confirmed(const Step& step, Device& device, const Assignment& assignment,
                        const Report& report);
    std::variant<Fit, Misfit> fit_for(const Device& device, const Assignment& assignment) const;
    base::Result<void> check_fit(const ReleaseRecord& release,
                                 const std::vector<DeviceNumber>& devices) const;
    bool offer_in_full(const Step& step, Device& device, const Assignment& assignment);
    void cancel_unsettled(const Step& step, Rollout& rollout);
    void end(const Step& step, Rollout& rollout, RolloutStatus status);
    void assign(const Step& step, Device& device, const Assignment& assignment);
    void unassign(const Step& step, Device& device, const Rollout& rollout);
    Rollout& standing_for(Rollout& rollout);
    void give_back(const Step& step, Device& device, Rollout& rollout);
    void touch_version(const Step& step, Device& device);
    Rollout& create(const Step& step, const std::string& actor, const ReleaseRecord& release,
                    RolloutTarget target, const std::vector<DeviceNumber>& devices);
    void tell(const Step& step, Device& device);
    void settle_fit(const Step& step, Device& device);
    void offer_next(const Step& step);
    void remind(const Step& step, Device& device);
    void remind_at(Device& device, std::optional<base::Instant> when);
    bool has_unsettled(const Device& device);
    Desired desired_of(const Device& device) const;
    /// What the device runs, else what it is offered.
    std::optional<base::Digest> model_of(const Device& device, const TaskState& state) const;
    /// True while a form that the device is to be told of is being made.
    bool bind_policies(const Step& step, const Device& device);
    void add_policies(const Device& device, Desired& desired) const;
    bool was_rolled_back(ReleaseNumber release) const;
    ReleasePointer release_before(const ReleaseRecord& bad) const;

    std::map<base::RolloutId, Rollout> rollouts_;
    Registry& registry_;
    Catalogue& catalogue_;
    PolicyDesk& policies_;
    Journal& journal_;
    RolloutConfig config_;
    std::uint64_t fencing_epoch_ = 0;
    std::set<DeviceNumber> to_tell_;  ///< waiting for their turn in the pace
    base::Instant next_slice_;
    base::Instant booted_at_;  ///< who was not heard of yet is waited for from here
    std::set<std::pair<base::Instant, DeviceNumber>> reminders_;
};

}  // namespace frugal::core
