// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace frugal::swarm::mqtt {
namespace {

struct ReasonWords {
    std::uint8_t reason;
    std::string_view words;
};

constexpr std::array kReasons = {
    ReasonWords{0x00, "success"},
    ReasonWords{0x05, "not authorized (3.1.1)"},
    ReasonWords{0x10, "no matching subscribers"},
    ReasonWords{0x81, "malformed packet"},
    ReasonWords{0x82, "protocol error"},
    ReasonWords{0x84, "unsupported protocol version"},
    ReasonWords{0x85, "client identifier not valid"},
    ReasonWords{0x87, "not authorized"},
    ReasonWords{0x88, "server unavailable"},
    ReasonWords{0x8b, "server shutting down"},
    ReasonWords{0x8d, "keep alive timeout"},
    ReasonWords{0x8e, "session taken over"},
    ReasonWords{0x95, "packet too large"},
    ReasonWords{0x97, "quota exceeded"},
    ReasonWords{0x98, "administrative action"},
    ReasonWords{0x9a, "retain not supported"},
};

}  // namespace

std::string reason_text(std::uint8_t reason) {
    const auto found = std::find_if(kReasons.begin(), kReasons.end(),
                                    [reason](const auto& entry) { return entry.reason == reason; });
    return found == kReasons.end() ? fmt::format("reason {:#04x}", reason)
                                   : std::string(found->words);
}

}  // namespace frugal::swarm::mqtt
