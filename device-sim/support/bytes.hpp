// SPDX-License-Identifier: Apache-2.0
// Byte containers, views and time units of the swarm. Plain values, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace frugal::swarm {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A point or a span on the swarm's clock. Whoever owns the loop says what time it is.
using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace frugal::swarm
