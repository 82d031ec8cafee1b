// SPDX-License-Identifier: Apache-2.0
// How much time an answer needs back to a device of a group, so that about one in a hundred comes
// too late: raised when a device says that an answer we sent missed its deadline, lowered slowly by
// those that came in time. Owned by the desk.
#pragma once

#include <algorithm>
#include <map>

#include "core/offload/fair_share.hpp"

namespace frugal::core {

class ReturnTimes {
public:
    explicit ReturnTimes(base::Duration first) : first_(first) {}

    base::Duration allowance(GroupNumber group) const {
        const auto found = groups_.find(group);
        return found == groups_.end() ? first_ : found->second;
    }

    // A step up of a quarter for a late one and of 1/512 down for one in time balance at 0.8 %.
    void on_late(GroupNumber group) {
        auto& known = groups_.try_emplace(group, first_).first->second;
        known = std::min<base::Duration>(known + known / 4 + std::chrono::milliseconds(1), kMost);
    }
    void on_time(GroupNumber group) {
        const auto found = groups_.find(group);
        if (found != groups_.end()) {
            found->second -= (found->second - first_) / 512;
        }
    }

private:
    static constexpr std::chrono::milliseconds kMost{500};

    base::Duration first_;
    std::map<GroupNumber, base::Duration> groups_;
};

}  // namespace frugal::core
