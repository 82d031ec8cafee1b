// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/event_loop.hpp"

#include <sys/epoll.h>

#include <array>
#include <utility>

namespace frugal::swarm {

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), start_(std::chrono::steady_clock::now()) {}

void EventLoop::control(int operation, int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = static_cast<std::uint64_t>(entries_[descriptor].generation) << 32 |
                     static_cast<std::uint32_t>(descriptor);
    ::epoll_ctl(epoll_.get(), operation, descriptor, &event);
}

void EventLoop::watch(int descriptor, std::uint32_t events, Watcher& watcher) {
    const auto index = static_cast<std::size_t>(descriptor);
    if (entries_.size() <= index) {
        entries_.resize(index + 1);
    }
    entries_[index].watcher = &watcher;
    ++entries_[index].generation;
    control(EPOLL_CTL_ADD, descriptor, events);
}

void EventLoop::change(int descriptor, std::uint32_t events) {
    control(EPOLL_CTL_MOD, descriptor, events);
}

void EventLoop::unwatch(int descriptor) {
    control(EPOLL_CTL_DEL, descriptor, 0);
    entries_[static_cast<std::size_t>(descriptor)].watcher = nullptr;
    ++entries_[static_cast<std::size_t>(descriptor)].generation;
}

void EventLoop::run_once(Milliseconds longest) {
    const Milliseconds wait = deferred_.empty() ? timers_.wait(longest) : Milliseconds{0};
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(wait.count()));
    timers_.advance_to(
        std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start_));
    for (int i = 0; i < count; ++i) {
        const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
        const Entry entry = entries_[static_cast<std::uint32_t>(data)];
        if (entry.watcher != nullptr && entry.generation == data >> 32) {
            entry.watcher->on_ready(events[static_cast<std::size_t>(i)].events);
        }
    }
    run_deferred();
}

void EventLoop::run_deferred() {
    while (!deferred_.empty()) {
        for (auto& action : std::exchange(deferred_, {})) {
            action();
        }
    }
}

}  // namespace frugal::swarm
