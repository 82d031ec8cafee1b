// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.hpp"

namespace frugal::base {

std::size_t utf8_character_bytes(std::string_view text) {
    const auto at = [text](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const unsigned lead = at(0);
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    // The second byte's range keeps out longer forms than needed, surrogates, and what is beyond
    // U+10FFFF.
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    bool is_whole = at(1) >= least && at(1) <= most;
    for (std::size_t i = 2; i < size; ++i) {
        is_whole = is_whole && at(i) >= 0x80 && at(i) <= 0xBF;
    }
    return is_whole ? size : 0;
}

}  // namespace frugal::base
