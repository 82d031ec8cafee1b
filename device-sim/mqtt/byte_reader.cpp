// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/byte_reader.hpp"

namespace frugal::swarm::mqtt {

ByteView ByteReader::take(std::size_t count) {
    if (has_failed_ || count > bytes_.size()) {
        has_failed_ = true;
        return {};
    }
    const ByteView taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
}

std::uint8_t ByteReader::u8() {
    const ByteView taken = take(1);
    return has_failed_ ? 0 : taken[0];
}

std::uint16_t ByteReader::u16() {
    const ByteView taken = take(2);
    return has_failed_ ? std::uint16_t{0} : static_cast<std::uint16_t>(taken[0] << 8 | taken[1]);
}

std::uint32_t ByteReader::varint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
        const std::uint8_t byte = u8();
        value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            has_failed_ = has_failed_ || (byte == 0 && shift > 0);
            return value;
        }
    }
    has_failed_ = true;
    return 0;
}

ByteView ByteReader::sized() {
    const std::uint16_t size = u16();
    return take(size);
}

}  // namespace frugal::swarm::mqtt
