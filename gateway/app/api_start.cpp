// SPDX-License-Identifier: Apache-2.0
// Start links: an administrator makes one, whoever opens it changes its code for a token, once.
#include "app/api_parts.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using wire::HttpRequest;
using wire::HttpResponse;

constexpr const char* kNewLink = "make a new link on the gateway: frugalctl token start";

void create_link(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto role = wire::read_create_start_link(request);
    if (!role) {
        respond(wire::problem(role.error()));
        return;
    }
    const std::string code = parts.start_code.renew(*role, parts.clock().instant);
    parts.log.write(LogLevel::kInfo, "start-link.created",
                    {{"by", request.actor.name}, {"role", std::string(to_string(*role))}});
    respond(wire::json_response(
        201, wire::start_link_json("https://" + parts.config.http_listen + "/start#" + code, code,
                                   StartCode::kTimeToLive)));
}

/// 401 to a guess; 410 to who shows a code that was right.
HttpResponse refusal(StartCodeVerdict verdict) {
    if (verdict == StartCodeVerdict::kUsed) {
        return wire::problem(410, {ErrorKind::kDenied, "this start link was used already",
                                   "each is good once; if that was not you, a stranger has a token",
                                   "see frugalctl token list, revoke what is not yours, then " +
                                       std::string(kNewLink)});
    }
    if (verdict == StartCodeVerdict::kExpired) {
        return wire::problem(410, {ErrorKind::kDenied, "this start link has expired",
                                   "each is good for 15 minutes", kNewLink});
    }
    HttpResponse response = wire::problem(
        401, {ErrorKind::kDenied, "this start link is not valid",
              "it is mistyped, or a newer link or a restart of the gateway ended it", kNewLink});
    response.fields.push_back({"www-authenticate", "Bearer realm=\"frugal\""});
    return response;
}

void redeem(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto code = wire::read_redeem_start_link(request);
    if (!code) {
        respond(wire::problem(code.error()));
        return;
    }
    const auto verdict = parts.start_code.check(*code, parts.clock().instant);
    if (verdict != StartCodeVerdict::kRight) {
        respond(refusal(verdict));
        return;
    }
    const auto role = parts.start_code.role();
    const auto token = parts.tokens.create(role, "start link");
    if (!token) {
        respond(wire::problem(token.error()));
        return;
    }
    parts.start_code.use();
    parts.log.write(LogLevel::kInfo, "start-link.used",
                    {{"from", request.peer}, {"role", std::string(to_string(role))}});
    HttpResponse response = wire::json_response(201, wire::new_token_json(*token));
    response.fields.push_back({"cache-control", "no-store"});
    respond(std::move(response));
}

}  // namespace

void add_start_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["create_start_link"] = [&parts](HttpRequest request, net::Responder respond) {
        create_link(parts, request, respond);
    };
    handlers["redeem_start_link"] = [&parts](HttpRequest request, net::Responder respond) {
        redeem(parts, request, respond);
    };
}

}  // namespace frugal::app
