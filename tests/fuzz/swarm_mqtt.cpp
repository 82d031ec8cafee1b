// SPDX-License-Identifier: Apache-2.0
// The swarm's MQTT parser against any broker: no crash, bounded memory, and any cut of the same
// bytes gives the same packets.
#include <cstdlib>

#include "device-sim/mqtt/parser.hpp"

using frugal::swarm::ByteView;
using frugal::swarm::mqtt::Packet;
using frugal::swarm::mqtt::Parser;
using frugal::swarm::mqtt::Version;

namespace {

constexpr std::size_t kPacketLimit = 512;

/// How many packets come out, and whether the stream was accepted to the end.
std::pair<std::size_t, bool> parse(Version version, ByteView first, ByteView second) {
    Parser parser(version, kPacketLimit);
    std::size_t packets = 0;
    const auto count = [&packets](const Packet&) { ++packets; };
    const bool is_fine = parser.feed(first, count) && parser.feed(second, count);
    if (parser.held_bytes() > kPacketLimit) {
        std::abort();
    }
    return {packets, is_fine};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const Version version = (data[0] & 1) != 0 ? Version::k5 : Version::k311;
    const ByteView stream(data + 2, size - 2);
    const std::size_t cut = stream.empty() ? 0 : data[1] % (stream.size() + 1);
    if (parse(version, stream, {}) != parse(version, stream.first(cut), stream.subspan(cut))) {
        std::abort();
    }
    return 0;
}
