// SPDX-License-Identifier: Apache-2.0
#include "base/release_name.hpp"

#include <charconv>

namespace frugal::base {

std::optional<ReleaseName> ReleaseName::parse(std::string_view text) {
    const auto at = text.find('@');
    const auto model = ModelName::parse(text.substr(0, at));
    if (!model || at == std::string_view::npos || text.substr(at + 1).starts_with('0')) {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + at + 1, end, number);
    const bool is_number =
        parsed.ec == std::errc() && parsed.ptr == end && number >= 1 && number <= INT32_MAX;
    return is_number ? std::optional(ReleaseName{*model, number}) : std::nullopt;
}

}  // namespace frugal::base
