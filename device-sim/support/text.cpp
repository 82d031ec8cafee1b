// SPDX-License-Identifier: Apache-2.0
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char digit) {
    const bool is_upper = digit >= 'A' && digit <= 'F';
    const auto position = kHexDigits.find(is_upper ? static_cast<char>(digit | 0x20) : digit);
    return position == std::string_view::npos ? -1 : static_cast<int>(position);
}

bool is_blank(char character) {
    return character == '\n' || character == '\r' || character == ' ' || character == '\t';
}

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += kHexDigits[byte >> 4];
        text += kHexDigits[byte & 15];
    }
    return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

std::string to_base64(ByteView bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16;
        word |= left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0;
        word |= left > 2 ? bytes[i + 2] : 0;
        text += kBase64Digits[word >> 18];
        text += kBase64Digits[(word >> 12) & 63];
        text += left > 1 ? kBase64Digits[(word >> 6) & 63] : '=';
        text += left > 2 ? kBase64Digits[word & 63] : '=';
    }
    return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
    Bytes bytes;
    std::uint32_t word = 0;
    int bits = 0;
    std::size_t padding = 0;
    std::size_t digits = 0;
    for (const char character : text) {
        if (is_blank(character)) {
            continue;
        }
        if (character == '=') {
            ++padding;
            continue;
        }
        const auto value = kBase64Digits.find(character);
        if (value == std::string_view::npos || padding > 0) {
            return std::nullopt;
        }
        ++digits;
        word = (word << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(word >> bits));
        }
    }
    const bool is_whole = padding <= 2 && (digits + padding) % 4 == 0;
    return is_whole ? std::optional<Bytes>(std::move(bytes)) : std::nullopt;
}

}  // namespace frugal::swarm
