// SPDX-License-Identifier: Apache-2.0
#include "core/offload/learning_desk.hpp"

#include <algorithm>

#include "core/offload/policy_comparison.hpp"

namespace frugal::core {

namespace {

constexpr std::size_t kRowsMax = 16'384;

std::optional<base::Digest> model_of(const Device& device, std::uint32_t task,
                                     std::uint32_t release) {
    for (const auto& state : device.record.reported) {
        if (state.task == task && state.release == release) {
            return state.model_digest;
        }
    }
    return std::nullopt;
}

/// Whose policy a device obeys, and which.
struct Lane {
    base::Audience audience{};
    std::uint32_t policy = 0;
};

// After an override a device obeys what others do, under a number of its own: it counts with them.
Lane lane_of(const Device& device, std::uint32_t task, const Catalogue& catalogue) {
    const auto* own = catalogue.override_of(task, device.record);
    const auto* chosen = catalogue.policy_of(task, device.record);
    Lane lane{own != nullptr ? own->audience : base::Audience{}, obeyed_policy(device, task)};
    if (chosen != nullptr && chosen->is_withdrawn && chosen->policy == lane.policy) {
        const auto* others =
            own != nullptr ? own : catalogue.policy(task, device.record.capability->device_class);
        lane.policy = others != nullptr ? others->policy : lane.policy;
    }
    return lane;
}

}  // namespace

ObservationRecord observation_of(const Device& device, const Escalate& escalate) {
    ObservationRecord record;
    record.device = device.record.number;
    record.task = escalate.task;
    record.release = escalate.release;
    record.sequence = escalate.sequence;
    record.local_confidence = escalate.local_confidence;
    record.local_class = escalate.local_class;
    record.is_audit = escalate.policy_reason == PolicyReason::kAudit;
    return record;
}

void tell_observation(const Step& step, const Device& device, const Catalogue& catalogue,
                      ObservationRecord&& record) {
    if (device.record.capability && device.record.state == DeviceState::kEnrolled) {
        record.at = step.now.wall;
        const auto model = model_of(device, record.task, record.release);
        auto lane = lane_of(device, record.task, catalogue);
        step.immediately(Observed{device.record.capability->device_class, std::move(record), model,
                                  lane.policy, std::move(lane.audience), step.now.instant});
    }
}

void tell_decisions(const Step& step, const Device& device, const Catalogue& catalogue,
                    const DecisionRun& run) {
    if (device.record.capability) {
        auto lane = lane_of(device, run.decisions.task, catalogue);
        step.after_commit(
            DecisionsStored{device.record.capability->device_class, run,
                            model_of(device, run.decisions.task, run.decisions.release),
                            lane.policy, std::move(lane.audience)});
    }
}

base::Result<void> check_learning(const SaveLearning& command) {
    const auto is_too_large = [](const LearningRecord& cell) {
        return cell.state.size() > kLearningStateMax || cell.doubted.size() > kDoubtedMax;
    };
    const auto is_too_long = [](const CanaryRecord& canary) {
        return canary.state.size() > kLearningStateMax || canary.figures.size() > kFiguresMax;
    };
    if (command.cells.size() + command.observations.size() + command.canaries.size() > kRowsMax ||
        std::ranges::any_of(command.cells, is_too_large) ||
        std::ranges::any_of(command.canaries, is_too_long)) {
        return base::fail(base::ErrorKind::kInvalidInput, "learning not stored",
                          "a state above " + std::to_string(kLearningStateMax) + " bytes, above " +
                              std::to_string(kDoubtedMax) + " doubted devices, or more than " +
                              std::to_string(kRowsMax) + " rows");
    }
    return {};
}

base::Result<void> check_measured(const SaveLearning& command,
                                  const std::map<std::uint32_t, std::uint32_t>& owner_changes) {
    for (const auto& canary : command.canaries) {
        const auto changes = owner_changes.find(canary.task);
        if (changes != owner_changes.end() && changes->second != command.owner_changes) {
            return base::fail(
                base::ErrorKind::kConflict, "what was measured is not kept",
                "a policy of task " + std::to_string(canary.task) + " was set meanwhile",
                "Send the samples again, if it is to begin from them");
        }
    }
    return {};
}

base::Result<Done> save_learning(const Step& step, Journal& journal, const std::string& actor,
                                 SaveLearning&& command) {
    if (auto checked = check_learning(command); !checked) {
        return tl::unexpected<base::Error>(std::move(checked.error()));
    }
    for (auto& canary : command.canaries) {
        journal.audit(step, actor, "task.canary", "task " + std::to_string(canary.task),
                      canary.figures);
        canary.actor = actor;
        canary.saved_at = step.now.wall;
        step.write(std::move(canary));
    }
    for (auto& cell : command.cells) {
        cell.saved_at = step.now.wall;
        step.write(std::move(cell));
    }
    for (auto& observation : command.observations) {
        step.write(std::move(observation));
    }
    for (const auto& event : command.events) {
        journal.audit(step, actor, "policy.alarm",
                      "task " + std::to_string(event.task) + " " +
                          base::describe(event.device_class, event.audience),
                      event.what);
        journal.log(step, LogEvent::kPolicyAlarm,
                    {{"task", std::to_string(event.task)},
                     {"class", base::describe(event.device_class, event.audience)},
                     {"what", event.what}});
    }
    return Done{};
}

}  // namespace frugal::core
