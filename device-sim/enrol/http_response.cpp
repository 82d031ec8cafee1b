// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/http_response.hpp"

#include <algorithm>
#include <charconv>

namespace frugal::swarm {
namespace {

constexpr std::size_t kHeadLimit = 16 * 1024;
constexpr std::size_t kBodyLimit = 64 * 1024;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
    });
    return result;
}

/// The value of a header in a lower-case head; empty if it is missing.
std::string_view header(std::string_view head, const std::string& name) {
    const auto found = head.find("\r\n" + name + ":");
    if (found == std::string_view::npos) {
        return {};
    }
    std::string_view value = head.substr(found + name.size() + 3);
    value = value.substr(0, value.find("\r\n"));
    const auto first = value.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view{} : value.substr(first);
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = code == std::errc{} && end == text.data() + text.size();
    return is_number ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<std::optional<HttpResponse>> parse_http_response(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() > kHeadLimit) {
            return fail("the enrolment server's answer has an endless head");
        }
        return std::nullopt;
    }
    const std::string head = lower(bytes.substr(0, end)) + "\r\n";
    const auto status = head.size() > 12 ? number(head.substr(9, 3)) : std::nullopt;
    if (!head.starts_with("http/1.1 ") || !status) {
        return fail("the enrolment server did not answer in HTTP/1.1");
    }
    const std::string_view length_text = header(head, "content-length");
    const auto length = length_text.empty() ? std::optional<std::size_t>(0) : number(length_text);
    if (!length || *length > kBodyLimit || !header(head, "transfer-encoding").empty()) {
        return fail("the enrolment server's answer has no usable length");
    }
    if (bytes.size() < end + 4 + *length) {
        return std::nullopt;
    }
    HttpResponse response;
    response.status = static_cast<int>(*status);
    response.body = bytes.substr(end + 4, *length);
    response.keeps_open = header(head, "connection") != "close";
    const std::size_t retry = number(header(head, "retry-after")).value_or(0);
    response.retry_after_s = static_cast<int>(std::min<std::size_t>(retry, 3600));
    response.consumed_bytes = end + 4 + *length;
    return response;
}

}  // namespace frugal::swarm
