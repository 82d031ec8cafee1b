// SPDX-License-Identifier: Apache-2.0
// Which known word a misspelt one was meant to be, for errors that ask "Did you mean". Pure
// function, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace frugal::base {

/// The known word that the fewest edits (letters added, removed or changed) make of `word`; absent
/// if each takes more than `edits_max`. O(letters of the word x letters of all known words).
std::optional<std::string_view> nearest_word(std::string_view word,
                                             std::span<const std::string_view> known,
                                             std::size_t edits_max);

}  // namespace frugal::base
