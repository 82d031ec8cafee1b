// SPDX-License-Identifier: Apache-2.0
#include "wire/http_base64.hpp"

#include <algorithm>

namespace frugal::wire {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string encode(base::ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < count ? bytes[i + k] : 0u);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63u] : '=';
        }
    }
    return text;
}

}  // namespace

std::string to_base64(base::ByteView bytes, std::size_t line_length) {
    std::string text = encode(bytes);
    if (line_length == 0) {
        return text;
    }
    std::string lines;
    for (std::size_t i = 0; i < text.size(); i += line_length) {
        lines.append(text, i, line_length);
        lines += '\n';
    }
    return lines;
}

std::optional<base::Bytes> from_base64(std::string_view text) {
    base::Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (is_blank(c)) {
            continue;
        }
        const std::size_t value = kAlphabet.find(c);
        if (c == '=') {
            ++padding;
        } else if (value == std::string_view::npos || padding > 0) {
            return std::nullopt;
        }
        group = group << 6 | (c == '=' ? 0u : static_cast<std::uint32_t>(value));
        if (++digits % 4 == 0) {
            for (std::size_t k = 0; k < 3; ++k) {
                bytes.push_back(static_cast<std::uint8_t>(group >> (16 - 8 * k)));
            }
        }
    }
    if (digits % 4 != 0 || padding > 2) {
        return std::nullopt;
    }
    for (std::size_t k = 0; k < padding; ++k) {
        if (bytes.back() != 0) {
            return std::nullopt;  // bits behind the end: two texts for the same bytes
        }
        bytes.pop_back();
    }
    return bytes;
}

}  // namespace frugal::wire
