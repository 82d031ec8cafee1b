// SPDX-License-Identifier: Apache-2.0
// Lower-case hexadecimal text of bytes, and back. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace frugal::base {

std::string to_hex(ByteView bytes);

/// Absent if the text has an odd length or anything but [0-9a-fA-F].
std::optional<Bytes> from_hex(std::string_view text);

/// Absent unless the text is exactly 64 hexadecimal digits.
std::optional<Digest> digest_from_hex(std::string_view text);

}  // namespace frugal::base
