// SPDX-License-Identifier: Apache-2.0
#include "net/message_inbox.hpp"

#include <utility>

namespace frugal::net {

bool MessageInbox::put(std::string_view topic, base::ByteView payload) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= messages_max_ ||
        waiting_.bytes() + topic.size() + payload.size() > bytes_max_) {
        return false;
    }
    waiting_.append(topic, payload);
    return true;
}

bool MessageInbox::needs_wake() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || is_wake_pending_) {
        return false;
    }
    is_wake_pending_ = true;
    return true;
}

void MessageInbox::take(MessageBatch& batch) {
    batch.clear();
    const std::lock_guard lock(mutex_);
    std::swap(batch, waiting_);
    is_wake_pending_ = false;
}

}  // namespace frugal::net
