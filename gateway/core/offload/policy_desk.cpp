// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_desk.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "core/offload/policy_rules.hpp"
#include "frugal/limits.h"
#include "frugal/policy.h"

namespace frugal::core {

namespace {

constexpr std::uint32_t kTaskLast = 255;

tl::unexpected<base::Error> refuse(std::string cause, std::string remedy) {
    return base::fail(base::ErrorKind::kInvalidInput, "policy not set", std::move(cause),
                      std::move(remedy));
}

std::string describe(const std::vector<PolicyStep>& steps) {
    std::string text;
    for (const auto& step : steps) {
        text += text.empty() ? "" : ", ";
        text += step.permyriad == 0 ? "shadow" : std::to_string(step.permyriad / 100) + " %";
    }
    return text.empty() ? "at once" : text;
}

PolicyNumbers numbers_of(const Snapshot& snapshot, const Registry& registry,
                         const Catalogue& catalogue) {
    std::uint32_t stored = 0;
    std::uint32_t reported = 0;
    for (const auto& policy : catalogue.list().policies) {
        stored = std::max(stored, policy.policy);
    }
    for (const auto& record : snapshot.policy_versions) {
        stored = std::max(stored, record.version);
    }
    for (const auto& device : registry.devices()) {
        for (const auto& state : device.record.reported) {
            reported = std::max(reported, state.policy);
        }
    }
    return {stored, reported, snapshot.next_policy};
}

}  // namespace

PolicyDesk::PolicyDesk(Snapshot& snapshot, Registry& registry, Catalogue& catalogue,
                       Journal& journal, WorkNumbers& works, const PolicyConfig& config)
    : numbers_(numbers_of(snapshot, registry, catalogue)),
      registry_(registry),
      catalogue_(catalogue),
      journal_(journal),
      config_(config),
      bindings_(journal, works),
      reach_(catalogue, bindings_) {
    for (auto& record : snapshot.policy_versions) {
        const auto task = record.task;
        versions_[task].push_back(std::make_shared<const PolicyVersionRecord>(std::move(record)));
    }
    for (auto& record : snapshot.policy_rollouts) {
        const auto version = find_version(record.task, record.version);
        if (version != nullptr) {
            const auto task = record.task;
            const auto share = record.steps[record.step].permyriad;
            rollouts_[task] = {.record = std::move(record),
                               .version = version,
                               .comparison = PolicyComparison(version, share, registry_, reach_)};
        }
    }
}

void PolicyDesk::on_accepted(const Step& step, Device& device,
                             const std::vector<Accepted>& accepted) {
    for (const auto& one : accepted) {
        if (numbers_.on_reported(one.version, step.now.instant)) {
            step.write(PolicyNumberRecord{numbers_.after_restart()});
        }
    }
    note_ahead(step, device, accepted);
}

base::Result<void> PolicyDesk::check(const SetPolicy& command) const {
    const auto& version = command.version;
    const auto is_bad_part = [](const PolicyPart& part) {
        return part.blob == nullptr || part.blob->content().size() > FR_POLICY_SIZE_MAX;
    };
    if (version.task > kTaskLast || version.parts.empty() ||
        std::ranges::any_of(version.parts, is_bad_part)) {
        return refuse("no signed bytes, or longer than " + std::to_string(FR_POLICY_SIZE_MAX) +
                          " bytes, or a task number above 255",
                      "Compile and sign it again");
    }
    const bool is_long_source = std::ranges::any_of(version.parts, [&](const PolicyPart& part) {
        return part.source && part.source->text.size() > config_.text_bytes;
    });
    if (version.text.size() > config_.text_bytes || is_long_source ||
        version.comment.size() > config_.comment_bytes) {
        return refuse("text above " + std::to_string(config_.text_bytes) +
                          " bytes, or comment above " + std::to_string(config_.comment_bytes),
                      "Shorten it");
    }
    if (version.group_share_permille > 1000) {
        return refuse("a group share above 1000 thousandths", "State at most 1, or none");
    }
    const auto& steps = command.steps;
    const auto rises = [](const PolicyStep& left, const PolicyStep& right) {
        return left.permyriad >= right.permyriad;
    };
    if (!steps.empty() &&
        (steps.size() > kPolicyStepsMax || steps.back().permyriad != kWholeFleet ||
         std::ranges::adjacent_find(steps, rises) != steps.end())) {
        return refuse("the steps do not rise to the whole fleet, or are more than " +
                          std::to_string(kPolicyStepsMax),
                      "Write rising shares that end with 100 %");
    }
    if (auto checked = numbers_.check(version.version); !checked) {
        return checked;
    }
    if (version.origin == PolicyOrigin::kLearned) {
        return check_learned(version);
    }
    return version.audience.is_class() ? check_replaced(command) : base::Result<void>{};
}

// What was learned of one policy must not replace another that a person set meanwhile.
base::Result<void> PolicyDesk::check_learned(const PolicyVersionRecord& version) const {
    if (version.audience.is_class() && open_rollout(version.task) != nullptr) {
        return base::fail(base::ErrorKind::kConflict, "policy not set",
                          "a version of the task is on its way to the devices",
                          "Learn on when it has arrived, or was taken back");
    }
    for (const auto& part : version.parts) {
        const auto* present = catalogue_.policy(version.task, part.device_class, version.audience);
        if (present == nullptr || present->policy != version.source || present->is_withdrawn) {
            return base::fail(base::ErrorKind::kConflict, "policy not set",
                              "version " + std::to_string(version.source) +
                                  " it was learned from is not in force: somebody was faster",
                              "Learn on from what is in force");
        }
    }
    return {};
}

// Devices refuse an older version: who obeys the one on its way must not be left with it.
base::Result<void> PolicyDesk::check_replaced(const SetPolicy& command) const {
    const auto* open = open_rollout(command.version.task);
    if (open == nullptr || open->record.steps[open->record.step].permyriad == 0) {
        return {};
    }
    const auto conflict = [&](std::string cause) {
        return base::fail(base::ErrorKind::kConflict, "policy not set",
                          "version " + std::to_string(open->record.version) +
                              " is on its way to the devices" + std::move(cause),
                          "Take that version back first: frugalctl policy rollout abort");
    };
    if (!command.steps.empty()) {
        return conflict(", and some obey it already");
    }
    for (const auto& part : open->version->parts) {
        if (part_replacing(command.version, part.device_class, catalogue_) == nullptr) {
            return conflict(", also to class " + part.device_class.text() +
                            ", for which this one has no part");
        }
    }
    return {};
}

base::Result<PolicySet> PolicyDesk::set(const Step& step, const std::string& actor,
                                        SetPolicy&& command) {
    auto left_out = narrow(command);
    auto checked = left_out.map([](const auto&) {}).and_then([&] { return check(command); });
    if (!checked) {
        return tl::unexpected<base::Error>(std::move(checked.error()));
    }
    auto& record = command.version;
    record.actor = actor;
    record.set_at = step.now.wall;
    std::ranges::sort(record.parts, {}, &PolicyPart::device_class);  // as they come from the disk
    record.digest = digest_of(record);
    if (record.origin == PolicyOrigin::kLearned) {
        // What an owner fixed is not learned.
        record.group_share_permille =
            catalogue_.policy(record.task, record.parts.front().device_class, record.audience)
                ->group_share_permille;
    }
    const auto task = record.task;
    const auto now = history(task).in_force;
    const bool is_of_class = record.audience.is_class();
    const bool is_staged = !command.steps.empty() && !now.empty();
    if (command.is_trial) {
        return PolicySet{task, record.version, is_staged, std::move(*left_out)};
    }
    record.was_in_force = !is_staged;
    journal_.audit(step, actor, "policy.set", "task " + std::to_string(task),
                   "version " + std::to_string(record.version) + " " +
                       std::string(to_string(record.origin)) + ", " +
                       (is_staged ? describe(command.steps) : "at once") +
                       (is_of_class ? "" : ", for " + record.audience.text()));
    step.write(record);
    const auto version = std::make_shared<const PolicyVersionRecord>(std::move(record));
    numbers_.on_stored(version->version);
    versions_[task].push_back(version);
    if (is_of_class) {
        end_rollout(step, task);
    }
    if (is_staged) {
        stage(step, actor, version, std::move(command.steps), now.back());
    } else {
        apply(step, version, 0);
    }
    if (!is_of_class) {
        recount(step, task);
    }
    thin(step, task);
    return PolicySet{task, version->version, is_staged, std::move(*left_out)};
}

// A class that had none gets its first policy at once: there is nothing to compare it with, and
// nothing to go back to.
bool PolicyDesk::apply_first(const Step& step, const PolicyVersionRecord& version) {
    bool is_first_of_any = false;
    for (const auto& part : version.parts) {
        if (catalogue_.policy(version.task, part.device_class) == nullptr) {
            catalogue_.put_policy(step, {part.device_class, version.task, version.version,
                                         part.blob, version.group_share_permille});
            is_first_of_any = true;
        }
    }
    return is_first_of_any;
}

// Versions are shared and never change: the mark makes a new one.
PolicyVersionPointer PolicyDesk::mark_in_force(const Step& step,
                                               const PolicyVersionPointer& version) {
    auto marked = std::make_shared<PolicyVersionRecord>(*version);
    marked->was_in_force = true;
    step.write(PolicyVersionReached{version->task, version->version});
    std::ranges::replace(versions_[version->task], version, PolicyVersionPointer(marked));
    return marked;
}

// In force for its classes; who is below `from` has it already.
void PolicyDesk::apply(const Step& step, const PolicyVersionPointer& version, std::uint32_t from) {
    // What a person wrote now counts, not what was measured under the policy before (D39).
    const bool replaces_one =
        version->audience.is_class() &&
        std::ranges::any_of(version->parts, [&](const PolicyPart& part) {
            const auto* present = catalogue_.policy(version->task, part.device_class);
            return present != nullptr && present->device_class == part.device_class;
        });
    if (replaces_one && version->origin != PolicyOrigin::kLearned) {
        step.write(CanariesDropped{version->task});
        owner_changes_[version->task] = version->version;
    }
    for (const auto& part : version->parts) {
        catalogue_.put_policy(step, {part.device_class, version->task, version->version, part.blob,
                                     version->group_share_permille, version->audience,
                                     version->origin == PolicyOrigin::kWithdrawn});
    }
    drop_withdrawn(step, version->task);
    changes_.push_back({version, from, kWholeFleet});
}

// Another version takes the place of one under way: whoever obeyed or tried it is told.
void PolicyDesk::end_rollout(const Step& step, std::uint32_t task) {
    if (open_rollout(task) == nullptr) {
        return;
    }
    auto& rollout = rollouts_.at(task);
    const auto share = rollout.record.steps[rollout.record.step].permyriad;
    rollout.record.status = PolicyRolloutStatus::kAborted;
    rollout.record.changed_at = step.now.wall;
    step.write(rollout.record);
    changes_.push_back({rollout.version, 0, share == 0 ? kWholeFleet : share});
}

std::set<std::uint32_t> PolicyDesk::needed(std::uint32_t task) const {
    const auto in_force = history(task).in_force;
    std::set<std::uint32_t> needed(in_force.begin(), in_force.end());
    for (const auto* policy : catalogue_.overrides(task)) {
        needed.insert(policy->policy);
    }
    if (const auto found = rollouts_.find(task); found != rollouts_.end()) {
        needed.insert({found->second.record.version, found->second.record.baseline});
    }
    return needed;
}

// The oldest learned version goes first, then the oldest; never one that is in use.
void PolicyDesk::thin(const Step& step, std::uint32_t task) {
    auto& versions = versions_[task];
    if (versions.size() <= config_.versions_per_task) {
        return;
    }
    const auto in_use = needed(task);
    while (versions.size() > config_.versions_per_task) {
        const auto is_free = [&](const PolicyVersionPointer& version) {
            return !in_use.contains(version->version);
        };
        auto victim = std::ranges::find_if(versions, [&](const PolicyVersionPointer& version) {
            return version->origin == PolicyOrigin::kLearned && is_free(version);
        });
        if (victim == versions.end()) {
            victim = std::ranges::find_if(versions, is_free);
        }
        if (victim == versions.end()) {
            return;
        }
        step.write(PolicyVersionDropped{task, (*victim)->version});
        versions.erase(victim);
    }
}

PolicyHistory PolicyDesk::history(std::uint32_t task, const base::Audience& audience) const {
    PolicyHistory history{.task = task};
    const auto found = versions_.find(task);
    if (found != versions_.end()) {
        history.versions.assign(found->second.rbegin(), found->second.rend());
    }
    for (const auto& policy : catalogue_.list().policies) {
        if (policy.task == task && policy.audience.is_class()) {
            history.in_force.push_back(policy.policy);
        }
    }
    for (const auto* policy : catalogue_.overrides(task)) {
        const auto* below = without(policy->audience, task, policy->device_class);
        history.overrides.push_back({policy->audience, policy->device_class, policy->policy,
                                     policy->is_withdrawn, below != nullptr ? below->policy : 0,
                                     below != nullptr ? below->blob : nullptr});
    }
    std::ranges::sort(history.in_force);
    history.in_force.erase(std::unique(history.in_force.begin(), history.in_force.end()),
                           history.in_force.end());
    const auto* rollout = open_rollout(task);
    history.candidate = rollout != nullptr ? rollout->record.version : 0;
    if (!audience.is_class()) {
        history.obeyed = obeyed_by(audience, task).value_or(std::vector<PolicyObeyed>{});
    }
    return history;
}

}  // namespace frugal::core
