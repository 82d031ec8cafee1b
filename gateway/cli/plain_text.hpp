// SPDX-License-Identifier: Apache-2.0
// Names out of files that nobody vouches for, made fit for a terminal and for JSON. Pure functions,
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace frugal::cli {

/// The text with U+FFFD for each byte that is no part of well-formed UTF-8 (RFC 3629, section 4).
std::string valid_utf8(std::string_view text);

/// valid_utf8() with '?' for each control character (C0, DEL and C1): moves no cursor, ends no
/// line.
std::string plain_text(std::string_view text);

/// plain_text() of at most so many characters; what is cut ends in "...".
std::string short_name(std::string_view text, std::size_t characters_max = 40);

}  // namespace frugal::cli
