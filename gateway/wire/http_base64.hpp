// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, section 4) as EST and HTTP Basic use it. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace frugal::wire {

/// Text with padding; a line break after every `line_length` characters if that is not 0.
std::string to_base64(base::ByteView bytes, std::size_t line_length = 0);

/// Absent unless the text is padded base64; line breaks, spaces and tabs are skipped.
std::optional<base::Bytes> from_base64(std::string_view text);

}  // namespace frugal::wire
