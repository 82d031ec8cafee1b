// SPDX-License-Identifier: Apache-2.0
// One HTTP request and one response as plain values, the same for a socket, a test and a fuzz
// target. Owned by whoever holds them, any thread. Knows nothing of connections or TLS.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::wire {

enum class HttpMethod { kGet, kHead, kPost, kPut, kDelete, kOther };

std::string_view to_string(HttpMethod method);

/// What a caller may do; each role may do what the ones before it may.
enum class Role { kAnonymous, kViewer, kOperator, kAdmin };

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

/// Who is asking, as established by a token or by the Unix socket's peer credentials.
struct HttpActor {
    std::string name = "anonymous";  ///< written into the audit: "token:<id>", "uid:0"
    Role role = Role::kAnonymous;
};

struct HttpField {
    std::string name;  ///< lower case
    std::string value;
};

struct NamedValue {
    std::string name;
    std::string value;
};

struct HttpRequest {
    HttpMethod method = HttpMethod::kOther;
    std::string path;               ///< percent-decoded, starts with '/'
    std::vector<NamedValue> query;  ///< percent-decoded, in order
    std::vector<HttpField> fields;  ///< in order
    base::Bytes body;
    std::vector<NamedValue> parameters;  ///< from the route's pattern
    std::string peer;                    ///< address for logs and limits, or "unix"
    HttpActor actor;
    bool keep_alive = true;

    /// First value of the header (name in lower case), query key or path parameter.
    std::optional<std::string_view> field(std::string_view name) const;
    std::optional<std::string_view> query_value(std::string_view name) const;
    std::string_view parameter(std::string_view name) const;
};

/// Asks the server to answer with Server-Sent Events instead of a body.
struct EventStreamRequest {
    std::vector<std::string> types;  ///< empty: all
    std::optional<std::uint64_t> last_event_id;
};

struct HttpResponse {
    int status = 200;
    std::string content_type;
    std::string body;
    std::vector<HttpField> fields;  ///< extra headers
    std::optional<EventStreamRequest> events;
};

/// The reason phrase of a status code this gateway uses; "Unknown" for others.
std::string_view reason_phrase(int status);

HttpResponse json_response(int status, std::string body);
HttpResponse text_response(int status, std::string content_type, std::string body);

/// The bytes of the head: status line, headers and the empty line. `body_size` is absent for an
/// event stream. Header values with control characters are dropped, never sent.
std::string serialize_head(const HttpResponse& response, std::optional<std::size_t> body_size,
                           bool keep_alive);

}  // namespace frugal::wire
