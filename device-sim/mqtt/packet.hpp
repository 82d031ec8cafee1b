// SPDX-License-Identifier: Apache-2.0
// The MQTT packets a device exchanges with its broker, as plain values (OASIS MQTT 5.0 and 3.1.1).
// Views point into the buffer they were parsed from and die with the call that handed them out.
// QoS 2 and AUTH are left out: the device protocol never uses them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm::mqtt {

enum class Version : std::uint8_t { k311 = 4, k5 = 5 };
enum class Qos : std::uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1 };

struct Will {
    std::string topic;
    Bytes payload;
};

struct Connect {
    std::string client_id;
    std::uint16_t keep_alive_s = 60;
    std::uint32_t maximum_packet_size = 0;  ///< what the client accepts; 0 says nothing (5.0 only)
    std::optional<Will> will;
};

struct Connack {
    bool session_present = false;
    std::uint8_t reason = 0;  ///< 0 accepted; 5.0 reason code or 3.1.1 return code
    std::uint16_t topic_alias_maximum = 0;
    std::uint16_t receive_maximum = 65535;
    std::optional<std::uint16_t> server_keep_alive_s;
};

/// One publish, either way. A packet id is present exactly at QoS 1.
struct Publish {
    std::string_view topic;  ///< empty when only the alias names it
    ByteView payload;
    Qos qos = Qos::kAtMostOnce;
    bool is_duplicate = false;
    bool is_retained = false;
    std::uint16_t packet_id = 0;
    std::uint16_t topic_alias = 0;  ///< 0 for none (5.0 only)
};

struct Puback {
    std::uint16_t packet_id = 0;
    std::uint8_t reason = 0;  ///< 16 nobody subscribed, 135 not authorized (5.0 only)
};

struct Suback {
    std::uint16_t packet_id = 0;
    ByteView reasons;  ///< one per filter: below 128 granted
};

struct Unsuback {
    std::uint16_t packet_id = 0;
};

struct Pingresp {};

struct Disconnect {
    std::uint8_t reason = 0;
};

using Packet = std::variant<Connack, Publish, Puback, Suback, Unsuback, Pingresp, Disconnect>;

/// Words for the reason codes a device meets; "reason 0x.." for the rest.
std::string reason_text(std::uint8_t reason);

}  // namespace frugal::swarm::mqtt
