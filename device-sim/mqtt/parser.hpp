// SPDX-License-Identifier: Apache-2.0
// Turns the byte stream of a broker into packets, incrementally. Owned by one client; one thread.
// It copies only what a read cut in half, never more than the declared packet limit, and hands out
// views that live until the handler returns. After an error it stays failed: close the connection.
#pragma once

#include <functional>

#include "device-sim/mqtt/packet.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm::mqtt {

class Parser {
public:
    using Handler = std::function<void(const Packet&)>;

    /// @param packet_limit longest packet accepted, fixed header included, bytes
    Parser(Version version, std::size_t packet_limit)
        : version_(version), packet_limit_(packet_limit) {}

    /// Hands every packet that is now whole to the handler, in order.
    Result<void> feed(ByteView bytes, const Handler& handler);

    /// Bytes of an unfinished packet held back.
    std::size_t held_bytes() const { return held_.size(); }

private:
    /// Parses from the front; what is left over is an unfinished packet.
    Result<ByteView> parse_front(ByteView bytes, const Handler& handler);

    Version version_;
    std::size_t packet_limit_;
    bool has_failed_ = false;
    Bytes held_;
};

/// One whole packet: its first byte and the body behind the length. Absent if it is malformed.
std::optional<Packet> parse_body(std::uint8_t first, ByteView body, Version version);

}  // namespace frugal::swarm::mqtt
