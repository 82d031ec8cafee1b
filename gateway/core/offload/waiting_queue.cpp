// SPDX-License-Identifier: Apache-2.0
#include "core/offload/waiting_queue.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace frugal::core {

namespace {
Place first_of(std::size_t priority) {
    return {static_cast<std::uint8_t>(priority), base::Instant{base::Duration::min()}, 0};
}
}  // namespace

void WaitingQueue::add(Escalation&& escalation, base::Duration work, base::Instant latest) {
    const auto place = escalation.place;
    tree_.insert({place, work, latest, !escalation.is_audit() && !escalation.is_probe});
    by_task_[escalation.task].insert(place);
    by_arrival_[place.priority].emplace(place.order, place);
    ++by_device_[escalation.instance.device];
    ++by_priority_[place.priority];
    bytes_ += escalation.features.size();
    all_.emplace(place, std::move(escalation));
}

Escalation WaitingQueue::take(const Place& wanted) {
    const auto place = wanted;  // it may live in what is taken
    const auto found = all_.find(place);
    FRUGAL_ASSERT(found != all_.end());
    auto escalation = std::move(found->second);
    all_.erase(found);
    tree_.erase(place);
    const auto of_task = by_task_.find(escalation.task);
    of_task->second.erase(place);
    if (of_task->second.empty()) {
        by_task_.erase(of_task);
    }
    by_arrival_[place.priority].erase(place.order);
    const auto of_device = by_device_.find(escalation.instance.device);
    if (--of_device->second == 0) {
        by_device_.erase(of_device);
    }
    --by_priority_[place.priority];
    bytes_ -= escalation.features.size();
    return escalation;
}

std::size_t WaitingQueue::size_of_task(std::uint32_t task) const {
    const auto found = by_task_.find(task);
    return found == by_task_.end() ? 0 : found->second.size();
}

std::size_t WaitingQueue::size_of_device(DeviceNumber device) const {
    const auto found = by_device_.find(device);
    return found == by_device_.end() ? 0 : found->second;
}

const Escalation* WaitingQueue::last_audit() const {
    if (all_.empty() || !all_.rbegin()->second.is_audit()) {
        return nullptr;
    }
    return &all_.rbegin()->second;
}

const Escalation& WaitingQueue::newest() const {
    return all_.at(by_arrival_[first().place.priority].rbegin()->second);
}

const Escalation* WaitingQueue::oldest(Priority priority) const {
    const auto& arrivals = by_arrival_[index(priority)];
    return arrivals.empty() ? nullptr : &all_.at(arrivals.begin()->second);
}

// Deadlines rise within each class.
std::optional<base::Instant> WaitingQueue::earliest_deadline() const {
    std::optional<base::Instant> earliest;
    for (std::size_t priority = 0; priority < kPriorities; ++priority) {
        if (by_priority_[priority] != 0) {
            const auto deadline = all_.lower_bound(first_of(priority))->first.deadline;
            earliest = earliest ? std::min(*earliest, deadline) : deadline;
        }
    }
    return earliest;
}

const Escalation* WaitingQueue::expired(base::Instant now) const {
    for (std::size_t priority = 0; priority < kPriorities; ++priority) {
        if (by_priority_[priority] != 0) {
            const auto& first = all_.lower_bound(first_of(priority))->second;
            if (first.place.deadline <= now) {
                return &first;
            }
        }
    }
    return nullptr;
}

}  // namespace frugal::core
