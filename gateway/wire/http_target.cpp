// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "base/utf8.hpp"
#include "wire/http_parser.hpp"

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_clean_text(std::string_view text) {
    while (!text.empty()) {
        const auto first = static_cast<std::uint8_t>(text.front());
        const std::size_t length = base::utf8_character_bytes(text);
        if (length == 0 || first < 0x20 || first == 0x7f) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// Absent for a broken escape, control characters or bytes that are no UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i] == '+' && plus_is_space ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return is_clean_text(decoded) ? std::optional(std::move(decoded)) : std::nullopt;
}

bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::string_view segment = path.substr(0, path.find('/'));
        if (segment == "." || segment == "..") {
            return true;
        }
        path.remove_prefix(segment.size());
    }
    return false;
}

tl::unexpected<base::Error> bad_target(const char* cause) {
    return base::fail(ErrorKind::kInvalidInput, "the request's target is not acceptable", cause,
                      "send an absolute path of this interface (proto/openapi.yaml)");
}

Result<void> decode_query(std::string_view text, const HttpLimits& limits, HttpRequest& request) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) {
            continue;
        }
        if (request.query.size() >= limits.query_keys) {
            return base::fail(ErrorKind::kLimit, "the query has too many keys",
                              "at most " + std::to_string(limits.query_keys));
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(pair.substr(std::min(pair.size(), equals + 1)), true);
        if (!name || !value) {
            return bad_target("a key or value of the query is not well encoded");
        }
        request.query.push_back({std::move(*name), std::move(*value)});
    }
    return {};
}

}  // namespace

Result<void> decode_target(std::string_view target, const HttpLimits& limits,
                           HttpRequest& request) {
    if (target.size() > limits.target_bytes) {
        return base::fail(ErrorKind::kLimit, "the request's target is too long",
                          "at most " + std::to_string(limits.target_bytes) + " bytes");
    }
    if (target.empty() || target.front() != '/') {
        return bad_target("it does not start with a slash");
    }
    const std::string_view raw_path = target.substr(0, target.find('?'));
    if (raw_path.find("%2f") != std::string_view::npos ||
        raw_path.find("%2F") != std::string_view::npos ||
        raw_path.find('#') != std::string_view::npos) {
        return bad_target("a slash inside a name, or a fragment");
    }
    auto path = percent_decode(raw_path, false);
    if (!path) {
        return bad_target("a broken escape, a control character or bytes that are not UTF-8");
    }
    if (has_dot_segment(*path)) {
        return bad_target("dot segments");
    }
    request.path = std::move(*path);
    const std::size_t query = std::min(target.size(), raw_path.size() + 1);
    return decode_query(target.substr(query), limits, request);
}

}  // namespace frugal::wire
