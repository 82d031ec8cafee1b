// SPDX-License-Identifier: Apache-2.0
// Which devices a rollout has: who joins, who leaves, who comes back.
#include <algorithm>

#include "core/rollout/rollout_desk.hpp"

namespace frugal::core {

// The wish for all that a device of this task joins when it appears.
Rollout* RolloutDesk::current_for_all(std::uint32_t task) {
    for (auto item = rollouts_.rbegin(); item != rollouts_.rend(); ++item) {
        const auto& record = item->second.record;
        if (record.task == task && record.target == RolloutTarget::kAll && is_open(record.status)) {
            return &item->second;
        }
    }
    return nullptr;
}

void RolloutDesk::join(const Step& step, Rollout& rollout, Device& device) {
    const RolloutDeviceRecord entry{
        .rollout = rollout.record.id, .device = device.record.number, .changed_at = step.now.wall};
    if (rollout.devices.emplace(entry.device, entry).second) {
        ++rollout.unsettled;
        step.write(entry);
        if (rollout.record.status == RolloutStatus::kFinished) {
            end(step, rollout, RolloutStatus::kRunning);
        }
    }
}

void RolloutDesk::join_open_rollouts(const Step& step, Device& device) {
    for (const auto& state : device.record.reported) {
        const bool is_assigned = std::ranges::any_of(
            device.record.assignments, [&](const auto& has) { return has.task == state.task; });
        auto* rollout = is_assigned ? nullptr : current_for_all(state.task);
        if (rollout != nullptr) {
            join(step, *rollout, device);
            assign(step, device,
                   {.task = state.task,
                    .rollout = rollout->record.id,
                    .release = rollout->record.release});
        }
    }
}

// Whoever does not decide a task never settles a wish for it, and its place is another task's.
void RolloutDesk::leave_foreign_tasks(const Step& step, Device& device) {
    auto& assignments = device.record.assignments;
    const auto is_foreign = [&](const auto& has) { return !may_decide(device.record, has.task); };
    if (std::ranges::none_of(assignments, is_foreign)) {
        return;
    }
    for (const auto& assignment : assignments) {
        if (is_foreign(assignment)) {
            apply(step, entry_of(device, assignment), RolloutEvent::kMisfit, {Reason::kUnfitIo, 0});
        }
    }
    std::erase_if(assignments, is_foreign);
    touch_version(step, device);
}

void RolloutDesk::on_expelled(const Step& step, Device& device) {
    const bool is_revoked = device.record.state == DeviceState::kRevoked;
    for (const auto& assignment : device.record.assignments) {
        apply(step, entry_of(device, assignment),
              is_revoked ? RolloutEvent::kCancel : RolloutEvent::kSaysQuarantined,
              {is_revoked ? Reason::kSuperseded : Reason::kQuarantined, 0});
    }
    to_tell_.erase(device.record.number);
    remind_at(device, std::nullopt);
}

void RolloutDesk::on_released(const Step& step, Device& device) {
    const auto assignments = device.record.assignments;
    for (const auto& assignment : assignments) {
        apply(step, entry_of(device, assignment), RolloutEvent::kRelease);
        // What began for all while it was out is for it too, and a release taken back is not.
        auto& standing = standing_for(rollouts_.at(assignment.rollout));
        auto* newest = current_for_all(assignment.task);
        auto& wish =
            newest != nullptr && standing.record.id < newest->record.id ? *newest : standing;
        if (wish.record.id != assignment.rollout) {
            give_back(step, device, wish);
        }
    }
    to_tell_.insert(device.record.number);
}

}  // namespace frugal::core
