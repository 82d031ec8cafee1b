// SPDX-License-Identifier: Apache-2.0
// Hexadecimal and Base64 (RFC 4648) to and from text. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm {

std::string to_hex(ByteView bytes);

/// Absent for an odd length or a character that is no hexadecimal digit.
std::optional<Bytes> from_hex(std::string_view text);

/// With padding and without line breaks.
std::string to_base64(ByteView bytes);

/// Skips line breaks and spaces; absent for anything else that is not Base64.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace frugal::swarm
