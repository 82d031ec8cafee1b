// SPDX-License-Identifier: Apache-2.0
// Any bytes as an HTTP connection: the parser and the router neither crash nor pass their limits,
// and which requests they find does not depend on the pieces these arrive in. The first byte
// chooses the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/http_parser.hpp"
#include "wire/http_routes.hpp"

namespace {

using frugal::wire::HttpParser;
using frugal::wire::HttpRequest;
using State = HttpParser::State;

constexpr std::size_t kBodyLimit = 512;
constexpr std::size_t kBufferLimit = 16 * 1024;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Outcome {
    std::vector<std::string> requests;
    int failure = 0;
    bool operator==(const Outcome&) const = default;
};

std::string describe(const HttpRequest& request) {
    require(request.body.size() <= kBodyLimit);
    require(request.fields.size() <= 64 && request.query.size() <= 32);
    require(!request.path.empty() && request.path.front() == '/');
    require(request.path.find('\0') == std::string::npos);
    std::string text = std::string(to_string(request.method)) + " " + request.path;
    for (const auto& value : request.query) {
        text += "?" + value.name + "=" + value.value;
    }
    for (const auto& field : request.fields) {
        text += "\n" + field.name + ": " + field.value;
    }
    const auto found = find_route(frugal::wire::api_routes(), request.method, request.path);
    text += "\n#" + std::to_string(found.index());
    return text.append(request.body.begin(), request.body.end());
}

/// As a connection does it: a bounded buffer, what was not consumed comes again.
Outcome converse(const uint8_t* data, std::size_t size, std::size_t piece) {
    Outcome outcome;
    HttpParser parser;
    std::vector<std::uint8_t> buffer;
    while (true) {
        const std::size_t used = parser.feed(buffer);
        buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(used));
        if (parser.state() == State::kHeadDone) {
            parser.set_body_limit(kBodyLimit);
            continue;
        }
        if (parser.state() == State::kDone) {
            outcome.requests.push_back(describe(parser.take()));
            continue;
        }
        if (parser.state() == State::kFailed) {
            outcome.failure = parser.failure().status;
            require(outcome.failure >= 400 && !parser.failure().error.message.empty());
            return outcome;
        }
        require(buffer.size() < kBufferLimit);
        if (size == 0) {
            return outcome;
        }
        const std::size_t count = std::min({piece, size, kBufferLimit - buffer.size()});
        buffer.insert(buffer.end(), data, data + count);
        data += count;
        size -= count;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    if (size < 1 || size > 64 * 1024) {
        return 0;
    }
    const Outcome whole = converse(data + 1, size - 1, size);
    const Outcome pieces = converse(data + 1, size - 1, data[0] % 32 + 1U);
    require(whole.requests == pieces.requests);
    return 0;
}
