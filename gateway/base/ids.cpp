// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <algorithm>

namespace frugal::base {

bool is_valid_id(std::string_view text) {
    if (text.empty() || text.size() > 64) {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

}  // namespace frugal::base
