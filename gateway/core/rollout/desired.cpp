// SPDX-License-Identifier: Apache-2.0
// Building the desired state of one device: what it is told at every hello and at every change, and
// what it says in answer that changes the next.
#include <algorithm>

#include "base/any_class.hpp"
#include "core/rollout/rollout_desk.hpp"
#include "frugal/limits.h"

namespace frugal::core {

namespace {

// Only a device that overwrites the base asks how long it is read; older ones do not know the
// field.
ArtifactOffer offer_of(const ArtifactRecord& artifact, const Capability& capability) {
    return {.digest = artifact.digest,
            .size_bytes = artifact.size_bytes,
            .block_bytes = artifact.block_bytes,
            .list_digest = artifact.list_digest,
            .base_digest = artifact.base_digest,
            .decoder_profile = artifact.decoder_profile,
            .decoder_ram_bytes = artifact.decoder_ram_bytes,
            .base_lag_bytes = capability.has_one_slot() ? artifact.base_lag_bytes : 0};
}

}  // namespace

Desired RolloutDesk::desired_of(const Device& device) const {
    Desired desired{.fencing_epoch = fencing_epoch_, .version = device.record.desired_version};
    if (!device.record.capability) {
        return desired;
    }
    for (const auto& assignment : device.record.assignments) {
        const auto fit = fit_for(device, assignment);
        if (const auto* fits = std::get_if<Fit>(&fit)) {
            TaskDesired task{.task = assignment.task};
            task.manifest = fits->variant->manifest;
            if (!fits->is_on_device) {
                task.artifact = offer_of(*fits->artifact, *device.record.capability);
            }
            desired.tasks.push_back(std::move(task));
        }
    }
    add_policies(device, desired);
    return desired;
}

// A table says nothing of another model's confidence. While an update is under way the policy is
// for the model that runs; the device asks again once it runs the other.
std::optional<base::Digest> RolloutDesk::model_of(const Device& device,
                                                  const TaskState& state) const {
    if (state.model_digest) {
        return state.model_digest;
    }
    const auto assignment =
        std::ranges::find(device.record.assignments, state.task, &Assignment::task);
    if (assignment == device.record.assignments.end() || !device.record.capability) {
        return std::nullopt;
    }
    const auto fit = fit_for(device, *assignment);
    const auto* fits = std::get_if<Fit>(&fit);
    return fits != nullptr ? std::optional(fits->variant->manifest->content().model_digest)
                           : std::nullopt;
}

bool RolloutDesk::bind_policies(const Step& step, const Device& device) {
    bool is_awaited = false;
    for (const auto& state : device.record.reported) {
        const auto model = model_of(device, state);
        is_awaited = (model && policies_.bind(step, device, state.task, *model)) || is_awaited;
    }
    return is_awaited;
}

void RolloutDesk::on_bound(const PolicyBindings::Pair& pair) {
    const auto is_it = [&](const std::optional<PolicyDesk::Choice>& choice) {
        return choice && choice->blob == pair.first;
    };
    for (const auto& device : registry_.devices()) {
        if (!device.record.capability || device.record.state != DeviceState::kEnrolled) {
            continue;
        }
        for (const auto& state : device.record.reported) {
            if ((is_it(policies_.in_force(device, state.task)) ||
                 is_it(policies_.in_shadow(device, state.task))) &&
                model_of(device, state) == pair.second) {
                to_tell_.insert(device.record.number);
            }
        }
    }
}

void RolloutDesk::add_policies(const Device& device, Desired& desired) const {
    for (const auto& state : device.record.reported) {
        const auto policy = policies_.in_force(device, state.task);
        const auto shadow = policies_.in_shadow(device, state.task);
        if (!policy && !shadow) {
            continue;
        }
        auto found = std::ranges::find(desired.tasks, state.task, &TaskDesired::task);
        if (found == desired.tasks.end() && desired.tasks.size() < FR_TASKS_MAX) {
            found = desired.tasks.insert(desired.tasks.end(), TaskDesired{.task = state.task});
        }
        if (found != desired.tasks.end()) {
            const auto model = model_of(device, state);
            const auto form_of = [&](const std::optional<PolicyDesk::Choice>& choice) {
                const bool is_free = choice && !model;  // it runs nothing, and is offered nothing
                return is_free  ? choice->blob
                       : choice ? policies_.form_for(*choice, state.task, *model)
                                : nullptr;
            };
            found->policy = form_of(policy);
            found->shadow = form_of(shadow);
        }
    }
    std::ranges::sort(desired.tasks, {}, &TaskDesired::task);
}

std::vector<ArtifactRecord> RolloutDesk::offered_artifacts(const Device& device) const {
    std::vector<ArtifactRecord> offered;
    if (device.record.state != DeviceState::kEnrolled || !device.record.capability) {
        return offered;
    }
    for (const auto& assignment : device.record.assignments) {
        const auto fit = fit_for(device, assignment);
        const auto* fits = std::get_if<Fit>(&fit);
        if (fits != nullptr && fits->artifact != nullptr) {
            offered.push_back(*fits->artifact);
        }
    }
    return offered;
}

// Sends the desired state; a moment later while a policy is being made for its model: without one
// it would say "no shadow", and the device erase what it has.
void RolloutDesk::tell(const Step& step, Device& device) {
    to_tell_.erase(device.record.number);
    if (device.record.state != DeviceState::kEnrolled) {
        return;
    }
    if (!device.record.capability) {
        // Nothing is known of it yet: it is told when it says hello.
        remind_at(device, step.now.instant + config_.offer_retry_max);
        return;
    }
    settle_fit(step, device);
    if (bind_policies(step, device)) {
        return;
    }
    step.after_commit(Send{device.record.id, desired_of(device)});
    if (has_unsettled(device)) {
        device.remind_after = device.remind_after.count() == 0
                                  ? config_.offer_retry
                                  : std::min(device.remind_after * 2, config_.offer_retry_max);
        remind_at(device, step.now.instant + device.remind_after);
    } else {
        remind_at(device, std::nullopt);
    }
}

// Wishes that turn out not to fit are settled with their reason, the others count as offered.
void RolloutDesk::settle_fit(const Step& step, Device& device) {
    for (const auto& assignment : device.record.assignments) {
        const auto entry = entry_of(device, assignment);
        const auto fit = fit_for(device, assignment);
        if (const auto* misfit = std::get_if<Misfit>(&fit)) {
            apply(step, entry, RolloutEvent::kMisfit, *misfit);
        } else if (entry.device != nullptr &&
                   (entry.device->state != RolloutState::kRefused || entry.device->attempt == 0)) {
            // A refusal of the device itself (it has an attempt number) stands until it says
            // otherwise; one found here is void once the device fits.
            apply(step, entry, RolloutEvent::kOffer);
        }
    }
}

// What a device runs now, without waiting for its next hello: the base of the next delta. A word
// about an older wish does not tell which of several variants it means.
void RolloutDesk::note_confirmed(const Step& step, Device& device, const Assignment& assignment,
                                 const Report& report) {
    const auto& release = catalogue_.release(assignment.release);
    const auto state = std::ranges::find(device.record.reported, release.task, &TaskState::task);
    const auto& device_class = device.record.capability->device_class;
    const auto candidates = std::ranges::count_if(release.variants, [&](const auto& variant) {
        const auto& name = variant.manifest->content().device_class;
        return name == device_class || name == base::any_class();
    });
    const bool is_told = report.desired_version == device.record.desired_version || candidates == 1;
    if (!is_told || state == device.record.reported.end() || state->release == release.counter) {
        return;
    }
    const auto fit = fit_for(device, assignment);
    const auto* fits = std::get_if<Fit>(&fit);
    if (fits == nullptr) {
        return;
    }
    state->release = release.counter;
    state->burned_counter = std::max(state->burned_counter, release.counter);
    state->model_digest = fits->variant->manifest->content().model_digest;
    state->other_digest.reset();
    state->phase = UpdatePhase::kConfirmed;
    state->reason = Reason::kNone;
    step.write(device.record);
}

// "Base missing": the picture of the device's slots was wrong, or its base is damaged. What was
// wrong is forgotten and the rest offered at once. False if the offer was in full already.
bool RolloutDesk::offer_in_full(const Step& step, Device& device, const Assignment& assignment) {
    const auto state = std::ranges::find(device.record.reported, assignment.task, &TaskState::task);
    const auto fit = fit_for(device, assignment);
    const auto* fits = std::get_if<Fit>(&fit);
    if (fits == nullptr || state == device.record.reported.end()) {
        return false;
    }
    if (fits->is_on_device) {
        state->other_digest.reset();
        if (state->model_digest == fits->variant->manifest->content().model_digest) {
            state->model_digest.reset();
        }
    } else if (fits->artifact->base_digest) {
        device.refuses_deltas = true;
    } else {
        return false;
    }
    apply(step, entry_of(device, assignment), RolloutEvent::kSaysOffered);
    touch_version(step, device);
    tell(step, device);
    return true;
}

}  // namespace frugal::core
