// SPDX-License-Identifier: Apache-2.0
// What people do with rollouts: start, abort, roll back. The flow itself is in rollout_desk.cpp.
#include <algorithm>

#include "core/rollout/rollout_desk.hpp"

namespace frugal::core {

namespace {

tl::unexpected<base::Error> no_such_rollout(base::RolloutId id) {
    return base::fail(base::ErrorKind::kNotFound,
                      "rollout " + std::to_string(id.value) + " is not known", {},
                      "List the rollouts");
}

// Before its first hello a device may be wished more tasks than it can have.
bool has_place(const DeviceRecord& device, std::uint32_t task) {
    const auto& assignments = device.assignments;
    return assignments.size() < kTasksMax || std::ranges::any_of(assignments, [&](const auto& has) {
               return has.task == task || !may_decide(device, has.task);
           });
}

}  // namespace

Rollout& RolloutDesk::create(const Step& step, const std::string& actor,
                             const ReleaseRecord& release, RolloutTarget target,
                             const std::vector<DeviceNumber>& devices) {
    const base::RolloutId id{rollouts_.empty() ? 1 : rollouts_.rbegin()->first.value + 1};
    auto& rollout = rollouts_[id];
    rollout.record = {.id = id,
                      .release = release.number,
                      .task = release.task,
                      .target = target,
                      .actor = actor,
                      .started_at = step.now.wall};
    step.write(rollout.record);
    for (const auto number : devices) {
        auto& device = registry_.at(number);
        leave_foreign_tasks(step, device);
        join(step, rollout, device);
        assign(step, device, {.task = release.task, .rollout = id, .release = release.number});
        to_tell_.insert(number);
    }
    for (const auto number : devices) {
        if (registry_.at(number).record.state == DeviceState::kQuarantined) {
            apply(step, {&rollout, &rollout.devices.at(number)}, RolloutEvent::kSaysQuarantined,
                  {Reason::kQuarantined, 0});
        }
    }
    if (devices.empty()) {
        end(step, rollout, RolloutStatus::kFinished);
    }
    next_slice_ = std::max(next_slice_, step.now.instant);
    journal_.log(step, LogEvent::kRolloutStarted,
                 {{"rollout", std::to_string(id.value)},
                  {"model", release.model.text()},
                  {"release", std::to_string(release.release)},
                  {"devices", std::to_string(devices.size())}});
    return rollout;
}

base::Result<RolloutStarted> RolloutDesk::start(const Step& step, const std::string& actor,
                                                const StartRollout& command) {
    const auto release = catalogue_.find_release(command.model, command.release);
    if (release == nullptr) {
        return base::fail(base::ErrorKind::kNotFound,
                          "release " + std::to_string(command.release) + " of model " +
                              command.model.text() + " is not known",
                          {}, "Import it first");
    }
    if (rollouts_.size() >= config_.rollout_limit) {
        return base::fail(
            base::ErrorKind::kLimit, "rollout not started",
            "the site has its " + std::to_string(config_.rollout_limit) + " rollouts");
    }
    std::vector<DeviceNumber> devices;
    if (command.devices) {
        for (const auto& id : *command.devices) {
            const auto device = registry_.get(id);
            if (!device) {
                return base::fail(device.error(), "rollout not started");
            }
            if ((*device)->record.state != DeviceState::kEnrolled) {
                return base::fail(base::ErrorKind::kConflict, "rollout not started",
                                  "device " + id.text() + " is " +
                                      std::string(to_string((*device)->record.state)),
                                  "Leave it out, or bring it into service");
            }
            if (!may_decide((*device)->record, release->task)) {
                return base::fail(base::ErrorKind::kConflict, "rollout not started",
                                  "device " + id.text() + " does not decide task " +
                                      std::to_string(release->task),
                                  "Leave it out, or give it a firmware that decides the task");
            }
            if (!has_place((*device)->record, release->task)) {
                return base::fail(base::ErrorKind::kConflict, "rollout not started",
                                  "device " + id.text() +
                                      " did not say hello yet and already has " +
                                      std::to_string(kTasksMax) + " other tasks to begin with",
                                  "Leave it out until it says which tasks it decides");
            }
            devices.push_back((*device)->record.number);
        }
    } else {
        for (const auto& device : registry_.devices()) {
            if (device.record.state == DeviceState::kEnrolled &&
                may_decide(device.record, release->task) &&
                has_place(device.record, release->task)) {
                devices.push_back(device.record.number);
            }
        }
    }
    if (const auto checked = check_fit(*release, devices); !checked) {
        return tl::unexpected<base::Error>(checked.error());
    }
    const auto target = command.devices ? RolloutTarget::kListed : RolloutTarget::kAll;
    const auto& rollout = create(step, actor, *release, target, devices);
    journal_.audit(step, actor, "rollout.start", std::to_string(rollout.record.id.value),
                   command.model.text() + " release " + std::to_string(command.release));
    return RolloutStarted{rollout.record.id};
}

void RolloutDesk::cancel_unsettled(const Step& step, Rollout& rollout) {
    for (auto& [number, entry] : rollout.devices) {
        if (!is_settled(entry.state)) {
            apply(step, {&rollout, &entry}, RolloutEvent::kCancel, {Reason::kSuperseded, 0});
        }
    }
}

// What stands where a rollout stood that was taken back: its permit, or what took that one back. A
// permit that was aborted took nothing back.
Rollout& RolloutDesk::standing_for(Rollout& rollout) {
    auto* current = &rollout;
    while (current->record.status == RolloutStatus::kRolledBack) {
        const auto next = std::ranges::find_if(rollouts_, [&](const auto& item) {
            return item.second.record.undoes == current->record.id;
        });
        if (next == rollouts_.end() || next->second.record.status == RolloutStatus::kAborted) {
            break;
        }
        current = &next->second;
    }
    return *current;
}

// Back to a rollout that another had superseded on the device; in quarantine it waits there.
void RolloutDesk::give_back(const Step& step, Device& device, Rollout& rollout) {
    join(step, rollout, device);
    const Entry entry{&rollout, &rollout.devices.at(device.record.number)};
    if (device.record.state == DeviceState::kQuarantined) {
        apply(step, entry, RolloutEvent::kSaysQuarantined, {Reason::kQuarantined, 0});
    } else {
        apply(step, entry, RolloutEvent::kRelease);
    }
    assign(step, device,
           {.task = rollout.record.task,
            .rollout = rollout.record.id,
            .release = rollout.record.release});
}

// Gives the device back the wish it confirmed before this rollout, or what took that one's place.
void RolloutDesk::unassign(const Step& step, Device& device, const Rollout& rollout) {
    auto& assignments = device.record.assignments;
    const auto mine = std::ranges::find(assignments, rollout.record.id, &Assignment::rollout);
    if (mine == assignments.end()) {
        return;
    }
    const auto task = mine->task;
    assignments.erase(mine);
    if (device.record.state == DeviceState::kRevoked) {
        touch_version(step, device);
        return;
    }
    for (auto item = rollouts_.rbegin(); item != rollouts_.rend(); ++item) {
        auto& candidate = item->second;
        const auto entry = candidate.devices.find(device.record.number);
        if (candidate.record.task == task && candidate.record.id < rollout.record.id &&
            entry != candidate.devices.end() && entry->second.state == RolloutState::kConfirmed) {
            give_back(step, device, standing_for(candidate));
            return;
        }
    }
    touch_version(step, device);
}

base::Result<Done> RolloutDesk::abort(const Step& step, const std::string& actor,
                                      const AbortRollout& command) {
    const auto found = rollouts_.find(command.rollout);
    if (found == rollouts_.end()) {
        return no_such_rollout(command.rollout);
    }
    auto& rollout = found->second;
    if (rollout.record.status != RolloutStatus::kRunning) {
        return base::fail(base::ErrorKind::kConflict,
                          "rollout " + std::to_string(command.rollout.value) + " not aborted",
                          "it is " + std::string(to_string(rollout.record.status)),
                          "Roll it back instead");
    }
    end(step, rollout, RolloutStatus::kAborted);
    std::vector<DeviceNumber> devices;
    for (const auto& [number, entry] : rollout.devices) {
        // Refused and reverted devices too: their next hello would be answered with the offer.
        if (entry.state != RolloutState::kConfirmed) {
            devices.push_back(number);
        }
    }
    cancel_unsettled(step, rollout);
    for (const auto number : devices) {
        unassign(step, registry_.at(number), rollout);
        to_tell_.insert(number);
    }
    journal_.audit(step, actor, "rollout.abort", std::to_string(command.rollout.value));
    return Done{};
}

bool RolloutDesk::was_rolled_back(ReleaseNumber release) const {
    return std::ranges::any_of(rollouts_, [release](const auto& item) {
        return item.second.record.release == release &&
               item.second.record.status == RolloutStatus::kRolledBack;
    });
}

// The last release before this one that nobody took back; a permit stands for what it restored.
ReleasePointer RolloutDesk::release_before(const ReleaseRecord& bad) const {
    ReleasePointer previous;
    for (const auto& release : catalogue_.releases()) {
        if (release->task == bad.task && release->counter < bad.counter &&
            !was_rolled_back(release->number) &&
            (previous == nullptr || release->counter > previous->counter)) {
            previous = release;
        }
    }
    return previous != nullptr && previous->restores ? catalogue_.pointer(*previous->restores)
                                                     : previous;
}

base::Result<RollbackPlan> RolloutDesk::plan_rollback(base::RolloutId id) const {
    const auto* rollout = find(id);
    if (rollout == nullptr) {
        return no_such_rollout(id);
    }
    const auto& bad = catalogue_.release(rollout->record.release);
    const auto previous = release_before(bad);
    if (previous == nullptr) {
        return base::fail(base::ErrorKind::kConflict,
                          "rollout " + std::to_string(id.value) + " cannot be rolled back",
                          "there is no earlier release for its task",
                          "Import one, or abort the rollout");
    }
    const auto plan = catalogue_.plan(previous->model, previous->task);
    return RollbackPlan{previous, plan.release, plan.counter};
}

base::Result<RolloutStarted> RolloutDesk::rollback(const Step& step, const std::string& actor,
                                                   RollbackRollout&& command) {
    const auto plan = plan_rollback(command.rollout);
    if (!plan) {
        return tl::unexpected<base::Error>(plan.error());
    }
    auto& bad = rollouts_.at(command.rollout);
    if (bad.record.status == RolloutStatus::kRolledBack) {
        return base::fail(
            base::ErrorKind::kConflict,
            "rollout " + std::to_string(command.rollout.value) + " is rolled back already");
    }
    for (const auto& variant : command.permit.variants) {
        const bool is_known = variant.manifest != nullptr &&
                              std::ranges::any_of(plan->restores->variants, [&](const auto& old) {
                                  return old.manifest->content().model_digest ==
                                         variant.manifest->content().model_digest;
                              });
        if (!is_known) {
            return base::fail(base::ErrorKind::kInvalidInput, "rollback not started",
                              "the permit names a model the earlier release does not have",
                              "Sign the manifests of the release that PlanRollback names");
        }
    }
    const auto imported =
        catalogue_.import(step, actor, std::move(command.permit), plan->restores->number);
    if (!imported) {
        return tl::unexpected<base::Error>(imported.error());
    }
    // One in quarantine too: it is told when it comes back.
    std::vector<DeviceNumber> devices;
    for (const auto& [number, entry] : bad.devices) {
        const auto& device = registry_.at(number);
        const bool is_mine = std::ranges::any_of(
            device.record.assignments,
            [&](const auto& assignment) { return assignment.rollout == bad.record.id; });
        if (is_mine && device.record.state != DeviceState::kRevoked) {
            devices.push_back(number);
        }
    }
    end(step, bad, RolloutStatus::kRolledBack);
    auto& rollout =
        create(step, actor, catalogue_.release(imported->number), bad.record.target, devices);
    rollout.record.undoes = command.rollout;
    step.write(rollout.record);
    journal_.audit(step, actor, "rollout.rollback", std::to_string(command.rollout.value));
    return RolloutStarted{rollout.record.id};
}

// What it was told of a policy was lost on the way, or waited in a process that died. While an
// update is under way reminders go out anyhow. Who cannot obey it, because its flash loses it or
// holds no more, says the same for good: nobody is to write flash and talk without end for that.
void RolloutDesk::on_health(const Step& step, Device& device, const Health& health) {
    if (!device.record.capability || device.record.state != DeviceState::kEnrolled ||
        has_unsettled(device)) {
        return;
    }
    auto gaps = policies_.gaps(device, health);
    if (gaps != device.policy_gaps) {
        device.policy_gaps = std::move(gaps);
        device.tell_policies_after = base::Duration{0};
    }
    const auto now = step.now.instant;
    if (!device.policy_gaps.empty() &&
        now - device.policies_told_at >= device.tell_policies_after) {
        to_tell_.insert(device.record.number);
        device.policies_told_at = now;
        device.tell_policies_after =
            device.tell_policies_after.count() == 0
                ? config_.offer_retry
                : std::min(device.tell_policies_after * 2, config_.offer_retry_max);
    }
}

void RolloutDesk::on_policy(const Step& step, const PolicyChange& change) {
    for (auto& device : registry_.devices()) {
        if (!device.record.capability || device.record.state != DeviceState::kEnrolled) {
            continue;
        }
        const auto place = policy_place(device.record.id, change.version->version);
        const bool is_concerned =
            place >= change.from && place < change.until &&
            part_reaching(*change.version, device.record, catalogue_) != nullptr &&
            std::ranges::any_of(device.record.reported, [&](const auto& state) {
                return state.task == change.version->task;
            });
        if (is_concerned) {
            touch_version(step, device);
            to_tell_.insert(device.record.number);
        }
    }
}

}  // namespace frugal::core
