// SPDX-License-Identifier: Apache-2.0
// The REST interface as data: one row per operation, equal to proto/openapi.yaml (a test compares
// them). Pure functions, any thread.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/http_message.hpp"

namespace frugal::wire {

/// How a caller proves who it is.
enum class RouteAccess {
    kOpen,   ///< nobody is asked
    kClaim,  ///< HTTP Basic with device id and claim code; the handler checks it
    kCode,   ///< a one-time code in the body; the handler checks it
    kToken,  ///< bearer token (or the Unix socket) with at least `role`
};

struct HttpRoute {
    HttpMethod method;
    std::string_view pattern;  ///< "/api/v1/devices/{device}:revoke"
    RouteAccess access;
    Role role;
    std::size_t body_limit;      ///< bytes; 0: a body is refused
    std::string_view operation;  ///< the operationId, and the name of the handler
};

std::span<const HttpRoute> api_routes();

struct RouteMatch {
    const HttpRoute* route;
    std::vector<NamedValue> parameters;
};
struct RouteNotFound {};
struct MethodNotAllowed {
    std::vector<HttpMethod> allowed;
};
using RouteResult = std::variant<RouteMatch, RouteNotFound, MethodNotAllowed>;

/// Finds the row for a decoded path. HEAD matches a GET row.
RouteResult find_route(std::span<const HttpRoute> routes, HttpMethod method, std::string_view path);

}  // namespace frugal::wire
