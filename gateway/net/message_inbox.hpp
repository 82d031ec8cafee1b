// SPDX-License-Identifier: Apache-2.0
// Where the MQTT thread leaves messages and the loop takes all of them in one go. Shared by those
// two threads; the mutex is held for one copy or one swap. Bounded: what does not fit is refused.
#pragma once

#include <cstddef>
#include <mutex>

#include "net/message_batch.hpp"

namespace frugal::net {

class MessageInbox {
public:
    MessageInbox(std::size_t messages_max, std::size_t bytes_max)
        : messages_max_(messages_max), bytes_max_(bytes_max) {}

    /// MQTT thread. False if the inbox is full: the message is gone, its sender repeats it.
    bool put(std::string_view topic, base::ByteView payload);

    /// MQTT thread, after a burst. True if the loop must be woken: something waits and nobody
    /// was asked to take it yet.
    bool needs_wake();

    /// Loop thread. Swaps what waits into the batch, whose former content is lost.
    void take(MessageBatch& batch);

private:
    const std::size_t messages_max_;
    const std::size_t bytes_max_;
    std::mutex mutex_;
    MessageBatch waiting_;
    bool is_wake_pending_ = false;
};

}  // namespace frugal::net
