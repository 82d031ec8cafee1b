// SPDX-License-Identifier: Apache-2.0
// Appends the packets of an MQTT client to a byte buffer. Pure functions, any thread.
// Callers keep strings below 65,536 bytes and packets below 256 MiB; the encoder asserts nothing.
#pragma once

#include <span>

#include "device-sim/mqtt/packet.hpp"

namespace frugal::swarm::mqtt {

/// A clean session without expiry: nothing we promise depends on the broker's memory.
void encode_connect(const Connect& connect, Version version, Bytes& out);

/// Subscribes with no local echo at the given QoS.
void encode_subscribe(std::uint16_t packet_id, std::span<const std::string> filters, Qos qos,
                      Version version, Bytes& out);

void encode_unsubscribe(std::uint16_t packet_id, const std::string& filter, Version version,
                        Bytes& out);

void encode_publish(const Publish& publish, Version version, Bytes& out);

/// A successful acknowledgement of a QoS 1 publish.
void encode_puback(std::uint16_t packet_id, Bytes& out);

void encode_pingreq(Bytes& out);

/// Orderly: the broker discards the will.
void encode_disconnect(Bytes& out);

}  // namespace frugal::swarm::mqtt
