// SPDX-License-Identifier: Apache-2.0
// Decides whether a request may go to its handler, before its body is read: which route, who asks,
// with which role. Deny by default. Owned by the HTTP server, loop thread; opens no socket.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/time.hpp"
#include "net/failure_limiter.hpp"
#include "wire/http_message.hpp"
#include "wire/http_routes.hpp"

namespace frugal::net {

/// The actor behind a bearer token, absent if there is none. Called for every request: keep the
/// tokens in memory.
using Authenticator = std::function<std::optional<wire::HttpActor>(std::string_view token)>;

struct Admission {
    wire::RouteMatch match;
    wire::HttpActor actor;
};

class HttpAccess {
public:
    HttpAccess(std::span<const wire::HttpRoute> routes, Authenticator authenticator,
               FailureLimits limits)
        : routes_(routes), authenticator_(std::move(authenticator)), limiter_(limits) {}

    /// Admission, or the problem to answer with (401, 403, 404, 405, 429). `local` is the actor
    /// established by a Unix socket's peer credentials.
    std::variant<Admission, wire::HttpResponse> admit(const wire::HttpRequest& request,
                                                      const std::optional<wire::HttpActor>& local,
                                                      base::Instant now);

    /// Counts a failure that a handler found (a wrong claim code): turns its 401 into 429 when the
    /// peer is over the limit.
    void note_failure(const wire::HttpRequest& request, wire::HttpResponse& response,
                      base::Instant now);

    std::uint64_t failed_logins() const { return failed_logins_; }

private:
    wire::HttpResponse unauthorized(const wire::HttpRequest& request, base::Instant now,
                                    bool was_presented);

    std::span<const wire::HttpRoute> routes_;
    Authenticator authenticator_;
    FailureLimiter limiter_;
    std::uint64_t failed_logins_ = 0;
};

}  // namespace frugal::net
