// SPDX-License-Identifier: Apache-2.0
// Reads big-endian fields off a view; the first read past the end makes it fail for good, so a
// parser may read a whole structure and ask once. Plain value, one thread. It never copies.
#pragma once

#include <string_view>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm::mqtt {

class ByteReader {
public:
    explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

    bool has_failed() const { return has_failed_; }
    std::size_t left() const { return bytes_.size(); }

    ByteView take(std::size_t count);
    std::uint8_t u8();
    std::uint16_t u16();
    /// A variable byte integer of at most four bytes; the shortest form is required.
    std::uint32_t varint();
    /// A field of a 16-bit length and so many bytes.
    ByteView sized();
    ByteView rest() { return take(left()); }

private:
    ByteView bytes_;
    bool has_failed_ = false;
};

}  // namespace frugal::swarm::mqtt
