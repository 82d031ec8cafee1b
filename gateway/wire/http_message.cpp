// SPDX-License-Identifier: Apache-2.0
#include "wire/http_message.hpp"

#include <algorithm>

namespace frugal::wire {

namespace {

struct StatusName {
    int status;
    std::string_view phrase;
};

constexpr std::array kStatusNames{
    StatusName{200, "OK"},
    StatusName{201, "Created"},
    StatusName{202, "Accepted"},
    StatusName{204, "No Content"},
    StatusName{400, "Bad Request"},
    StatusName{401, "Unauthorized"},
    StatusName{403, "Forbidden"},
    StatusName{404, "Not Found"},
    StatusName{405, "Method Not Allowed"},
    StatusName{408, "Request Timeout"},
    StatusName{409, "Conflict"},
    StatusName{410, "Gone"},
    StatusName{412, "Precondition Failed"},
    StatusName{413, "Content Too Large"},
    StatusName{414, "URI Too Long"},
    StatusName{415, "Unsupported Media Type"},
    StatusName{422, "Unprocessable Content"},
    StatusName{429, "Too Many Requests"},
    StatusName{431, "Request Header Fields Too Large"},
    StatusName{500, "Internal Server Error"},
    StatusName{501, "Not Implemented"},
    StatusName{503, "Service Unavailable"},
    StatusName{504, "Gateway Timeout"},
    StatusName{505, "HTTP Version Not Supported"},
    StatusName{507, "Insufficient Storage"},
};

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    if (has_control_characters(name) || has_control_characters(value)) {
        return;
    }
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view to_string(HttpMethod method) {
    switch (method) {
        case HttpMethod::kGet:
            return "GET";
        case HttpMethod::kHead:
            return "HEAD";
        case HttpMethod::kPost:
            return "POST";
        case HttpMethod::kPut:
            return "PUT";
        case HttpMethod::kDelete:
            return "DELETE";
        case HttpMethod::kOther:
            break;
    }
    return "OTHER";
}

std::string_view to_string(Role role) {
    switch (role) {
        case Role::kAnonymous:
            return "anonymous";
        case Role::kViewer:
            return "viewer";
        case Role::kOperator:
            return "operator";
        case Role::kAdmin:
            return "admin";
    }
    return "anonymous";
}

std::optional<Role> parse_role(std::string_view text) {
    for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
        if (text == to_string(role)) {
            return role;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> HttpRequest::field(std::string_view name) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const HttpField& field) { return field.name == name; });
    return found == fields.end() ? std::nullopt : std::optional<std::string_view>(found->value);
}

std::optional<std::string_view> HttpRequest::query_value(std::string_view name) const {
    const auto found = std::find_if(query.begin(), query.end(),
                                    [&](const NamedValue& value) { return value.name == name; });
    return found == query.end() ? std::nullopt : std::optional<std::string_view>(found->value);
}

std::string_view HttpRequest::parameter(std::string_view name) const {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const NamedValue& value) { return value.name == name; });
    return found == parameters.end() ? std::string_view() : std::string_view(found->value);
}

std::string_view reason_phrase(int status) {
    const auto* found = std::find_if(kStatusNames.begin(), kStatusNames.end(),
                                     [&](const StatusName& name) { return name.status == status; });
    return found == kStatusNames.end() ? "Unknown" : found->phrase;
}

HttpResponse json_response(int status, std::string body) {
    return text_response(status, "application/json", std::move(body));
}

HttpResponse text_response(int status, std::string content_type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    return response;
}

std::string serialize_head(const HttpResponse& response, std::optional<std::size_t> body_size,
                           bool keep_alive) {
    std::string head;
    head.reserve(384);
    head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    head.append(reason_phrase(response.status)).append("\r\n");
    if (!response.content_type.empty()) {
        append_field(head, "Content-Type", response.content_type);
    }
    if (body_size && response.status != 204) {
        append_field(head, "Content-Length", std::to_string(*body_size));
    }
    append_field(head, "Connection", keep_alive ? "keep-alive" : "close");
    append_field(head, "X-Content-Type-Options", "nosniff");
    append_field(head, "X-Frame-Options", "DENY");
    append_field(head, "Referrer-Policy", "no-referrer");
    bool has_cache_control = false;
    for (const HttpField& field : response.fields) {
        has_cache_control = has_cache_control || field.name == "cache-control";
        append_field(head, field.name, field.value);
    }
    if (!has_cache_control) {
        append_field(head, "Cache-Control", "no-store");
    }
    head.append("\r\n");
    return head;
}

}  // namespace frugal::wire
