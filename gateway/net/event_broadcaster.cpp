// SPDX-License-Identifier: Apache-2.0
#include "net/event_broadcaster.hpp"

#include <algorithm>

namespace frugal::net {

namespace {

std::string format(std::uint64_t id, std::string_view type, std::string_view data) {
    std::string text = "id: " + std::to_string(id) + "\nevent: ";
    text.append(type).append("\ndata: ").append(data).append("\n\n");
    return text;
}

}  // namespace

std::string EventSubscription::take() {
    std::string bytes;
    bytes.swap(pending_);
    return bytes;
}

EventBroadcaster::EventBroadcaster(EventLimits limits) : limits_(limits) {}

void EventBroadcaster::publish(std::string_view type, std::string_view data) {
    const std::uint64_t id = next_id_++;
    remembered_.push_back({id, std::string(type), format(id, type, data)});
    if (remembered_.size() > limits_.remembered_events) {
        remembered_.pop_front();
    }
    const auto subscribers = subscribers_;  // on_ready may end a subscription
    for (const auto& weak : subscribers) {
        if (const auto subscription = weak.lock()) {
            deliver(*subscription, type, remembered_.back().text);
        }
    }
}

std::shared_ptr<EventSubscription> EventBroadcaster::subscribe(
    const wire::EventStreamRequest& request) {
    if (subscriber_count() >= limits_.subscribers) {
        return nullptr;
    }
    auto subscription = std::make_shared<EventSubscription>();
    subscription->types_ = request.types;
    if (request.last_event_id) {
        const std::uint64_t oldest = remembered_.empty() ? next_id_ : remembered_.front().id;
        const std::uint64_t first = *request.last_event_id + 1;
        if (first < oldest || first > next_id_) {
            subscription->pending_ = "event: reset\ndata: {}\n\n";
        }
        for (const Remembered& event : remembered_) {
            if (event.id >= first) {
                deliver(*subscription, event.type, event.text);
            }
        }
    }
    subscribers_.push_back(subscription);
    return subscription;
}

void EventBroadcaster::close() {
    const auto subscribers = std::move(subscribers_);
    subscribers_.clear();
    for (const auto& weak : subscribers) {
        if (const auto subscription = weak.lock()) {
            subscription->is_dropped_ = true;
            if (subscription->on_ready) {
                subscription->on_ready();
            }
        }
    }
}

std::size_t EventBroadcaster::subscriber_count() {
    std::erase_if(subscribers_, [](const auto& weak) {
        const auto subscription = weak.lock();
        return !subscription || subscription->is_dropped_;
    });
    return subscribers_.size();
}

void EventBroadcaster::deliver(EventSubscription& subscription, std::string_view type,
                               std::string_view text) {
    const auto& types = subscription.types_;
    if (subscription.is_dropped_ ||
        (!types.empty() && std::find(types.begin(), types.end(), type) == types.end())) {
        return;
    }
    const bool was_empty = subscription.pending_.empty();
    if (subscription.pending_.size() + text.size() > limits_.queue_bytes) {
        subscription.is_dropped_ = true;
    } else {
        subscription.pending_.append(text);
    }
    if (subscription.on_ready && (was_empty || subscription.is_dropped_)) {
        subscription.on_ready();
    }
}

}  // namespace frugal::net
