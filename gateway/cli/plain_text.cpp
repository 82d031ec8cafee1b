// SPDX-License-Identifier: Apache-2.0
#include "cli/plain_text.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace frugal::cli {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_control(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character[0]);
    return lead < 0x20 || lead == 0x7F ||
           (lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0);
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
        const auto size = base::utf8_character_bytes(text);
        valid += size == 0 ? kReplacement : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return valid;
}

std::string plain_text(std::string_view text) {
    const auto valid = valid_utf8(text);
    std::string plain;
    for (std::string_view rest = valid; !rest.empty();) {
        const auto character = rest.substr(0, base::utf8_character_bytes(rest));
        plain += is_control(character) ? "?" : character;
        rest.remove_prefix(character.size());
    }
    return plain;
}

std::string short_name(std::string_view text, std::size_t characters_max) {
    constexpr std::string_view kCut = "...";
    const auto plain = plain_text(text);
    std::size_t characters = 0;
    std::size_t kept = 0;
    for (std::string_view rest = plain; !rest.empty(); ++characters) {
        rest.remove_prefix(base::utf8_character_bytes(rest));
        if (characters + 1 + kCut.size() == characters_max) {
            kept = plain.size() - rest.size();
        }
    }
    return characters <= characters_max ? plain : plain.substr(0, kept) + std::string(kCut);
}

}  // namespace frugal::cli
