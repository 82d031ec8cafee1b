// SPDX-License-Identifier: Apache-2.0
// The escalations that wait: by priority class and deadline, found also by task, by arrival and
// counted by device. Bounded by its owner. Owns the inputs; take() is the only way out.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>

#include "core/offload/escalation.hpp"

namespace frugal::core {

class WaitingQueue {
public:
    /// `work`: how long it keeps those behind it waiting. `latest`: when it must have started.
    void add(Escalation&& escalation, base::Duration work, base::Instant latest);
    Escalation take(const Place& place);

    bool is_empty() const { return all_.empty(); }
    std::size_t size() const { return all_.size(); }
    std::size_t size(Priority priority) const { return by_priority_[index(priority)]; }
    std::size_t size_of_task(std::uint32_t task) const;
    std::size_t size_of_device(DeviceNumber device) const;
    std::size_t tasks() const { return by_task_.size(); }
    std::uint64_t bytes() const { return bytes_; }

    const Escalation& at(const Place& place) const { return all_.at(place); }
    const Escalation& first() const { return all_.begin()->second; }
    /// The audit that would run last; null if there is none.
    const Escalation* last_audit() const;
    /// Of the priority class of the first.
    const Escalation& newest() const;
    /// Of a priority class; null if nothing of it waits.
    const Escalation* oldest(Priority priority) const;
    /// Places of a task in their order.
    const std::set<Place>& places_of_task(std::uint32_t task) const { return by_task_.at(task); }
    const std::map<Place, Escalation>& all() const { return all_; }
    const DeadlineTree& tree() const { return tree_; }

    /// Absent when nothing waits.
    std::optional<base::Instant> earliest_deadline() const;
    /// Something whose deadline has come; null if there is none.
    const Escalation* expired(base::Instant now) const;

private:
    static std::size_t index(Priority priority) { return static_cast<std::size_t>(priority); }

    std::map<Place, Escalation> all_;
    DeadlineTree tree_;
    std::map<std::uint32_t, std::set<Place>> by_task_;
    std::array<std::map<std::uint64_t, Place>, kPriorities> by_arrival_;
    std::map<DeviceNumber, std::uint32_t> by_device_;
    std::array<std::size_t, kPriorities> by_priority_{};
    std::uint64_t bytes_ = 0;
};

}  // namespace frugal::core
