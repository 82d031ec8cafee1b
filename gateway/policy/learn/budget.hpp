// SPDX-License-Identifier: Apache-2.0
// A group's budget as a price: drift plus penalty (Neely 2010). A virtual queue grows while the
// group escalates more than its share; its length over V is added to the price devices pay. Plain
// value, one thread. Keeps a long-run share; the hard cap is the device's own token bucket.
#pragma once

#include <algorithm>

namespace frugal::policy {

class BudgetPrice {
public:
    static constexpr double kPatience = 64;  ///< V: how much an error weighs against the queue
    static constexpr double kQueueMax = 4 * kPatience;

    /// share: escalations a task the group may make, 0..1.
    explicit BudgetPrice(double share) : share_(share) {}

    void add(double escalated, double tasks) {
        queue_ = std::clamp(queue_ + escalated - share_ * tasks, 0.0, kQueueMax);
    }

    /// In wrong answers, on top of the task's own cost.
    double price() const { return queue_ / kPatience; }

private:
    double share_;
    double queue_ = 0;
};

}  // namespace frugal::policy
