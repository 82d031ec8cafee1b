// SPDX-License-Identifier: Apache-2.0
#include "net/message_inbox.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

TEST(MessageInbox, hands_over_in_order_and_in_one_go) {
    MessageInbox inbox(10, 1000);
    ASSERT_TRUE(inbox.put("a/b", base::as_bytes("one")));
    ASSERT_TRUE(inbox.put("c", {}));
    MessageBatch batch;
    inbox.take(batch);
    ASSERT_EQ(batch.size(), 2u);
    EXPECT_EQ(batch[0].topic, "a/b");
    EXPECT_EQ(base::as_text(batch[0].payload), "one");
    EXPECT_EQ(batch[1].topic, "c");
    EXPECT_TRUE(batch[1].payload.empty());
    inbox.take(batch);
    EXPECT_TRUE(batch.empty());
}

TEST(MessageInbox, refuses_what_is_beyond_either_limit_and_recovers) {
    MessageInbox few(2, 1000);
    EXPECT_TRUE(few.put("t", base::as_bytes("1")));
    EXPECT_TRUE(few.put("t", base::as_bytes("2")));
    EXPECT_FALSE(few.put("t", base::as_bytes("3")));
    MessageBatch batch;
    few.take(batch);
    EXPECT_EQ(batch.size(), 2u);
    EXPECT_TRUE(few.put("t", base::as_bytes("3")));

    MessageInbox small(100, 10);
    EXPECT_TRUE(small.put("t", base::Bytes(9)));
    EXPECT_FALSE(small.put("t", {}));
}

TEST(MessageInbox, asks_for_the_loop_once_until_it_was_there) {
    MessageInbox inbox(10, 1000);
    EXPECT_FALSE(inbox.needs_wake());
    ASSERT_TRUE(inbox.put("t", {}));
    EXPECT_TRUE(inbox.needs_wake());
    ASSERT_TRUE(inbox.put("t", {}));
    EXPECT_FALSE(inbox.needs_wake());
    MessageBatch batch;
    inbox.take(batch);
    EXPECT_FALSE(inbox.needs_wake());
    ASSERT_TRUE(inbox.put("t", {}));
    EXPECT_TRUE(inbox.needs_wake());
}

}  // namespace
}  // namespace frugal::net
