// SPDX-License-Identifier: Apache-2.0
// The way of one version to the devices: steps, comparison with the version before, halt.
#include <algorithm>

#include "base/assert.hpp"
#include "core/offload/policy_desk.hpp"

namespace frugal::core {

namespace {

/// Version that this device said it obeys: by its last health, else by its last hello.
std::uint32_t obeyed_by(const Device& device, std::uint32_t task) {
    if (device.health) {
        for (const auto& state : device.health->tasks) {
            if (state.task == task) {
                return state.policy;
            }
        }
    }
    for (const auto& state : device.record.reported) {
        if (state.task == task) {
            return state.policy;
        }
    }
    return 0;
}

bool was_escalated(std::uint8_t outcome) {
    const auto reason = static_cast<PolicyReason>(outcome % 16);
    return outcome / 16 != static_cast<int>(Tier::kLocal) || reason == PolicyReason::kLate ||
           reason == PolicyReason::kBusyRetry;
}

void count(PolicyTally& tally, const Decisions& decisions) {
    tally.decisions += decisions.count;
    tally.energy_uj += decisions.energy_uj;
    for (std::uint32_t i = 0; i < decisions.count; ++i) {
        const auto reason = static_cast<PolicyReason>(decisions.outcomes[i] % 16);
        tally.escalations += was_escalated(decisions.outcomes[i]) ? 1 : 0;
        tally.late += reason == PolicyReason::kLate ? 1 : 0;
    }
}

std::uint64_t in_10000(std::uint64_t part, std::uint64_t whole) {
    return part * kWholeFleet / whole;
}

bool is_above(std::uint64_t candidate, std::uint64_t baseline, std::uint64_t percent,
              std::uint64_t slack) {
    return candidate > baseline * percent / 100 + slack;
}

tl::unexpected<base::Error> never_staged(std::uint32_t task) {
    return base::fail(base::ErrorKind::kNotFound,
                      "no policy of task " + std::to_string(task) + " was staged", {},
                      "Set one without --at-once");
}

void add_shadow(PolicyRolloutView& view, const TaskHealth& state) {
    view.shadow_reasons.resize(std::max(view.shadow_reasons.size(), state.shadow_reasons.size()));
    for (std::size_t i = 0; i < state.shadow_reasons.size(); ++i) {
        view.shadow_reasons[i] += state.shadow_reasons[i];
        view.shadow_answers += state.shadow_reasons[i];
    }
    view.shadow_differs += state.shadow_differs;
}

}  // namespace

const PolicyDesk::Rollout* PolicyDesk::open_rollout(std::uint32_t task) const {
    const auto found = rollouts_.find(task);
    const bool is_open =
        found != rollouts_.end() && (found->second.record.status == PolicyRolloutStatus::kRunning ||
                                     found->second.record.status == PolicyRolloutStatus::kHalted);
    return is_open ? &found->second : nullptr;
}

void PolicyDesk::stage(const Step& step, const std::string& actor,
                       const PolicyVersionPointer& version, std::vector<PolicyStep> steps,
                       std::uint32_t baseline) {
    auto& rollout = rollouts_[version->task];
    rollout = {.record = {.task = version->task,
                          .version = version->version,
                          .baseline = baseline,
                          .steps = std::move(steps),
                          .actor = actor,
                          .started_at = step.now.wall},
               .version = version};
    enter(step, rollout, 0);
}

void PolicyDesk::enter(const Step& step, Rollout& rollout, std::uint32_t number) {
    auto& record = rollout.record;
    FRUGAL_ASSERT(number < record.steps.size());
    const auto before = number == 0 ? 0 : record.steps[record.step].permyriad;
    const auto share = record.steps[number].permyriad;
    record.step = number;
    record.halt = PolicyHalt::kNone;
    record.changed_at = step.now.wall;
    record.status =
        share == kWholeFleet ? PolicyRolloutStatus::kFinished : PolicyRolloutStatus::kRunning;
    rollout.began = step.now.instant;
    rollout.candidate = {};
    rollout.baseline = {};
    if (share == kWholeFleet) {
        apply(step, rollout.version, before);
    } else if (share == 0) {
        changes_.push_back({rollout.version, 0, kWholeFleet});
    } else {
        // After the shadow everybody is told: the rest stops evaluating.
        const bool was_shadow = number != 0 && before == 0;
        changes_.push_back({rollout.version, before, was_shadow ? kWholeFleet : share});
    }
    step.write(record);
}

void PolicyDesk::halt(const Step& step, Rollout& rollout, PolicyHalt why) {
    rollout.record.status = PolicyRolloutStatus::kHalted;
    rollout.record.halt = why;
    rollout.record.changed_at = step.now.wall;
    step.write(rollout.record);
    journal_.audit(
        step, "gateway", "policy.halt", "task " + std::to_string(rollout.record.task),
        "version " + std::to_string(rollout.record.version) + ": " + std::string(to_string(why)));
}

base::Result<Done> PolicyDesk::resume(const Step& step, const std::string& actor,
                                      const ResumePolicyRollout& command) {
    const auto found = rollouts_.find(command.task);
    if (found == rollouts_.end()) {
        return never_staged(command.task);
    }
    auto& rollout = found->second;
    if (open_rollout(command.task) == nullptr) {
        return base::fail(base::ErrorKind::kConflict,
                          "policy version " + std::to_string(rollout.record.version) + " of task " +
                              std::to_string(command.task) + " not resumed",
                          "it is " + std::string(to_string(rollout.record.status)),
                          "Set or revert to the version that is wanted");
    }
    enter(step, rollout, rollout.record.step + 1);
    journal_.audit(step, actor, "policy.resume", "task " + std::to_string(command.task),
                   "version " + std::to_string(rollout.record.version) + ", step " +
                       std::to_string(rollout.record.step + 1));
    return Done{};
}

void PolicyDesk::on_decisions(const Step& step, const Device& device, const Decisions& decisions) {
    const auto found = rollouts_.find(decisions.task);
    if (found == rollouts_.end() || found->second.record.status != PolicyRolloutStatus::kRunning) {
        return;
    }
    auto& rollout = found->second;
    const bool is_candidate = obeyed_by(device, decisions.task) == rollout.record.version;
    count(is_candidate ? rollout.candidate : rollout.baseline, decisions);
    if (const auto why = judge(rollout); why != PolicyHalt::kNone) {
        halt(step, rollout, why);
    }
}

void PolicyDesk::on_alarm(const Step& step, std::uint32_t task) {
    const auto found = rollouts_.find(task);
    if (found != rollouts_.end() && found->second.record.status == PolicyRolloutStatus::kRunning) {
        halt(step, found->second, PolicyHalt::kAlarm);
    }
}

PolicyHalt PolicyDesk::judge(const Rollout& rollout) const {
    const auto& mine = rollout.candidate;
    const auto& theirs = rollout.baseline;
    if (mine.decisions < config_.compared_decisions ||
        theirs.decisions < config_.compared_decisions) {
        return PolicyHalt::kNone;
    }
    const auto rate = [](std::uint64_t part, const PolicyTally& tally) {
        return in_10000(part, tally.decisions);
    };
    if (is_above(rate(mine.late, mine), rate(theirs.late, theirs), config_.late_percent,
                 config_.slack_permyriad)) {
        return PolicyHalt::kDeadlineMisses;
    }
    if (is_above(rate(mine.escalations, mine), rate(theirs.escalations, theirs),
                 config_.escalations_percent, config_.slack_permyriad)) {
        return PolicyHalt::kEscalations;
    }
    if (is_above(mine.energy_uj / mine.decisions, theirs.energy_uj / theirs.decisions,
                 config_.energy_percent, 0) &&
        theirs.energy_uj != 0) {
        return PolicyHalt::kEnergy;
    }
    return PolicyHalt::kNone;
}

std::optional<base::Instant> PolicyDesk::step_ends(const Rollout& rollout) const {
    const auto& record = rollout.record;
    const auto wait = record.steps[record.step].wait;
    if (record.status != PolicyRolloutStatus::kRunning || wait.count() == 0) {
        return std::nullopt;
    }
    // Not begun in this process yet: at once, to begin.
    return rollout.began ? *rollout.began + wait : base::Instant{};
}

void PolicyDesk::on_time(const Step& step) {
    for (auto& [task, rollout] : rollouts_) {
        const auto ends = step_ends(rollout);
        if (!ends) {
            continue;
        }
        if (!rollout.began) {
            rollout.began = step.now.instant;
        } else if (step.now.instant >= *ends) {
            enter(step, rollout, rollout.record.step + 1);
        }
    }
}

std::optional<base::Instant> PolicyDesk::next_deadline() const {
    std::optional<base::Instant> next;
    for (const auto& [task, rollout] : rollouts_) {
        const auto ends = step_ends(rollout);
        if (ends && (!next || *ends < *next)) {
            next = ends;
        }
    }
    return next;
}

SignedPointer PolicyDesk::in_force(const Device& device, std::uint32_t task) const {
    const auto& device_class = device.record.capability->device_class;
    const auto* rollout = open_rollout(task);
    const auto* part = rollout != nullptr ? part_for(*rollout->version, device_class) : nullptr;
    if (part != nullptr && policy_place(device.record.id, rollout->record.version) <
                               rollout->record.steps[rollout->record.step].permyriad) {
        return part->blob;
    }
    const auto* policy = catalogue_.policy(task, device_class);
    return policy != nullptr ? policy->blob : nullptr;
}

SignedPointer PolicyDesk::in_shadow(const Device& device, std::uint32_t task) const {
    const auto* rollout = open_rollout(task);
    if (rollout == nullptr || rollout->record.steps[rollout->record.step].permyriad != 0) {
        return nullptr;
    }
    const auto* part = part_for(*rollout->version, device.record.capability->device_class);
    return part != nullptr ? part->blob : nullptr;
}

base::Result<PolicyRolloutView> PolicyDesk::view(std::uint32_t task, base::Instant now) const {
    const auto found = rollouts_.find(task);
    if (found == rollouts_.end()) {
        return never_staged(task);
    }
    const auto& rollout = found->second;
    PolicyRolloutView view{
        .record = rollout.record, .candidate = rollout.candidate, .baseline = rollout.baseline};
    if (const auto ends = step_ends(rollout); ends && rollout.began) {
        view.next_step_in = std::max(*ends - now, base::Duration{0});
    }
    for (const auto& device : registry_.devices()) {
        const auto obeyed = obeyed_by(device, task);
        (obeyed == rollout.record.version ? view.candidate : view.baseline).devices +=
            obeyed != 0 ? 1 : 0;
        bool is_told = obeyed == rollout.record.version;
        for (const auto& state : device.health ? device.health->tasks : std::vector<TaskHealth>()) {
            if (state.task == task && state.shadow == rollout.record.version) {
                is_told = true;
                add_shadow(view, state);
            }
        }
        view.told += is_told ? 1 : 0;
    }
    return view;
}

}  // namespace frugal::core
