// SPDX-License-Identifier: Apache-2.0
#include "wire/http_multipart.hpp"

#include <algorithm>

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::size_t kPartHeadMax = 1024;
constexpr std::size_t kBoundaryMax = 70;

tl::unexpected<base::Error> malformed(std::string cause) {
    return base::fail(ErrorKind::kInvalidInput, "the body is not well-formed multipart/form-data",
                      std::move(cause), "use curl -F class=@file.tflite, or send one file raw");
}

/// The text between `name="` and the next quote of a part's head; empty if there is none.
std::string quoted(std::string_view head, std::string_view name) {
    const std::string key = " " + std::string(name) + "=\"";
    const std::size_t start = head.find(key);
    if (start == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = head.substr(start + key.size());
    const std::size_t end = rest.find('"');
    return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
    constexpr std::string_view kType = "multipart/form-data;";
    constexpr std::string_view kKey = "boundary=";
    if (!content_type.starts_with(kType)) {
        return {};
    }
    const std::size_t start = content_type.find(kKey);
    if (start == std::string_view::npos) {
        return {};
    }
    std::string_view value = content_type.substr(start + kKey.size());
    if (value.starts_with('"')) {
        value.remove_prefix(1);
        value = value.substr(0, value.find('"'));
    } else {
        value = value.substr(0, value.find(';'));
    }
    return value.size() <= kBoundaryMax ? std::string(value) : std::string();
}

Result<std::vector<MultipartPart>> read_multipart(base::ByteView body, std::string_view boundary) {
    const std::string_view text = base::as_text(body);
    const std::string first = "--" + std::string(boundary);
    const std::string next = "\r\n" + first;
    if (!text.starts_with(first)) {
        return malformed("it does not start with its boundary");
    }
    std::vector<MultipartPart> parts;
    std::size_t position = first.size();
    for (;;) {
        const std::string_view rest = text.substr(position);
        if (rest == "--" || rest == "--\r\n") {
            break;
        }
        const std::size_t head_end = rest.substr(0, kPartHeadMax).find("\r\n\r\n");
        if (!rest.starts_with("\r\n") || head_end == std::string_view::npos) {
            return malformed("a part's head has no end");
        }
        const std::size_t content = position + head_end + 4;
        const std::size_t content_end = text.find(next, content);
        if (content_end == std::string_view::npos) {
            return malformed("a part has no end");
        }
        if (parts.size() >= kMultipartPartsMax) {
            return base::fail(ErrorKind::kLimit, "the body has too many parts",
                              "at most " + std::to_string(kMultipartPartsMax));
        }
        parts.push_back({quoted(rest.substr(0, head_end), "name"),
                         body.subspan(content, content_end - content)});
        position = content_end + next.size();
    }
    if (parts.empty()) {
        return malformed("it has no parts");
    }
    return parts;
}

}  // namespace frugal::wire
