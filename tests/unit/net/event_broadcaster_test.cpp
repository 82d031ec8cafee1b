// SPDX-License-Identifier: Apache-2.0
#include "net/event_broadcaster.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

wire::EventStreamRequest since(std::uint64_t id) {
    wire::EventStreamRequest request;
    request.last_event_id = id;
    return request;
}

TEST(EventBroadcaster, numbers_events_and_sends_them_to_all) {
    EventBroadcaster broadcaster;
    const auto one = broadcaster.subscribe({});
    const auto two = broadcaster.subscribe({});
    broadcaster.publish("fleet", "{\"a\":1}");
    EXPECT_EQ(one->take(), "id: 1\nevent: fleet\ndata: {\"a\":1}\n\n");
    EXPECT_EQ(one->take(), "");
    broadcaster.publish("fleet", "{}");
    EXPECT_EQ(two->take(),
              "id: 1\nevent: fleet\ndata: {\"a\":1}\n\nid: 2\nevent: fleet\ndata: {}\n\n");
}

TEST(EventBroadcaster, sends_only_the_types_asked_for) {
    EventBroadcaster broadcaster;
    wire::EventStreamRequest request;
    request.types = {"rollout"};
    const auto subscription = broadcaster.subscribe(request);
    broadcaster.publish("fleet", "{}");
    EXPECT_FALSE(subscription->has_pending());
    broadcaster.publish("rollout", "{}");
    EXPECT_EQ(subscription->take(), "id: 2\nevent: rollout\ndata: {}\n\n");
}

TEST(EventBroadcaster, repeats_what_a_returning_client_missed) {
    EventBroadcaster broadcaster;
    for (int i = 1; i <= 5; ++i) {
        broadcaster.publish("t", std::to_string(i));
    }
    EXPECT_EQ(broadcaster.subscribe(since(3))->take(),
              "id: 4\nevent: t\ndata: 4\n\nid: 5\nevent: t\ndata: 5\n\n");
    EXPECT_EQ(broadcaster.subscribe(since(5))->take(), "");
    EXPECT_EQ(broadcaster.subscribe({})->take(), "");
}

TEST(EventBroadcaster, says_reset_when_it_no_longer_knows_what_was_missed) {
    EventBroadcaster broadcaster({.remembered_events = 2});
    for (int i = 1; i <= 5; ++i) {
        broadcaster.publish("t", "{}");
    }
    EXPECT_TRUE(broadcaster.subscribe(since(1))->take().starts_with("event: reset\n"));
    EXPECT_TRUE(broadcaster.subscribe(since(999))->take().starts_with("event: reset\n"));
}

TEST(EventBroadcaster, drops_who_does_not_keep_up_and_nobody_else) {
    EventBroadcaster broadcaster({.queue_bytes = 100});
    const auto slow = broadcaster.subscribe({});
    const auto fast = broadcaster.subscribe({});
    int calls = 0;
    slow->on_ready = [&calls] { ++calls; };
    for (int i = 0; i < 10; ++i) {
        broadcaster.publish("t", "{\"some\":\"data\"}");
        fast->take();
    }
    EXPECT_TRUE(slow->is_dropped());
    EXPECT_EQ(calls, 2);  // something waits; dropped
    EXPECT_FALSE(fast->is_dropped());
    EXPECT_EQ(broadcaster.subscriber_count(), 1u);
}

TEST(EventBroadcaster, has_a_limited_number_of_subscribers_and_forgets_the_gone) {
    EventBroadcaster broadcaster({.subscribers = 2});
    auto one = broadcaster.subscribe({});
    const auto two = broadcaster.subscribe({});
    EXPECT_FALSE(broadcaster.subscribe({}));
    one.reset();
    EXPECT_TRUE(broadcaster.subscribe({}));
}

TEST(EventBroadcaster, drops_everybody_at_the_end) {
    EventBroadcaster broadcaster;
    const auto subscription = broadcaster.subscribe({});
    broadcaster.close();
    EXPECT_TRUE(subscription->is_dropped());
}

}  // namespace
}  // namespace frugal::net
