// SPDX-License-Identifier: Apache-2.0
#include "wire/http_problem.hpp"

#include <utility>

#include <boost/json/object.hpp>

#include "wire/json_text.hpp"

namespace frugal::wire {

namespace {

/// Stable for clients; the words beside it may change.
std::string_view code_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::kInvalidInput:
            return "invalid-input";
        case base::ErrorKind::kNotFound:
            return "not-found";
        case base::ErrorKind::kConflict:
            return "conflict";
        case base::ErrorKind::kDenied:
            return "denied";
        case base::ErrorKind::kLimit:
            return "limit";
        case base::ErrorKind::kUnavailable:
            return "unavailable";
        case base::ErrorKind::kCorrupt:
            return "corrupt";
        case base::ErrorKind::kStorage:
            return "storage";
        case base::ErrorKind::kUnsupported:
            return "unsupported";
        case base::ErrorKind::kInternal:
            return "internal";
    }
    return "internal";
}

}  // namespace

int status_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::kInvalidInput:
            return 400;
        case base::ErrorKind::kNotFound:
            return 404;
        case base::ErrorKind::kConflict:
            return 409;
        case base::ErrorKind::kDenied:
            return 403;
        case base::ErrorKind::kLimit:
            return 429;
        case base::ErrorKind::kUnavailable:
            return 503;
        case base::ErrorKind::kUnsupported:
            return 422;
        case base::ErrorKind::kStorage:
            return 507;
        case base::ErrorKind::kCorrupt:
        case base::ErrorKind::kInternal:
            return 500;
    }
    return 500;
}

HttpResponse problem(const base::Error& error) {
    return problem(status_of(error.kind), error);
}

HttpResponse problem(int status, const base::Error& error) {
    const std::string_view code = code_of(error.kind);
    boost::json::object document;
    document["type"] = "urn:frugal:problem:" + std::string(code);
    document["title"] = reason_phrase(status);
    document["status"] = status;
    document["code"] = code;
    document["detail"] = error.message;
    if (!error.cause.empty()) {
        document["cause"] = error.cause;
    }
    if (!error.remedy.empty()) {
        document["remedy"] = error.remedy;
    }
    return text_response(status, "application/problem+json", json_text(std::move(document)));
}

}  // namespace frugal::wire
