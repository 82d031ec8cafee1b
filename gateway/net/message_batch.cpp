// SPDX-License-Identifier: Apache-2.0
#include "net/message_batch.hpp"

#include "base/assert.hpp"

namespace frugal::net {

void MessageBatch::append(std::string_view topic, base::ByteView payload) {
    FRUGAL_ASSERT(content_.size() + topic.size() + payload.size() <= UINT32_MAX);
    entries_.push_back({static_cast<std::uint32_t>(content_.size()),
                        static_cast<std::uint32_t>(topic.size()),
                        static_cast<std::uint32_t>(payload.size())});
    const base::ByteView topic_bytes = base::as_bytes(topic);
    content_.insert(content_.end(), topic_bytes.begin(), topic_bytes.end());
    content_.insert(content_.end(), payload.begin(), payload.end());
}

void MessageBatch::clear() {
    entries_.clear();
    content_.clear();
}

MessageBatch::Message MessageBatch::operator[](std::size_t index) const {
    FRUGAL_ASSERT(index < entries_.size());
    const Entry& entry = entries_[index];
    const base::ByteView all(content_);
    return {base::as_text(all.subspan(entry.offset, entry.topic_size)),
            all.subspan(entry.offset + entry.topic_size, entry.payload_size)};
}

}  // namespace frugal::net
