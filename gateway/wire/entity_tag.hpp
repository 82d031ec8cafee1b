// SPDX-License-Identifier: Apache-2.0
// Entity tags of numbered things, as in ETag and If-Match (RFC 9110): who changes something says
// which one it has seen, and is refused if another took its place. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace frugal::wire {

/// "7" in double quotes.
std::string entity_tag(std::uint64_t number);

/// What the header If-Match names. Tags that are no number of ours match nothing, weak ones too.
struct IfMatch {
    bool is_any = false;  ///< *
    std::vector<std::uint64_t> numbers{};
};
/// kInvalidInput for what is no list of tags.
base::Result<IfMatch> read_if_match(std::string_view value);

}  // namespace frugal::wire
