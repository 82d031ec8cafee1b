// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/properties.hpp"

namespace frugal::swarm::mqtt {
namespace {

enum class Form { kUnknown, kByte, kTwoBytes, kFourBytes, kVarint, kSized, kSizedPair };

constexpr std::uint32_t kServerKeepAlive = 0x13;
constexpr std::uint32_t kReceiveMaximum = 0x21;
constexpr std::uint32_t kTopicAliasMaximum = 0x22;
constexpr std::uint32_t kTopicAlias = 0x23;

/// OASIS MQTT 5.0, table 2-4.
Form form_of(std::uint32_t identifier) {
    switch (identifier) {
        case 0x01:
        case 0x17:
        case 0x19:
        case 0x24:
        case 0x25:
        case 0x28:
        case 0x29:
        case 0x2a:
            return Form::kByte;
        case kServerKeepAlive:
        case kReceiveMaximum:
        case kTopicAliasMaximum:
        case kTopicAlias:
            return Form::kTwoBytes;
        case 0x02:
        case 0x11:
        case 0x18:
        case 0x27:
            return Form::kFourBytes;
        case 0x0b:
            return Form::kVarint;
        case 0x03:
        case 0x08:
        case 0x09:
        case 0x12:
        case 0x15:
        case 0x16:
        case 0x1a:
        case 0x1c:
        case 0x1f:
            return Form::kSized;
        case 0x26:
            return Form::kSizedPair;
        default:
            return Form::kUnknown;
    }
}

void keep_two_bytes(std::uint32_t identifier, std::uint16_t value, Properties& properties) {
    if (identifier == kServerKeepAlive) {
        properties.server_keep_alive_s = value;
    } else if (identifier == kReceiveMaximum) {
        properties.receive_maximum = value;
    } else if (identifier == kTopicAliasMaximum) {
        properties.topic_alias_maximum = value;
    } else {
        properties.topic_alias = value;
    }
}

bool read_property(ByteReader& reader, Properties& properties) {
    const std::uint32_t identifier = reader.varint();
    switch (form_of(identifier)) {
        case Form::kByte:
            reader.take(1);
            break;
        case Form::kTwoBytes:
            keep_two_bytes(identifier, reader.u16(), properties);
            break;
        case Form::kFourBytes:
            reader.take(4);
            break;
        case Form::kVarint:
            reader.varint();
            break;
        case Form::kSizedPair:
            reader.sized();
            reader.sized();
            break;
        case Form::kSized:
            reader.sized();
            break;
        case Form::kUnknown:
            return false;
    }
    return !reader.has_failed();
}

}  // namespace

std::optional<Properties> read_properties(ByteReader& reader) {
    const std::uint32_t size = reader.varint();
    ByteReader list(reader.take(size));
    if (reader.has_failed()) {
        return std::nullopt;
    }
    Properties properties;
    while (list.left() > 0) {
        if (!read_property(list, properties)) {
            return std::nullopt;
        }
    }
    const bool has_bad_zero = properties.topic_alias == 0 || properties.receive_maximum == 0;
    return has_bad_zero ? std::nullopt : std::optional(properties);
}

}  // namespace frugal::swarm::mqtt
