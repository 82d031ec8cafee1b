// SPDX-License-Identifier: Apache-2.0
// Bounds the TLS handshakes in flight: a broker's listen backlog is 100 and its one thread serves a
// few hundred handshakes a second. Owned by the fleet, loop thread. First come, first served.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_set>

namespace frugal::swarm {

class ConnectGate {
public:
    using Ticket = std::uint64_t;  ///< 0 is none

    explicit ConnectGate(std::size_t limit) : limit_(limit) {}

    /// Runs the action when a place is free, perhaps at once; the ticket holds the place from then
    /// on. Give it back with leave(), also if the action never ran.
    Ticket enter(std::function<void()> action);
    void leave(Ticket ticket);

    std::size_t in_flight() const { return inside_.size(); }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting {
        Ticket ticket;
        std::function<void()> action;
    };
    void admit();

    std::size_t limit_;
    Ticket last_ = 0;
    std::deque<Waiting> waiting_;
    std::unordered_set<Ticket> inside_;
};

}  // namespace frugal::swarm
