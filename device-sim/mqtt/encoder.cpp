// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/encoder.hpp"

namespace frugal::swarm::mqtt {
namespace {

constexpr std::uint8_t kConnect = 0x10;
constexpr std::uint8_t kPublish = 0x30;
constexpr std::uint8_t kPuback = 0x40;
constexpr std::uint8_t kSubscribe = 0x82;
constexpr std::uint8_t kUnsubscribe = 0xa2;
constexpr std::uint8_t kPingreq = 0xc0;
constexpr std::uint8_t kDisconnect = 0xe0;
constexpr std::uint8_t kCleanStart = 0x02;
constexpr std::uint8_t kHasWill = 0x04;
constexpr std::uint8_t kPropertyTopicAlias = 0x23;
constexpr std::uint8_t kPropertyMaximumPacketSize = 0x27;
constexpr std::uint8_t kNoLocal = 0x04;

void put_u16(std::uint16_t value, Bytes& out) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_u32(std::uint32_t value, Bytes& out) {
    put_u16(static_cast<std::uint16_t>(value >> 16), out);
    put_u16(static_cast<std::uint16_t>(value), out);
}

void put_varint(std::size_t value, Bytes& out) {
    do {
        const auto low = static_cast<std::uint8_t>(value % 128);
        value /= 128;
        out.push_back(value > 0 ? low | 0x80 : low);
    } while (value > 0);
}

void put_bytes(ByteView bytes, Bytes& out) {
    put_u16(static_cast<std::uint16_t>(bytes.size()), out);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_packet(std::uint8_t first, const Bytes& body, Bytes& out) {
    out.push_back(first);
    put_varint(body.size(), out);
    out.insert(out.end(), body.begin(), body.end());
}

Bytes connect_properties(const Connect& connect) {
    Bytes properties;
    if (connect.maximum_packet_size > 0) {
        properties.push_back(kPropertyMaximumPacketSize);
        put_u32(connect.maximum_packet_size, properties);
    }
    return properties;
}

}  // namespace

void encode_connect(const Connect& connect, Version version, Bytes& out) {
    Bytes body;
    put_bytes(as_bytes("MQTT"), body);
    body.push_back(static_cast<std::uint8_t>(version));
    body.push_back(connect.will ? kCleanStart | kHasWill : kCleanStart);
    put_u16(connect.keep_alive_s, body);
    if (version == Version::k5) {
        const Bytes properties = connect_properties(connect);
        put_varint(properties.size(), body);
        body.insert(body.end(), properties.begin(), properties.end());
    }
    put_bytes(as_bytes(connect.client_id), body);
    if (connect.will) {
        if (version == Version::k5) {
            put_varint(0, body);
        }
        put_bytes(as_bytes(connect.will->topic), body);
        put_bytes(connect.will->payload, body);
    }
    put_packet(kConnect, body, out);
}

void encode_subscribe(std::uint16_t packet_id, std::span<const std::string> filters, Qos qos,
                      Version version, Bytes& out) {
    Bytes body;
    put_u16(packet_id, body);
    if (version == Version::k5) {
        put_varint(0, body);
    }
    for (const std::string& filter : filters) {
        put_bytes(as_bytes(filter), body);
        const auto level = static_cast<std::uint8_t>(qos);
        body.push_back(version == Version::k5 ? level | kNoLocal : level);
    }
    put_packet(kSubscribe, body, out);
}

void encode_unsubscribe(std::uint16_t packet_id, const std::string& filter, Version version,
                        Bytes& out) {
    Bytes body;
    put_u16(packet_id, body);
    if (version == Version::k5) {
        put_varint(0, body);
    }
    put_bytes(as_bytes(filter), body);
    put_packet(kUnsubscribe, body, out);
}

void encode_publish(const Publish& publish, Version version, Bytes& out) {
    const bool has_alias = version == Version::k5 && publish.topic_alias != 0;
    const std::size_t properties = version == Version::k5 ? (has_alias ? 4 : 1) : 0;
    const std::size_t id_size = publish.qos == Qos::kAtLeastOnce ? 2 : 0;
    const auto flags = static_cast<std::uint8_t>((publish.is_duplicate ? 8 : 0) |
                                                 static_cast<std::uint8_t>(publish.qos) * 2);
    out.push_back(kPublish | flags);
    put_varint(2 + publish.topic.size() + id_size + properties + publish.payload.size(), out);
    put_bytes(as_bytes(publish.topic), out);
    if (id_size > 0) {
        put_u16(publish.packet_id, out);
    }
    if (version == Version::k5) {
        put_varint(properties - 1, out);
        if (has_alias) {
            out.push_back(kPropertyTopicAlias);
            put_u16(publish.topic_alias, out);
        }
    }
    out.insert(out.end(), publish.payload.begin(), publish.payload.end());
}

void encode_puback(std::uint16_t packet_id, Bytes& out) {
    Bytes body;
    put_u16(packet_id, body);
    put_packet(kPuback, body, out);
}

void encode_pingreq(Bytes& out) {
    put_packet(kPingreq, {}, out);
}

void encode_disconnect(Bytes& out) {
    put_packet(kDisconnect, {}, out);
}

}  // namespace frugal::swarm::mqtt
