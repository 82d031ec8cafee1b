// SPDX-License-Identifier: Apache-2.0
// Protobuf base-128 numbers as the ingest bench needs them. Pure functions, any thread. Reading is
// for bytes of our own processes: a truncated number ends as 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal::bench {

inline void append_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
    for (; value > 127; value >>= 7) {
        out.push_back(static_cast<std::uint8_t>(value | 128));
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

inline std::uint64_t read_varint(std::span<const std::uint8_t> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
        value |= static_cast<std::uint64_t>(bytes[i] & 127) << (7 * i);
        if (bytes[i] < 128) {
            return value;
        }
    }
    return 0;
}

inline void append_fixed64(std::vector<std::uint8_t>& out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

inline std::uint64_t read_fixed64(std::span<const std::uint8_t> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
        value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return value;
}

}  // namespace frugal::bench
