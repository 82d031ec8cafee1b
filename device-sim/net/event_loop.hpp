// SPDX-License-Identifier: Apache-2.0
// One epoll set, one timer wheel and a list of deferred actions: the swarm's only thread runs it.
// Watchers are found by descriptor and generation, so an event of a closed one reaches nobody.
// The only place of the swarm that reads the monotonic clock.
#pragma once

#include <functional>
#include <vector>

#include "device-sim/net/timer_wheel.hpp"
#include "device-sim/support/file.hpp"

namespace frugal::swarm {

class Watcher {
public:
    virtual ~Watcher() = default;
    /// @param events EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as epoll reports them
    virtual void on_ready(std::uint32_t events) = 0;
};

class EventLoop {
public:
    EventLoop();

    bool is_usable() const { return epoll_.is_open(); }
    TimerWheel& timers() { return timers_; }
    Milliseconds now() const { return timers_.now(); }

    void watch(int descriptor, std::uint32_t events, Watcher& watcher);
    void change(int descriptor, std::uint32_t events);
    void unwatch(int descriptor);

    /// Runs the action after the present batch of events: the place to destroy a watcher.
    void defer(std::function<void()> action) { deferred_.push_back(std::move(action)); }

    /// Waits for events or timers, at most `longest`, and handles them.
    void run_once(Milliseconds longest);

private:
    struct Entry {
        Watcher* watcher = nullptr;
        std::uint32_t generation = 0;
    };

    void control(int operation, int descriptor, std::uint32_t events);
    void run_deferred();

    FileDescriptor epoll_;
    std::chrono::steady_clock::time_point start_;
    TimerWheel timers_;
    std::vector<Entry> entries_;
    std::vector<std::function<void()>> deferred_;
};

}  // namespace frugal::swarm
