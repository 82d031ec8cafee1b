// SPDX-License-Identifier: Apache-2.0
#include "net/http_access.hpp"

#include <algorithm>

#include "wire/http_problem.hpp"

namespace frugal::net {

namespace {

using base::ErrorKind;
using wire::HttpActor;
using wire::HttpRequest;
using wire::HttpResponse;
using wire::RouteAccess;

std::optional<std::string_view> bearer_token(const HttpRequest& request) {
    constexpr std::string_view scheme = "bearer ";
    const auto field = request.field("authorization");
    if (!field || field->size() <= scheme.size()) {
        return std::nullopt;
    }
    const bool is_bearer =
        std::equal(scheme.begin(), scheme.end(), field->begin(), [](char expected, char c) {
            return expected == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
        });
    return is_bearer ? std::optional(field->substr(scheme.size())) : std::nullopt;
}

HttpResponse not_found(const HttpRequest& request) {
    return wire::problem({ErrorKind::kNotFound, "there is nothing at " + request.path,
                          "the path names no operation of this interface",
                          "see proto/openapi.yaml for the paths"});
}

HttpResponse not_allowed(const HttpRequest& request, const wire::MethodNotAllowed& others) {
    std::string allowed;
    for (const wire::HttpMethod method : others.allowed) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(to_string(method));
        if (method == wire::HttpMethod::kGet) {
            allowed += ", HEAD";
        }
    }
    HttpResponse response = wire::problem(
        405, {ErrorKind::kInvalidInput,
              request.path + " does not know " + std::string(to_string(request.method)),
              {},
              "use " + allowed});
    response.fields.push_back({"allow", allowed});
    return response;
}

HttpResponse forbidden(const HttpActor& actor, wire::Role needed) {
    return wire::problem(
        {ErrorKind::kDenied, actor.name + " has the role " + std::string(to_string(actor.role)),
         "this needs the role " + std::string(to_string(needed)),
         "ask an administrator for a token with that role (frugalctl token create)"});
}

HttpResponse too_many(int retry_after_s) {
    HttpResponse response =
        wire::problem(429, {ErrorKind::kLimit, "too many failed logins from this address",
                            "guessing is slowed down",
                            "wait " + std::to_string(retry_after_s) + " s, then try a right one"});
    response.fields.push_back({"retry-after", std::to_string(retry_after_s)});
    return response;
}

}  // namespace

std::variant<Admission, HttpResponse> HttpAccess::admit(const HttpRequest& request,
                                                        const std::optional<HttpActor>& local,
                                                        base::Instant now) {
    auto found = wire::find_route(routes_, request.method, request.path);
    if (std::holds_alternative<wire::RouteNotFound>(found)) {
        return not_found(request);
    }
    if (const auto* others = std::get_if<wire::MethodNotAllowed>(&found)) {
        return not_allowed(request, *others);
    }
    auto& match = std::get<wire::RouteMatch>(found);
    if (match.route->access != RouteAccess::kToken) {
        return Admission{std::move(match), HttpActor{}};
    }
    const auto token = bearer_token(request);
    std::optional<HttpActor> actor = token ? authenticator_(*token) : local;
    if (!actor) {
        return unauthorized(request, now, token.has_value());
    }
    if (actor->role < match.route->role) {
        return forbidden(*actor, match.route->role);
    }
    return Admission{std::move(match), std::move(*actor)};
}

HttpResponse HttpAccess::unauthorized(const HttpRequest& request, base::Instant now,
                                      bool was_presented) {
    HttpResponse response = wire::problem(
        401,
        {ErrorKind::kDenied, was_presented ? "the token is not known" : "a token is needed",
         was_presented ? "it is mistyped, revoked or of another site" : "no Authorization field",
         "send \"Authorization: Bearer frg_...\"; frugalctl token create makes one"});
    response.fields.push_back({"www-authenticate", "Bearer realm=\"frugal\""});
    if (was_presented) {
        note_failure(request, response, now);
    }
    return response;
}

void HttpAccess::note_failure(const HttpRequest& request, HttpResponse& response,
                              base::Instant now) {
    ++failed_logins_;
    if (limiter_.record(request.peer, now)) {
        response = too_many(limiter_.retry_after_s(request.peer, now));
    }
}

}  // namespace frugal::net
