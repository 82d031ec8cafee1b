// SPDX-License-Identifier: Apache-2.0
// Messages that arrived together, in two flat buffers that keep their capacity: handing tens of
// thousands a second from one thread to another costs no allocation. Owned by one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::net {

class MessageBatch {
public:
    struct Message {
        std::string_view topic;
        base::ByteView payload;
    };

    void append(std::string_view topic, base::ByteView payload);
    void clear();

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    std::size_t bytes() const { return content_.size(); }

    /// Views into the batch: valid until the next append() or clear().
    Message operator[](std::size_t index) const;

private:
    struct Entry {
        std::uint32_t offset;
        std::uint32_t topic_size;
        std::uint32_t payload_size;
    };
    std::vector<Entry> entries_;
    base::Bytes content_;
};

}  // namespace frugal::net
