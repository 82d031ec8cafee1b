// SPDX-License-Identifier: Apache-2.0
// The MQTT 5 properties a device cares about, read off a property list; the others are checked
// for their form and skipped. Pure, any thread.
#pragma once

#include <optional>

#include "device-sim/mqtt/byte_reader.hpp"

namespace frugal::swarm::mqtt {

struct Properties {
    std::optional<std::uint16_t> topic_alias_maximum;
    std::optional<std::uint16_t> receive_maximum;
    std::optional<std::uint16_t> server_keep_alive_s;
    std::optional<std::uint16_t> topic_alias;
};

/// Reads a property length and so many bytes of properties. The reader fails on an unknown
/// identifier, a value that ends early, or a value out of range.
std::optional<Properties> read_properties(ByteReader& reader);

}  // namespace frugal::swarm::mqtt
