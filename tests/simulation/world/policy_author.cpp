// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/policy_author.hpp"

#include <fmt/format.h>

#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::vector<std::string>> kClassSets = {
    {"any"}, {"any"}, {"any"}, {"any", "tiny"}, {"m4", "tiny"}, {"tiny"}};

}  // namespace

void PolicyAuthor::start() {
    if (context_.options.has_staged_policies) {
        is_done_ = false;
        plan();
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

void PolicyAuthor::act() {
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
        if (make == &PolicyAuthor::taken_back && known.history.candidate == 0) {
            return;
        }
        auto command = (this->*make)(known);
        context_.trace.note(fmt::format("policy author: version {}, {} parts, {} steps",
                                        command.version.version, command.version.parts.size(),
                                        command.steps.size()));
        ask<core::PolicySet>(std::move(command), [this, what](const core::PolicySet&) {
            context_.trace.sometimes(what);
        });
    });
}

core::SetPolicy PolicyAuthor::at_once(const Known& known) {
    return ReleaseShelf::instance().policy_for(kClassSets[rng_.below(kClassSets.size())],
                                               known.tasks.next_policy,
                                               static_cast<std::uint32_t>(rng_.below(120)));
}

core::SetPolicy PolicyAuthor::staged(const Known& known) {
    auto command = at_once(known);
    command.steps = steps();
    return command;
}

// As `frugalctl policy rollout abort`: every class goes back to what it obeyed before.
core::SetPolicy PolicyAuthor::taken_back(const Known& known) {
    core::PolicyVersionRecord before;
    before.task = kTask;
    for (const auto& policy : known.tasks.policies) {
        before.parts.push_back({policy.device_class, policy.blob});
        before.version = std::max(before.version, policy.policy);
    }
    return ReleaseShelf::instance().policy_again(before, known.tasks.next_policy);
}

core::SetPolicy PolicyAuthor::reverted(const Known& known) {
    const auto& versions = known.history.versions;
    if (versions.empty()) {
        return taken_back(known);
    }
    auto command = ReleaseShelf::instance().policy_again(*versions[rng_.below(versions.size())],
                                                         known.tasks.next_policy);
    if (rng_.chance(0.5)) {
        command.steps = steps();
    }
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

void PolicyAuthor::attempt_last() {
    if (is_done_) {
        return;
    }
    look([this](const Known& known) {
        auto command = ReleaseShelf::instance().policy_for(
            {"any", "m4", "tiny"}, known.tasks.next_policy, context_.options.audit);
        ask<core::PolicySet>(std::move(command), [this](const core::PolicySet&) {
            context_.trace.note("policy author: the last one is set");
            is_done_ = true;
        });
    });
    context_.timeline.after(seconds(20), [this] { attempt_last(); });
}

}  // namespace frugal::simulation
