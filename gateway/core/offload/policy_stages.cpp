// SPDX-License-Identifier: Apache-2.0
// The way of one version to the devices: steps, comparison with the version before, halt.
#include <algorithm>

#include "base/assert.hpp"
#include "core/offload/policy_desk.hpp"

namespace frugal::core {

namespace {

constexpr base::Duration kAheadLogInterval = std::chrono::hours(1);
/// Who was revoked, enrolled or put in quarantine says nothing of it to a step that waits for it.
constexpr base::Duration kRecountInterval = std::chrono::minutes(1);

tl::unexpected<base::Error> never_staged(std::uint32_t task) {
    return base::fail(base::ErrorKind::kNotFound,
                      "no policy of task " + std::to_string(task) + " was staged", {},
                      "Set one without --at-once");
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
    if (apply_first(step, *version)) {
        changes_.push_back({version, 0, kWholeFleet});
    }
    enter(step, rollout, 0);
}

// A share of a small fleet that nobody is in proves nothing; the whole fleet is never skipped to.
std::uint32_t PolicyDesk::skip_empty(const Rollout& rollout, std::uint32_t number) const {
    const auto& steps = rollout.record.steps;
    while (number + 2 < steps.size() && steps[number].permyriad != 0 &&
           PolicyComparison(rollout.version, steps[number].permyriad, registry_, reach_)
               .is_without_candidates()) {
        ++number;
    }
    return number;
}

void PolicyDesk::enter(const Step& step, Rollout& rollout, std::uint32_t number) {
    auto& record = rollout.record;
    FRUGAL_ASSERT(number < record.steps.size());
    const auto before = number == 0 ? 0 : record.steps[record.step].permyriad;
    number = skip_empty(rollout, number);
    const auto share = record.steps[number].permyriad;
    record.step = number;
    record.halt = PolicyHalt::kNone;
    record.changed_at = step.now.wall;
    record.status =
        share == kWholeFleet ? PolicyRolloutStatus::kFinished : PolicyRolloutStatus::kRunning;
    rollout.began = step.now.instant;
    rollout.is_due = false;
    if (share != 0 && !rollout.obeyed_since) {
        rollout.obeyed_since = step.now.instant;
    }
    rollout.comparison = PolicyComparison(rollout.version, share, registry_, reach_);
    if (share == kWholeFleet) {
        rollout.version = mark_in_force(step, rollout.version);
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

void PolicyDesk::boot(const Step& step) {
    for (auto& [task, rollout] : rollouts_) {
        rollout.began = step.now.instant;
        if (rollout.record.steps[rollout.record.step].permyriad != 0) {
            rollout.obeyed_since = step.now.instant;
        }
    }
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
    rollout.obeyed_since.reset();  // what was seen until now, the person has seen too
    enter(step, rollout, rollout.record.step + 1);
    journal_.audit(step, actor, "policy.resume", "task " + std::to_string(command.task),
                   "version " + std::to_string(rollout.record.version) + ", step " +
                       std::to_string(rollout.record.step + 1));
    return Done{};
}

void PolicyDesk::on_hello(const Step& step, Device& device, const std::vector<Accepted>& accepted) {
    on_accepted(step, device, accepted);
    for (auto& [task, rollout] : rollouts_) {
        rollout.comparison.on_hello(device, catalogue_);
    }
}

void PolicyDesk::on_health(const Step& step, Device& device, const Health& health) {
    std::vector<Accepted> accepted;
    for (const auto& said : health.tasks) {
        accepted.push_back({said.task, said.policy});
    }
    on_accepted(step, device, accepted);
    for (auto& [task, rollout] : rollouts_) {
        if (rollout.record.status == PolicyRolloutStatus::kRunning) {
            rollout.comparison.on_health(device, health, catalogue_);
        }
    }
}

void PolicyDesk::on_decisions(const Step& step, const Device& device, const Decisions& decisions) {
    const auto found = rollouts_.find(decisions.task);
    if (found == rollouts_.end() || found->second.record.status != PolicyRolloutStatus::kRunning) {
        return;
    }
    auto& rollout = found->second;
    rollout.comparison.on_decisions(device, decisions, catalogue_, config_);
    if (const auto why = rollout.comparison.verdict(config_); why != PolicyHalt::kNone) {
        halt(step, rollout, why);
    } else if (rollout.is_due && may_go_on(rollout)) {
        go_on(step, rollout);
    }
}

// Who got a policy of its own decides nothing that could be waited for.
void PolicyDesk::recount(const Step& step, std::uint32_t task) {
    const auto found = rollouts_.find(task);
    if (found == rollouts_.end() || found->second.record.status != PolicyRolloutStatus::kRunning) {
        return;
    }
    auto& rollout = found->second;
    if (rollout.is_due) {
        go_on(step, rollout);
    } else {
        rollout.comparison.recount(registry_, reach_);
    }
}

// To the next step, if nothing is to be waited for; all devices are counted first. Whom the step
// waits for must be able to come.
bool PolicyDesk::go_on(const Step& step, Rollout& rollout) {
    rollout.comparison.recount(registry_, reach_);
    rollout.counted = step.now.instant;
    if (!may_go_on(rollout)) {
        const bool is_unproved =
            leads_to_all(rollout) && rollout.comparison.has_class_out_of_reach();
        if (rollout.comparison.is_out_of_reach() || is_unproved) {
            halt(step, rollout, PolicyHalt::kOutOfReach);
        }
        return false;
    }
    enter(step, rollout, rollout.record.step + 1);
    return true;
}

bool PolicyDesk::leads_to_all(const Rollout& rollout) {
    return rollout.record.steps[rollout.record.step + 1].permyriad == kWholeFleet;
}

// A shadow is obeyed by nobody: there is nothing to compare, and time alone ends it. Where all who
// were to prove it have policies of their own, the next share takes their place, but never the
// whole fleet; of several classes, neither while one of them has nobody to prove it.
bool PolicyDesk::may_go_on(const Rollout& rollout) const {
    const auto& record = rollout.record;
    if (leads_to_all(rollout) && (rollout.comparison.has_class_without_candidates() ||
                                  rollout.comparison.has_class_out_of_reach())) {
        return false;
    }
    if (record.steps[record.step].permyriad == 0) {
        return true;
    }
    return rollout.comparison.is_without_candidates()
               ? skip_empty(rollout, record.step) != record.step
               : rollout.comparison.is_complete(config_);
}

// In the shadow nobody obeys it: what went wrong is another one's doing.
void PolicyDesk::on_alarm(const Step& step, std::uint32_t task,
                          std::optional<base::Instant> since) {
    const auto found = rollouts_.find(task);
    if (found == rollouts_.end() || found->second.record.status != PolicyRolloutStatus::kRunning) {
        return;
    }
    const auto obeyed_since = found->second.obeyed_since;
    if (since && obeyed_since && *since >= *obeyed_since) {
        halt(step, found->second, PolicyHalt::kAlarm);
    }
}

// When the rollout wants on_time() next.
std::optional<base::Instant> PolicyDesk::deadline_of(const Rollout& rollout) const {
    const auto ends = step_ends(rollout);
    return ends && rollout.is_due ? rollout.counted + kRecountInterval : ends;
}

std::optional<base::Instant> PolicyDesk::step_ends(const Rollout& rollout) const {
    const auto& record = rollout.record;
    const auto wait = record.steps[record.step].wait;
    if (record.status != PolicyRolloutStatus::kRunning || wait.count() == 0) {
        return std::nullopt;
    }
    return rollout.began + wait;
}

void PolicyDesk::on_time(const Step& step) {
    for (auto& [task, rollout] : rollouts_) {
        const auto deadline = deadline_of(rollout);
        if (deadline && step.now.instant >= *deadline) {
            rollout.is_due = !go_on(step, rollout);
        }
    }
}

std::optional<base::Instant> PolicyDesk::next_deadline() const {
    std::optional<base::Instant> next;
    for (const auto& [task, rollout] : rollouts_) {
        const auto deadline = deadline_of(rollout);
        if (deadline && (!next || *deadline < *next)) {
            next = deadline;
        }
    }
    const auto answer = bindings_.next_deadline();
    return answer && (!next || *answer < *next) ? answer : next;
}

std::optional<PolicyDesk::Choice> PolicyDesk::in_force(const Device& device,
                                                       std::uint32_t task) const {
    const auto* rollout = open_rollout(task);
    const auto* part =
        rollout != nullptr ? part_reaching(*rollout->version, device.record, catalogue_) : nullptr;
    if (part != nullptr && policy_place(device.record.id, rollout->record.version) <
                               rollout->record.steps[rollout->record.step].permyriad) {
        return Choice{part->blob, rollout->record.version};
    }
    const auto* policy = catalogue_.policy_of(task, device.record);
    return policy != nullptr ? std::optional(Choice{policy->blob, policy->policy}) : std::nullopt;
}

std::optional<PolicyDesk::Choice> PolicyDesk::in_shadow(const Device& device,
                                                        std::uint32_t task) const {
    const auto* rollout = open_rollout(task);
    if (rollout == nullptr || rollout->record.steps[rollout->record.step].permyriad != 0) {
        return std::nullopt;
    }
    const auto* part = part_reaching(*rollout->version, device.record, catalogue_);
    const auto* policy = catalogue_.policy_of(task, device.record);
    const bool is_in_force = policy != nullptr && policy->policy == rollout->record.version;
    return part != nullptr && !is_in_force
               ? std::optional(Choice{part->blob, rollout->record.version})
               : std::nullopt;
}

// A device without a model has nothing to obey a policy with, and one whose model has no form of it
// cannot be told.
std::vector<PolicyGap> PolicyDesk::gaps(const Device& device, const Health& health) const {
    std::vector<PolicyGap> gaps;
    for (const auto& said : health.tasks) {
        const auto known = std::ranges::find(device.record.reported, said.task, &TaskState::task);
        if (known == device.record.reported.end() || known->release == 0) {
            continue;
        }
        const auto policy = in_force(device, said.task);
        const auto shadow = in_shadow(device, said.task);
        const auto version_of = [&](const std::optional<Choice>& choice) {
            const bool has_none =
                choice && known->model_digest &&
                reach_.is_out_of_reach({choice->blob, *known->model_digest}, said.task);
            return choice && !has_none ? choice->version : 0;
        };
        const PolicyGap gap{said.task, said.policy, said.shadow, version_of(policy),
                            version_of(shadow)};
        if (gap.obeyed < gap.policy || gap.evaluated != gap.shadow) {
            gaps.push_back(gap);
        }
    }
    return gaps;
}

// A database from a backup: such a device obeys what it has, or nothing if it lost that, until a
// version above its own is set. One that says something else each time must not fill the log.
void PolicyDesk::note_ahead(const Step& step, Device& device,
                            const std::vector<Accepted>& accepted) const {
    if (!device.record.capability) {
        return;
    }
    std::vector<PolicyGap> ahead;
    for (const auto& one : accepted) {
        const auto chosen = in_force(device, one.task);
        if (chosen && one.version > chosen->version) {
            ahead.push_back({.task = one.task, .obeyed = one.version, .policy = chosen->version});
        }
    }
    const auto now = step.now.instant;
    if (ahead.empty() || ahead == device.policies_ahead ||
        (device.ahead_logged_at && now - *device.ahead_logged_at < kAheadLogInterval)) {
        return;
    }
    for (const auto& gap : ahead) {
        journal_.log(step, LogEvent::kPolicyAhead,
                     {{"device", device.record.id.text()},
                      {"task", std::to_string(gap.task)},
                      {"accepted", std::to_string(gap.obeyed)},
                      {"chosen", std::to_string(gap.policy)}});
    }
    device.policies_ahead = std::move(ahead);
    device.ahead_logged_at = now;
}

base::Result<PolicyRolloutView> PolicyDesk::view(std::uint32_t task, base::Instant now) const {
    const auto found = rollouts_.find(task);
    if (found == rollouts_.end()) {
        return never_staged(task);
    }
    const auto& rollout = found->second;
    PolicyRolloutView view{
        .record = rollout.record,
        .candidate = rollout.comparison.candidate(),
        .baseline = rollout.comparison.baseline(),
        .waits_for_decisions =
            rollout.is_due && rollout.record.status == PolicyRolloutStatus::kRunning};
    if (const auto ends = step_ends(rollout)) {
        view.next_step_in = std::max(*ends - now, base::Duration{0});
    }
    for (const auto& device : registry_.devices()) {
        count_device(device, *rollout.version, view);
    }
    return view;
}

}  // namespace frugal::core
