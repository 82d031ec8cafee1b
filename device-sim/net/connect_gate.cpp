// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/connect_gate.hpp"

#include <algorithm>
#include <utility>

namespace frugal::swarm {

ConnectGate::Ticket ConnectGate::enter(std::function<void()> action) {
    const Ticket ticket = ++last_;
    waiting_.push_back({ticket, std::move(action)});
    admit();
    return ticket;
}

void ConnectGate::leave(Ticket ticket) {
    if (inside_.erase(ticket) == 0) {
        std::erase_if(waiting_, [ticket](const Waiting& entry) { return entry.ticket == ticket; });
        return;
    }
    admit();
}

void ConnectGate::admit() {
    while (inside_.size() < limit_ && !waiting_.empty()) {
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        inside_.insert(next.ticket);
        next.action();
    }
}

}  // namespace frugal::swarm
