// SPDX-License-Identifier: Apache-2.0
#include "cli/form.hpp"

#include <fmt/format.h>

namespace frugal::cli {

namespace {

// A boundary must not occur in a part: 40 hexadecimal digits after dashes do not occur in a
// model, nor in samples.
constexpr std::string_view kBoundary = "----frugal-8f14e45fceea167a5a36dedd4bea2543c9f0f895";

}  // namespace

ApiRequest form_request(std::string method, std::string target,
                        const std::vector<FormPart>& parts) {
    std::string body;
    for (const auto& part : parts) {
        body += fmt::format(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n",
            kBoundary, part.name);
        body += base::as_text(part.content);
        body += "\r\n";
    }
    body += fmt::format("--{}--\r\n", kBoundary);
    return {std::move(method), std::move(target),
            fmt::format("multipart/form-data; boundary={}", kBoundary), std::move(body)};
}

}  // namespace frugal::cli
