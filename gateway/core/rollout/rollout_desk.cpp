// SPDX-License-Identifier: Apache-2.0
// The flow of a rollout: words of devices, reminders, silence. Commands of people are in
// rollout_commands.cpp, who joins and leaves in rollout_members.cpp, the desired state in
// desired.cpp.
#include "core/rollout/rollout_desk.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace frugal::core {

namespace {

constexpr auto kSlice = std::chrono::milliseconds(100);

bool has_encoding(const ReleaseRecord& release, const base::Digest& artifact) {
    return std::ranges::any_of(release.variants, [&](const VariantRecord& variant) {
        return std::ranges::find(variant.artifacts, artifact, &ArtifactRecord::digest) !=
               variant.artifacts.end();
    });
}

}  // namespace

RolloutDesk::RolloutDesk(Snapshot& snapshot, Registry& registry, Catalogue& catalogue,
                         PolicyDesk& policies, Journal& journal, const RolloutConfig& config)
    : registry_(registry),
      catalogue_(catalogue),
      policies_(policies),
      journal_(journal),
      config_(config) {
    for (auto& record : snapshot.rollouts) {
        const auto id = record.id;
        rollouts_[id].record = std::move(record);
    }
    for (const auto& record : snapshot.rollout_devices) {
        auto& rollout = rollouts_[record.rollout];
        rollout.devices[record.device] = record;
        rollout.unsettled += is_settled(record.state) ? 0 : 1;
    }
}

void RolloutDesk::boot(const Step& step, std::uint64_t fencing_epoch) {
    fencing_epoch_ = fencing_epoch;
    booted_at_ = step.now.instant;
    next_slice_ = step.now.instant;
    for (const auto& [id, rollout] : rollouts_) {
        for (const auto& [number, entry] : rollout.devices) {
            if (entry.state == RolloutState::kTransferring) {
                // Its next fetch says which encoding it pulls; told before, it might get another.
                remind_at(registry_.at(number), step.now.instant + config_.offer_retry);
            } else if (!is_settled(entry.state)) {
                to_tell_.insert(number);
            }
        }
    }
}

const Rollout* RolloutDesk::find(base::RolloutId id) const {
    const auto found = rollouts_.find(id);
    return found == rollouts_.end() ? nullptr : &found->second;
}

std::uint32_t RolloutDesk::running_count() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(rollouts_, [](const auto& item) {
        return item.second.record.status == RolloutStatus::kRunning;
    }));
}

RolloutDesk::Entry RolloutDesk::entry_of(const Device& device, const Assignment& assignment) {
    const auto rollout = rollouts_.find(assignment.rollout);
    if (rollout == rollouts_.end()) {
        return {};
    }
    const auto entry = rollout->second.devices.find(device.record.number);
    if (entry == rollout->second.devices.end()) {
        return {};
    }
    return {&rollout->second, &entry->second};
}

const RolloutDeviceRecord* RolloutDesk::standing(const Device& device,
                                                 const Assignment& assignment) const {
    const auto* rollout = find(assignment.rollout);
    if (rollout == nullptr) {
        return nullptr;
    }
    const auto entry = rollout->devices.find(device.record.number);
    return entry == rollout->devices.end() ? nullptr : &entry->second;
}

bool RolloutDesk::apply(const Step& step, Entry entry, RolloutEvent event, Misfit why,
                        const Report* report) {
    if (entry.device == nullptr) {
        return false;
    }
    auto updated = *entry.device;
    updated.state = next_state(updated.state, event);
    const bool is_moved = updated.state != entry.device->state;
    if (report != nullptr) {
        updated.attempt = std::max(report->attempt, 1U);
        updated.blocks_held = report->blocks_held;
    }
    const bool is_progress = event != RolloutEvent::kOffer && event != RolloutEvent::kCancel;
    if (is_moved ||
        (is_progress && why.reason != Reason::kNone && updated.state != RolloutState::kConfirmed &&
         updated.state != RolloutState::kCancelled)) {
        updated.reason = why.reason;
        updated.detail = why.detail;
    }
    if (updated == *entry.device) {
        return false;
    }
    updated.changed_at = step.now.wall;
    const bool was_settled = is_settled(entry.device->state);
    *entry.device = updated;
    step.write(updated);
    auto& rollout = *entry.rollout;
    rollout.unsettled += was_settled ? 1 : 0;
    rollout.unsettled -= is_settled(updated.state) ? 1 : 0;
    if (is_open(rollout.record.status)) {
        end(step, rollout,
            rollout.unsettled == 0 ? RolloutStatus::kFinished : RolloutStatus::kRunning);
    }
    if (is_moved &&
        (updated.state == RolloutState::kRefused || updated.state == RolloutState::kReverted)) {
        journal_.log(step,
                     updated.state == RolloutState::kRefused ? LogEvent::kUpdateRefused
                                                             : LogEvent::kUpdateReverted,
                     {{"device", registry_.at(updated.device).record.id.text()},
                      {"reason", std::string(to_string(updated.reason))}});
    }
    return true;
}

void RolloutDesk::end(const Step& step, Rollout& rollout, RolloutStatus status) {
    if (rollout.record.status == status) {
        return;
    }
    rollout.record.status = status;
    const bool is_over = status != RolloutStatus::kRunning;
    rollout.record.ended_at = is_over ? step.now.wall : base::WallTime{};
    step.write(rollout.record);
    if (is_over) {
        journal_.log(step, LogEvent::kRolloutEnded,
                     {{"rollout", std::to_string(rollout.record.id.value)},
                      {"status", std::string(to_string(status))}});
    }
}

void RolloutDesk::touch_version(const Step& step, Device& device) {
    ++device.record.desired_version;
    step.write(device.record);
    device.remind_after = {};
}

void RolloutDesk::assign(const Step& step, Device& device, const Assignment& assignment) {
    auto& assignments = device.record.assignments;
    auto found = std::ranges::lower_bound(assignments, assignment.task, {}, &Assignment::task);
    if (found == assignments.end() || found->task != assignment.task) {
        FRUGAL_ASSERT(assignments.size() < kTasksMax);
        assignments.insert(found, assignment);
    } else if (*found == assignment) {
        return;
    } else {
        // The newer wish takes over; what the older one did not settle is superseded.
        apply(step, entry_of(device, *found), RolloutEvent::kCancel, {Reason::kSuperseded, 0});
        *found = assignment;
    }
    if (device.pulls && has_encoding(catalogue_.release(assignment.release), *device.pulls)) {
        device.pulls.reset();  // a new wish for it: the best encoding there is by now
    }
    touch_version(step, device);
}

bool RolloutDesk::has_unsettled(const Device& device) {
    return std::ranges::any_of(device.record.assignments, [&](const auto& assignment) {
        const auto entry = entry_of(device, assignment);
        return entry.device != nullptr && !is_settled(entry.device->state);
    });
}

// `is_about_this`: the word was said in knowledge of the present desired state.
void RolloutDesk::apply_word(const Step& step, Device& device, const Assignment& assignment,
                             const TaskState& state, bool is_about_this) {
    const auto entry = entry_of(device, assignment);
    const auto& release = catalogue_.release(assignment.release);
    const bool is_quiet =
        state.phase == UpdatePhase::kIdle || state.phase == UpdatePhase::kConfirmed;
    if (is_quiet && state.release == release.counter) {
        apply(step, entry, RolloutEvent::kSaysConfirmed);
        return;
    }
    // Idle and "confirmed" speak of an older model here.
    const auto event = is_quiet ? std::nullopt : event_of(state.phase);
    if (event && is_about_this) {
        apply(step, entry, *event, {state.reason, 0});
    }
    // Whatever else it says: a device that runs another model has not this one confirmed. After a
    // restore from a backup its words are about a wish that this database never had.
    if (entry.device != nullptr && entry.device->state == RolloutState::kConfirmed &&
        state.release != release.counter) {
        apply(step, entry, RolloutEvent::kSaysGone);
    }
}

void RolloutDesk::on_hello(const Step& step, Device& device, const Hello& hello) {
    leave_foreign_tasks(step, device);
    join_open_rollouts(step, device);
    const bool is_about_this = hello.desired_version == device.record.desired_version;
    for (const auto& assignment : device.record.assignments) {
        for (const auto& state : hello.tasks) {
            if (state.task == assignment.task) {
                apply_word(step, device, assignment, state, is_about_this);
            }
        }
    }
    device.remind_after = {};
    tell(step, device);
}

void RolloutDesk::on_report(const Step& step, Device& device, const Report& report) {
    for (const auto& assignment : device.record.assignments) {
        const auto& release = catalogue_.release(assignment.release);
        const bool is_about_this = report.desired_version == device.record.desired_version ||
                                   report.release == release.counter;
        const auto event = event_of(report.phase);
        if (assignment.task != report.task || !event) {
            continue;
        }
        if (*event == RolloutEvent::kSaysConfirmed && report.release != release.counter) {
            // It runs another model for good, from a wish this database may never have had.
            if (apply(step, entry_of(device, assignment), RolloutEvent::kSaysGone)) {
                to_tell_.insert(device.record.number);
            }
            continue;
        }
        if (!is_about_this) {
            continue;
        }
        if (report.reason == Reason::kBaseMissing && device.record.capability) {
            const bool is_stale = report.desired_version != device.record.desired_version;
            if (is_stale || offer_in_full(step, device, assignment)) {
                return;
            }
        }
        apply(step, entry_of(device, assignment), *event, {report.reason, report.detail}, &report);
        if (*event == RolloutEvent::kSaysConfirmed && device.record.capability) {
            note_confirmed(step, device, assignment, report);
        }
    }
    if (!has_unsettled(device)) {
        remind_at(device, std::nullopt);
    }
}

void RolloutDesk::remind_at(Device& device, std::optional<base::Instant> when) {
    if (device.remind_at) {
        reminders_.erase({*device.remind_at, device.record.number});
    }
    device.remind_at = when;
    if (when) {
        reminders_.insert({*when, device.record.number});
    }
}

// Its time has come and the wish is not settled: told again, or given up.
void RolloutDesk::remind(const Step& step, Device& device) {
    const auto heard = device.heard_at.value_or(booted_at_);
    if (step.now.instant - heard > config_.patience) {
        for (const auto& assignment : device.record.assignments) {
            apply(step, entry_of(device, assignment), RolloutEvent::kSilence,
                  {Reason::kUnreachable, 0});
        }
        remind_at(device, std::nullopt);
        return;
    }
    if (device.presence == Presence::kOffline || device.presence == Presence::kAsleep) {
        // It is told at its next hello; until then only its patience runs.
        remind_at(device, step.now.instant + config_.offer_retry_max);
        return;
    }
    tell(step, device);
}

void RolloutDesk::offer_next(const Step& step) {
    const auto slice = std::max<std::uint32_t>(1, config_.offers_per_second / 10);
    for (std::uint32_t i = 0; i < slice && !to_tell_.empty(); ++i) {
        tell(step, registry_.at(*to_tell_.begin()));
    }
    next_slice_ = step.now.instant + kSlice;
}

void RolloutDesk::on_time(const Step& step) {
    while (!reminders_.empty() && reminders_.begin()->first <= step.now.instant) {
        auto& device = registry_.at(reminders_.begin()->second);
        remind_at(device, std::nullopt);
        remind(step, device);
    }
    if (!to_tell_.empty() && next_slice_ <= step.now.instant) {
        offer_next(step);
    }
}

std::optional<base::Instant> RolloutDesk::next_deadline() const {
    std::optional<base::Instant> next;
    if (!reminders_.empty()) {
        next = reminders_.begin()->first;
    }
    if (!to_tell_.empty() && (!next || next_slice_ < *next)) {
        next = next_slice_;
    }
    return next;
}

bool RolloutDesk::is_offered(const base::Digest& artifact) const {
    for (const auto& [id, rollout] : rollouts_) {
        if (!is_open(rollout.record.status)) {
            continue;
        }
        for (const auto& variant : catalogue_.release(rollout.record.release).variants) {
            if (std::ranges::any_of(variant.artifacts, [&](const ArtifactRecord& offered) {
                    return offered.digest == artifact;
                })) {
                return true;
            }
        }
    }
    return false;
}

RolloutView view_of(const Rollout& rollout, const ReleaseRecord& release) {
    RolloutView view{.record = rollout.record, .model = release.model, .release = release.release};
    for (const auto& [number, entry] : rollout.devices) {
        ++view.counts[entry.state];
        if (entry.reason != Reason::kNone) {
            ++view.reasons[entry.reason];
        }
    }
    view.total = static_cast<std::uint32_t>(rollout.devices.size());
    return view;
}

}  // namespace frugal::core
