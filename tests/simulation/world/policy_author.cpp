// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/policy_author.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kRenewals = 3;  // then it is for a device that is gone

const std::vector<std::vector<std::string>> kClassSets = {
    {"any"}, {"any"}, {"any"}, {"any", "tiny"}, {"m4", "tiny"}, {"tiny"}};

}  // namespace

void PolicyAuthor::start() {
    if (context_.options.has_staged_policies) {
        is_done_ = false;
        plan();
    }
    if (context_.options.has_alarms) {
        plan_alarm();
    }
    if (context_.options.has_pinned_fleet) {
        context_.timeline.after(seconds(90), [this] { pin_all_from(0); });
    }
}

void PolicyAuthor::plan() {
    context_.timeline.after(milliseconds(4000 + rng_.below(40'000)), [this] {
        if (!is_stopped_) {
            act();
            plan();
        }
    });
}

void PolicyAuthor::plan_alarm() {
    context_.timeline.after(milliseconds(3000 + alarm_rng_.below(20'000)), [this] {
        if (!is_stopped_) {
            raise_alarm();
            plan_alarm();
        }
    });
}

// Its evidence is up to a minute old, or from before the process, which nobody can date.
void PolicyAuthor::raise_alarm() {
    const auto now = context_.timeline.now();
    const auto age =
        std::min<base::Duration>(milliseconds(alarm_rng_.below(60'000)), now.since_start);
    const base::Instant since{now.since_start - age};
    core::LearningEvent event{.task = kTask,
                              .device_class = *base::ClassName::parse("tiny"),
                              .what = "tasks kept local go wrong",
                              .is_alarm = true};
    if (alarm_rng_.chance(0.8)) {
        context_.tell([since](Checker& checker) { checker.on_alarm(since); });
        event.since = context_.options.plant == Plant::kStaleAlarm ? now : since;
    }
    context_.trace.note(fmt::format("learner: alarm, evidence of {} ms{}", age.count() / 1000,
                                    event.since ? "" : " and before"));
    ask<core::Done>(core::SaveLearning{.events = {std::move(event)}}, [](core::Done) {});
}

void PolicyAuthor::act() {
    if (context_.options.has_overrides && rng_.chance(0.5)) {
        act_on_few();
        return;
    }
    switch (rng_.below(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
            set("policy staged", &PolicyAuthor::staged);
            break;
        case 4:
            set("policy set at once", &PolicyAuthor::at_once);
            break;
        case 5:
            set("policy reverted", &PolicyAuthor::reverted);
            break;
        case 6:
        case 7:
            set("staged policy taken back", &PolicyAuthor::taken_back);
            break;
        default:
            ask<core::Done>(core::ResumePolicyRollout{kTask}, [this](core::Done) {
                context_.trace.sometimes("staged policy resumed");
            });
            break;
    }
}

void PolicyAuthor::act_on_few() {
    switch (rng_.below(6)) {
        case 0:
        case 1:
            set("policy of a device or label set", &PolicyAuthor::for_few);
            break;
        case 2:
        case 3:
            set("policy of a device or label ended", &PolicyAuthor::for_few_no_more);
            break;
        default:
            set("policy learned", &PolicyAuthor::learned);
            break;
    }
}

// A person who is not answered, or refused, lets it be.
template <typename Reply>
void PolicyAuthor::ask(core::AdminCommand command, std::function<void(Reply)> then) {
    gateway_.ask(std::move(command),
                 [this, then = std::move(then)](const base::Result<core::AdminReply>& reply) {
                     if (const auto* answer = reply ? std::get_if<Reply>(&*reply) : nullptr) {
                         then(*answer);
                     } else if (!reply) {
                         context_.trace.note("policy author: " + reply.error().describe());
                     }
                 });
}

void PolicyAuthor::look(std::function<void(const Known&)> then) {
    ask<core::TaskList>(core::ListTasks{}, [this, then = std::move(then)](core::TaskList tasks) {
        if (tasks.policies.empty()) {
            return;
        }
        ask<core::PolicyHistory>(core::ListPolicyVersions{kTask},
                                 [then, tasks = std::move(tasks)](core::PolicyHistory history) {
                                     then({tasks, std::move(history)});
                                 });
    });
}

void PolicyAuthor::set(const char* what, Make make) {
    look([this, what, make](const Known& known) {
        auto command = (this->*make)(known);
        if (!command) {
            return;
        }
        context_.trace.note(fmt::format(
            "policy author: version {} {}, {} parts, {} steps, for '{}'", command->version.version,
            to_string(command->version.origin), command->version.parts.size(),
            command->steps.size(), command->version.audience.text()));
        ask<core::PolicySet>(std::move(*command), [this, what](const core::PolicySet&) {
            context_.trace.sometimes(what);
        });
    });
}

std::optional<core::SetPolicy> PolicyAuthor::at_once(const Known& known) {
    return ReleaseShelf::instance().policy_for(kClassSets[rng_.below(kClassSets.size())],
                                               known.tasks.next_policy,
                                               static_cast<std::uint32_t>(rng_.below(120)));
}

std::optional<core::SetPolicy> PolicyAuthor::staged(const Known& known) {
    auto command = at_once(known);
    command->steps = steps();
    return command;
}

// As `frugalctl policy rollout abort`: every class goes back to what it obeyed before.
std::optional<core::SetPolicy> PolicyAuthor::taken_back(const Known& known) {
    if (known.history.candidate == 0) {
        return std::nullopt;
    }
    core::PolicyVersionRecord before;
    before.task = kTask;
    for (const auto& policy : known.tasks.policies) {
        if (policy.audience.is_class()) {
            before.parts.push_back({policy.device_class, policy.blob});
            before.version = std::max(before.version, policy.policy);
        }
    }
    return ReleaseShelf::instance().policy_again(before, known.tasks.next_policy);
}

std::optional<core::SetPolicy> PolicyAuthor::reverted(const Known& known) {
    const auto& versions = known.history.versions;
    const auto* source = versions.empty() ? nullptr : versions[rng_.below(versions.size())].get();
    if (source == nullptr || source->origin == core::PolicyOrigin::kWithdrawn) {
        return std::nullopt;
    }
    auto command = ReleaseShelf::instance().policy_again(*source, known.tasks.next_policy);
    if (rng_.chance(0.5) && source->audience.is_class()) {
        command.steps = steps();
    }
    return command;
}

// The small ones, which are one class, or the large ones too: one after the other, whoever is
// refused; then all over again, as some are ended meanwhile.
void PolicyAuthor::pin_all_from(std::uint32_t device) {
    if (is_stopped_) {
        return;
    }
    const auto& options = context_.options;
    if (device == options.devices) {
        stage_for_nobody();
        spares_large_ = !spares_large_;
        context_.timeline.after(seconds(60), [this] { pin_all_from(0); });
        return;
    }
    if (!spares_large_ || device >= options.large_devices) {
        look([this, device](const Known& known) {
            auto command = ReleaseShelf::instance().policy_for(
                {"m4", "tiny"}, known.tasks.next_policy, context_.options.audit);
            command.version.audience =
                base::Audience::device(*base::DeviceId::parse(fmt::format("device-{}", device)));
            ask<core::PolicySet>(std::move(command), [](const core::PolicySet&) {});
        });
    }
    context_.timeline.after(milliseconds(200), [this, device] { pin_all_from(device + 1); });
}

void PolicyAuthor::stage_for_nobody() {
    look([this](const Known& known) {
        auto command = ReleaseShelf::instance().policy_for(
            {"any", "m4", "tiny"}, known.tasks.next_policy, context_.options.audit);
        command.steps = {{2500, seconds(5)}, {8000, seconds(5)}, {core::kWholeFleet, {}}};
        ask<core::PolicySet>(std::move(command), [this](const core::PolicySet&) {
            context_.trace.sometimes("policy staged that nobody can prove");
            if (context_.options.plant == Plant::kUnprovenFinish) {
                go_on_regardless(4);
            }
        });
    });
}

// Planted: as if time alone took it to the next step.
void PolicyAuthor::go_on_regardless(int times) {
    gateway_.ask(
        core::ResumePolicyRollout{kTask}, [](const base::Result<core::AdminReply>&) {}, "gateway");
    if (times > 0) {
        context_.timeline.after(seconds(2), [this, times] { go_on_regardless(times - 1); });
    }
}

// For a device, also one that is not there, or for those of a label.
std::optional<core::SetPolicy> PolicyAuthor::for_few(const Known& known) {
    auto command = ReleaseShelf::instance().policy_for({"m4", "tiny"}, known.tasks.next_policy,
                                                       static_cast<std::uint32_t>(rng_.below(120)));
    const auto name = fmt::format("device-{}", rng_.below(context_.options.devices + 1));
    command.version.audience = rng_.chance(0.7)
                                   ? base::Audience::device(*base::DeviceId::parse(name))
                                   : base::Audience::label(kOddLabel);
    return command;
}

// As `frugalctl policy clear`: what lies below, under a number above.
std::optional<core::SetPolicy> PolicyAuthor::for_few_no_more(const Known& known) {
    std::vector<core::PolicyOverride> present;
    std::ranges::copy_if(known.history.overrides, std::back_inserter(present),
                         [](const core::PolicyOverride& own) { return !own.is_withdrawn; });
    if (present.empty()) {
        return std::nullopt;
    }
    const auto& ended = present[rng_.below(present.size())];
    core::PolicyVersionRecord below{.task = kTask};
    for (const auto& own : present) {
        if (own.audience == ended.audience && own.below_blob != nullptr) {
            below.parts.push_back({own.device_class, own.below_blob});
            below.version = own.below;
        }
    }
    auto command = ReleaseShelf::instance().policy_again(below, known.tasks.next_policy);
    command.version.origin = core::PolicyOrigin::kWithdrawn;
    command.version.audience = ended.audience;
    return command;
}

// Of what is in force for somebody: a class, a label or a device.
std::optional<core::SetPolicy> PolicyAuthor::learned(const Known& known) {
    const auto& policies = known.tasks.policies;
    const auto& source = policies[rng_.below(policies.size())];
    auto command =
        ReleaseShelf::instance().policy_for({source.device_class.text()}, known.tasks.next_policy,
                                            static_cast<std::uint32_t>(rng_.below(120)));
    command.version.origin = core::PolicyOrigin::kLearned;
    command.version.source = source.policy;
    command.version.audience = source.audience;
    return command;
}

// In the shadow or by shares, by time or by hand.
std::vector<core::PolicyStep> PolicyAuthor::steps() {
    std::vector<core::PolicyStep> steps;
    for (const std::uint32_t share : {0U, 2500U, 5000U, 8000U}) {
        if (rng_.chance(0.5)) {
            const auto wait = rng_.chance(0.8) ? seconds(5 + rng_.below(40)) : seconds(0);
            steps.push_back({share, wait});
        }
    }
    steps.push_back({core::kWholeFleet, base::Duration{0}});
    return steps;
}

// A gateway whose database came from a backup knows less than its devices: only a new version, of
// a number above theirs, brings all to one again.
void PolicyAuthor::finish() {
    is_stopped_ = true;
    if (!is_done_ && (context_.oracle.had_amnesia || rng_.chance(0.5))) {
        attempt_last();
    } else {
        is_done_ = true;
    }
}

// Of a database from a backup, too, devices take only higher numbers.
bool PolicyAuthor::renew_override(const Known& known) {
    renewed_from_ = renewed_from_ == 0 ? known.tasks.next_policy : renewed_from_;
    for (const auto& own : known.history.overrides) {
        const auto version = std::ranges::find_if(
            known.history.versions, [&](const auto& one) { return one->version == own.version; });
        if (own.is_withdrawn || own.version >= renewed_from_ ||
            version == known.history.versions.end() || ++renewals_[own.version] > kRenewals) {
            continue;
        }
        ask<core::PolicySet>(
            ReleaseShelf::instance().policy_again(**version, known.tasks.next_policy),
            [this](const core::PolicySet&) { try_last(); });
        return true;
    }
    return false;
}

void PolicyAuthor::attempt_last() {
    if (is_done_) {
        return;
    }
    try_last();
    context_.timeline.after(seconds(20), [this] { attempt_last(); });
}

void PolicyAuthor::try_last() {
    look([this](const Known& known) {
        if (renew_override(known)) {
            return;
        }
        auto command = ReleaseShelf::instance().policy_for(
            {"any", "m4", "tiny"}, known.tasks.next_policy, context_.options.audit);
        ask<core::PolicySet>(std::move(command), [this](const core::PolicySet&) {
            context_.trace.note("policy author: the last one is set");
            is_done_ = true;
        });
    });
}

}  // namespace frugal::simulation
