// SPDX-License-Identifier: Apache-2.0
// Server-Sent Events without a socket: numbers what is published, remembers the latest for those
// who reconnect with Last-Event-ID, and keeps one bounded queue per subscriber. Owned by the HTTP
// server, loop thread only. A subscriber that does not keep up is dropped, never waited for.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http_message.hpp"

namespace frugal::net {

struct EventLimits {
    std::size_t remembered_events = 256;
    std::size_t queue_bytes = 256 * 1024;  ///< per subscriber
    std::size_t subscribers = 32;
};

/// One client's place in the stream.
class EventSubscription {
public:
    /// The bytes to send now ("id:.. event:.. data:.."), and an empty queue.
    std::string take();
    bool has_pending() const { return !pending_.empty(); }
    bool is_dropped() const { return is_dropped_; }

    /// Called when bytes wait or the subscription was dropped; at most once until take().
    std::function<void()> on_ready;

private:
    friend class EventBroadcaster;
    std::vector<std::string> types_;
    std::string pending_;
    bool is_dropped_ = false;
};

class EventBroadcaster {
public:
    explicit EventBroadcaster(EventLimits limits = {});

    /// Sends to everyone whose filter has the type. `data` is one line of JSON.
    void publish(std::string_view type, std::string_view data);

    /// Null if there are too many subscribers. Starts with what was missed since last_event_id, or
    /// with the event "reset" if that is no longer known.
    std::shared_ptr<EventSubscription> subscribe(const wire::EventStreamRequest& request);

    /// Drops everybody, e.g. at shutdown.
    void close();

    std::size_t subscriber_count();

private:
    struct Remembered {
        std::uint64_t id;
        std::string type;
        std::string text;
    };
    void deliver(EventSubscription& subscription, std::string_view type, std::string_view text);

    EventLimits limits_;
    std::uint64_t next_id_ = 1;
    std::deque<Remembered> remembered_;
    std::vector<std::weak_ptr<EventSubscription>> subscribers_;
};

}  // namespace frugal::net
