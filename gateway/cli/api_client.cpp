// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"

#include <chrono>

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include "app/config.hpp"
#include "app/site_files.hpp"
#include "cli/http_exchange.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

ErrorKind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
        case 410:
            return ErrorKind::kDenied;
        case 404:
            return ErrorKind::kNotFound;
        case 409:
        case 412:
            return ErrorKind::kConflict;
        case 413:
        case 429:
            return ErrorKind::kLimit;
        case 501:
            return ErrorKind::kUnsupported;
        case 503:
            return ErrorKind::kUnavailable;
        case 507:
            return ErrorKind::kStorage;
        default:
            return status < 500 ? ErrorKind::kInvalidInput : ErrorKind::kInternal;
    }
}

std::string text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// A health report is no problem document: it lists what fails.
void add_failing(const boost::json::object& report, base::Error& error) {
    const auto* failing = report.if_contains("failing");
    if (failing == nullptr || !failing->is_array()) {
        return;
    }
    error.message = "the gateway is not ready";
    for (const auto& name : failing->get_array()) {
        error.cause += error.cause.empty() ? "failing: " : ", ";
        error.cause += name.is_string() ? std::string_view(name.get_string()) : "?";
    }
    error.remedy = "See the gateway's log; broker is the one at mqtt.url of its frugal.toml.";
}

HttpsServer server_of(const Context& context) {
    static constexpr std::string_view kScheme = "https://";
    const std::string target =
        context.url.starts_with(kScheme) ? context.url.substr(kScheme.size()) : context.url;
    const auto authority = target.substr(0, target.find('/'));
    const auto colon = authority.find(':', authority.find(']') + 1);  // [::1]:8443
    std::string host = authority.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return {host, colon == std::string::npos ? "8443" : authority.substr(colon + 1),
            context.ca_file};
}

}  // namespace

base::Error error_of(const HttpAnswer& answer) {
    base::Error error{
        kind_of(answer.status), fmt::format("the daemon answered {}", answer.status), {}, {}};
    boost::system::error_code ignored;
    const auto problem = boost::json::parse(answer.body, ignored);
    if (const auto* object = problem.if_object()) {
        const auto detail = text_of(*object, "detail");
        const auto title = text_of(*object, "title");
        error.message = !detail.empty() ? detail : !title.empty() ? title : error.message;
        error.cause = text_of(*object, "cause");
        error.remedy = text_of(*object, "remedy");
        add_failing(*object, error);
    }
    return error;
}

Result<boost::json::value> ApiClient::call(const ApiRequest& request) const {
    const auto text = call_text(request);
    if (!text) {
        return tl::unexpected(text.error());
    }
    if (text->empty()) {
        return boost::json::value(nullptr);
    }
    boost::system::error_code error;
    auto value = boost::json::parse(*text, error);
    if (error) {
        return fail(ErrorKind::kInternal, "the daemon's answer is not JSON", error.message(),
                    "Is the address that of a frugald?");
    }
    return value;
}

Result<HttpAnswer> ApiClient::send(const ApiRequest& request) const {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: frugald\r\nConnection: close\r\n",
                                   request.method, request.target);
    if (!context_.token.empty()) {
        text += "Authorization: Bearer " + context_.token + "\r\n";
    }
    if (!request.if_match.empty()) {
        text += "If-Match: " + request.if_match + "\r\n";
    }
    if (!request.body.empty()) {
        text += "Content-Type: " + request.content_type + "\r\n";
    }
    if (request.method != "GET") {
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    return exchange(text + "\r\n" + request.body);
}

Result<std::string> ApiClient::call_text(const ApiRequest& request) const {
    auto answer = send(request);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->status >= 300) {
        return tl::unexpected(error_of(*answer));
    }
    return std::move(answer->body);
}

Result<HttpAnswer> ApiClient::exchange(const std::string& request) const {
    const std::chrono::seconds timeout(context_.timeout_s);
    if (!context_.url.empty()) {
        return exchange_https(server_of(context_), request, timeout);
    }
    const auto config = app::load_config(app::SiteFiles(context_.site).config().string());
    if (!config) {
        return fail(config.error(), "no site at " + context_.site);
    }
    auto answer = exchange_unix(config->http_socket, request, timeout);
    if (!answer && answer.error().remedy.empty()) {
        answer.error().remedy = "Start it: frugald --config " + context_.site + "/frugal.toml";
    }
    return answer;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return encoded;
}

}  // namespace frugal::cli
