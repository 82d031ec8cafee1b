// SPDX-License-Identifier: Apache-2.0
// How much time answers had left when they were sent, until their devices tell what became of them,
// which may be in a batch of decisions minutes later. Owned by the desk. While it is full, answers
// are not noted: what it holds is a sample then.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base/time.hpp"
#include "core/offload/task_instance.hpp"

namespace frugal::core {

class SentAnswers {
public:
    /// slack: from now until the deadline.
    void note(const TaskInstance& instance, base::Duration slack, base::Instant now) {
        while (!order_.empty() && now - order_.front().first >= kKept) {
            slacks_.erase(order_.front().second);
            order_.pop_front();
        }
        if (order_.size() < kMost) {
            order_.emplace_back(now, instance);
            slacks_.insert_or_assign(instance, slack);
        }
    }

    /// Once for each answer; absent if it was not sent, or too long ago.
    std::optional<base::Duration> take(const TaskInstance& instance) {
        const auto found = slacks_.find(instance);
        if (found == slacks_.end()) {
            return std::nullopt;
        }
        const auto slack = found->second;
        slacks_.erase(found);
        return slack;
    }

private:
    static constexpr std::size_t kMost = 16'384;
    static constexpr std::chrono::minutes kKept{2};

    std::deque<std::pair<base::Instant, TaskInstance>> order_;
    std::map<TaskInstance, base::Duration> slacks_;
};

}  // namespace frugal::core
