// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/liveness.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "frugal/limits.h"

namespace frugal::simulation {

void Liveness::look() {
    has_view_ = false;
    gateway_.ask(core::ListRollouts{}, [this](const base::Result<core::AdminReply>& reply) {
        const auto* list = reply ? std::get_if<core::RolloutList>(&*reply) : nullptr;
        if (list == nullptr) {
            return;
        }
        running_ = 0;
        for (const auto& rollout : list->rollouts) {
            running_ += rollout.record.status == core::RolloutStatus::kRunning ? 1 : 0;
        }
        has_view_ = true;
    });
    gateway_.ask(core::ListModels{}, [this](const base::Result<core::AdminReply>& reply) {
        if (const auto* list = reply ? std::get_if<core::ModelList>(&*reply) : nullptr) {
            for (const auto& release : list->releases) {
                counters_[{release->model.text(), release->release}] = release->counter;
            }
        }
    });
    gateway_.ask(core::ListDevices{}, [this](const base::Result<core::AdminReply>& reply) {
        if (const auto* page = reply ? std::get_if<core::DevicePage>(&*reply) : nullptr) {
            for (const auto& device : page->devices) {
                standings_[device.id.text()] = {device.state, device.desired, 0};
            }
        }
    });
    gateway_.ask(core::GetOverview{}, [this](const base::Result<core::AdminReply>& reply) {
        if (const auto* view = reply ? std::get_if<core::Overview>(&*reply) : nullptr) {
            context_.tell([&](Checker& checker) { checker.on_overview(*view); });
        }
    });
}

// Nobody expects anything of a device that was revoked, cloned or is in quarantine.
bool Liveness::is_exempt(const DeviceHost& device) const {
    const auto found = standings_.find(device.name());
    return device.is_retired() || device.is_cloned() || found == standings_.end() ||
           found->second.state != core::DeviceState::kEnrolled;
}

bool Liveness::is_settled(std::string& why) const {
    if (!has_view_) {
        why = "the gateway does not answer";
        return false;
    }
    if (running_ != 0) {
        why = fmt::format("{} rollouts run", running_);
        return false;
    }
    for (const auto& device : devices_) {
        const auto& task = device->node().state.tasks[0];
        const bool is_on_trial = task.active != task.confirmed && task.is_superseded == 0;
        if (!is_exempt(*device) && (device->node().update.is_working != 0 || is_on_trial)) {
            why = device->name() + " is in an update";
            return false;
        }
    }
    for (const auto& checker : context_.checkers) {
        why = checker->unsettled();
        if (!why.empty()) {
            return false;
        }
    }
    return true;
}

bool Liveness::is_drained(std::string& why) const {
    for (const auto& device : devices_) {
        if (!is_exempt(*device) && !device->is_drained()) {
            why = fmt::format("{} holds decisions {}..{}{}", device->name(),
                              fr_node_acked_sequence(&device->node()),
                              fr_node_next_sequence(&device->node()),
                              device->is_alive() ? "" : ", and is dead");
            return false;
        }
    }
    return true;
}

void Liveness::judge() {
    std::string why;
    if (!is_settled(why) || !is_drained(why)) {
        context_.trace.violate("I18", "not at rest at the end: " + why);
        return;
    }
    for (const auto& device : devices_) {
        if (!is_exempt(*device)) {
            judge_device(*device, standings_.at(device->name()));
        }
    }
}

std::uint32_t Liveness::counter_of(const core::DesiredView& desired) const {
    const auto found = counters_.find({desired.model.text(), desired.release});
    return found == counters_.end() ? 0 : found->second;
}

void Liveness::judge_device(const DeviceHost& device, const Standing& standing) {
    const auto& task = device.node().state.tasks[0];
    const auto runs = device.node().tasks[0].loaded.release;
    // What once decided must decide again, whatever became of its updates, if the gateway has a
    // model for it: its database may be older than what the device burned. Only a release that
    // failed three times is given up, until people want another.
    const bool may_have_one = std::ranges::any_of(standing.desired, [&](const auto& desired) {
        return counter_of(desired) >= task.burned_counter;
    });
    // Told by the count, not the phase: a forged wish that is refused since says nothing of it.
    const bool is_given_up = task.failures >= FR_UPDATE_ATTEMPTS_MAX &&
                             task.failed_counter != task.burned_counter &&
                             std::ranges::any_of(standing.desired, [&](const auto& desired) {
                                 return counter_of(desired) == task.failed_counter;
                             });
    if (runs == 0 && task.burned_counter != 0 && !is_given_up && may_have_one) {
        context_.trace.violate("I18", device.name() + " is at rest without a model");
    }
    for (const auto& desired : standing.desired) {
        const auto counter = counter_of(desired);
        if (desired.state == core::RolloutState::kConfirmed) {
            if (runs != counter) {
                context_.trace.violate("I18", fmt::format("{} is said to have confirmed counter "
                                                          "{}, but runs {}",
                                                          device.name(), counter, runs));
            }
        } else if (desired.reason == core::Reason::kNone) {
            context_.trace.violate("I18", fmt::format("{} is {} without a reason", device.name(),
                                                      core::to_string(desired.state)));
        } else {
            context_.trace.sometimes("at rest with a stated reason");
        }
    }
}

}  // namespace frugal::simulation
