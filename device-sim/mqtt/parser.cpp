// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/parser.hpp"

#include <fmt/format.h>

#include "device-sim/mqtt/properties.hpp"

namespace frugal::swarm::mqtt {
namespace {

constexpr std::size_t kLengthBytesMax = 4;

struct Frame {
    std::size_t header_size = 0;  ///< first byte and length field
    std::size_t body_size = 0;
};

/// Absent while the length field is unfinished; nullopt inside for a length that never ends.
std::optional<std::optional<Frame>> read_frame(ByteView bytes) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < kLengthBytesMax; ++i) {
        if (1 + i >= bytes.size()) {
            return std::nullopt;
        }
        const std::uint8_t byte = bytes[1 + i];
        size |= static_cast<std::size_t>(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            return std::optional<Frame>(Frame{2 + i, size});
        }
    }
    return std::optional<Frame>(std::nullopt);
}

std::optional<Packet> parse_connack(ByteReader reader, Version version) {
    Connack connack;
    const std::uint8_t flags = reader.u8();
    connack.session_present = (flags & 1) != 0;
    connack.reason = reader.u8();
    if (version == Version::k5 && !reader.has_failed()) {
        const auto properties = read_properties(reader);
        if (!properties) {
            return std::nullopt;
        }
        connack.topic_alias_maximum = properties->topic_alias_maximum.value_or(0);
        connack.receive_maximum = properties->receive_maximum.value_or(65535);
        connack.server_keep_alive_s = properties->server_keep_alive_s;
    }
    const bool is_fine = !reader.has_failed() && reader.left() == 0 && flags <= 1;
    return is_fine ? std::optional<Packet>(connack) : std::nullopt;
}

std::optional<Packet> parse_publish(std::uint8_t first, ByteReader reader, Version version) {
    const unsigned qos = (first >> 1) & 3;
    if (qos > 1) {
        return std::nullopt;
    }
    Publish publish;
    publish.qos = static_cast<Qos>(qos);
    publish.is_duplicate = (first & 8) != 0;
    publish.is_retained = (first & 1) != 0;
    publish.topic = as_text(reader.sized());
    if (qos == 1) {
        publish.packet_id = reader.u16();
    }
    if (version == Version::k5 && !reader.has_failed()) {
        const auto properties = read_properties(reader);
        if (!properties) {
            return std::nullopt;
        }
        publish.topic_alias = properties->topic_alias.value_or(0);
    }
    if (reader.has_failed() || (qos == 1 && publish.packet_id == 0)) {
        return std::nullopt;
    }
    publish.payload = reader.rest();
    return publish;
}

/// PUBACK may leave its reason out, and its properties after the reason.
std::optional<Packet> parse_puback(ByteReader reader, Version version) {
    Puback puback;
    puback.packet_id = reader.u16();
    if (version == Version::k5 && reader.left() > 0) {
        puback.reason = reader.u8();
        if (reader.left() > 0 && !read_properties(reader)) {
            return std::nullopt;
        }
    }
    const bool is_fine = !reader.has_failed() && reader.left() == 0 && puback.packet_id != 0;
    return is_fine ? std::optional<Packet>(puback) : std::nullopt;
}

std::optional<Packet> parse_suback(ByteReader reader, Version version) {
    Suback suback;
    suback.packet_id = reader.u16();
    if (version == Version::k5 && !reader.has_failed() && !read_properties(reader)) {
        return std::nullopt;
    }
    suback.reasons = reader.rest();
    const bool is_fine = !reader.has_failed() && !suback.reasons.empty() && suback.packet_id != 0;
    return is_fine ? std::optional<Packet>(suback) : std::nullopt;
}

/// 3.1.1 says nothing but the id; 5.0 a reason for each filter, which nobody needs.
std::optional<Packet> parse_unsuback(ByteReader reader, Version version) {
    const Unsuback unsuback{reader.u16()};
    if (version == Version::k5 && !reader.has_failed() && !read_properties(reader)) {
        return std::nullopt;
    }
    const bool is_fine = !reader.has_failed() && unsuback.packet_id != 0 &&
                         (version == Version::k5 || reader.left() == 0);
    return is_fine ? std::optional<Packet>(unsuback) : std::nullopt;
}

std::optional<Packet> parse_disconnect(ByteReader reader, Version version) {
    Disconnect disconnect;
    if (version != Version::k5) {
        return std::nullopt;
    }
    if (reader.left() > 0) {
        disconnect.reason = reader.u8();
        if (reader.left() > 0 && !read_properties(reader)) {
            return std::nullopt;
        }
    }
    return reader.left() == 0 ? std::optional<Packet>(disconnect) : std::nullopt;
}

}  // namespace

std::optional<Packet> parse_body(std::uint8_t first, ByteView body, Version version) {
    const ByteReader reader(body);
    if ((first & 0xf0) == 0x30) {
        return parse_publish(first, reader, version);
    }
    switch (first) {
        case 0x20:
            return parse_connack(reader, version);
        case 0x40:
            return parse_puback(reader, version);
        case 0x90:
            return parse_suback(reader, version);
        case 0xb0:
            return parse_unsuback(reader, version);
        case 0xd0:
            return body.empty() ? std::optional<Packet>(Pingresp{}) : std::nullopt;
        case 0xe0:
            return parse_disconnect(reader, version);
        default:
            return std::nullopt;
    }
}

Result<void> Parser::feed(ByteView bytes, const Handler& handler) {
    if (has_failed_) {
        return fail("the MQTT stream failed before");
    }
    Bytes joined;
    if (!held_.empty()) {
        joined.swap(held_);
        joined.insert(joined.end(), bytes.begin(), bytes.end());
        bytes = joined;
    }
    const auto left = parse_front(bytes, handler);
    if (!left) {
        has_failed_ = true;
        return tl::unexpected<Error>(left.error());
    }
    held_.assign(left->begin(), left->end());
    return {};
}

Result<ByteView> Parser::parse_front(ByteView bytes, const Handler& handler) {
    while (bytes.size() >= 2) {
        const auto frame = read_frame(bytes);
        if (!frame) {
            break;
        }
        if (!*frame) {
            return fail("the broker sent a packet whose length field never ends");
        }
        const std::size_t size = (*frame)->header_size + (*frame)->body_size;
        if (size > packet_limit_) {
            return fail(fmt::format("the broker announced a packet of {} bytes", size),
                        fmt::format("the limit is {}", packet_limit_));
        }
        if (size > bytes.size()) {
            break;
        }
        const auto packet = parse_body(
            bytes[0], bytes.subspan((*frame)->header_size, (*frame)->body_size), version_);
        if (!packet) {
            return fail(
                fmt::format("the broker sent a malformed packet, first byte {:#04x}", bytes[0]));
        }
        handler(*packet);
        bytes = bytes.subspan(size);
    }
    return bytes;
}

}  // namespace frugal::swarm::mqtt
