// SPDX-License-Identifier: Apache-2.0
// Where the characters of a text end. Pure function, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace frugal::base {

/// Bytes of the character that a text which is not empty begins with; 0 if it is none of
/// well-formed UTF-8 (RFC 3629, section 4).
std::size_t utf8_character_bytes(std::string_view text);

}  // namespace frugal::base
