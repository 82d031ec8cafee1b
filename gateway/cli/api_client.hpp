// SPDX-License-Identifier: Apache-2.0
// Asks the daemon: one request, one connection, blocking. Over the site's Unix socket, or over
// HTTPS with a token when --url is given. One thread. Errors of the daemon come back as they are
// (title, cause, remedy of its problem document).
#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/http_answer.hpp"

namespace frugal::cli {

/// The error that an answer of 300 or above tells: a problem document, or a health report.
base::Error error_of(const HttpAnswer& answer);

struct ApiRequest {
    std::string method = "GET";
    std::string target;  ///< path and query, percent-encoded
    std::string content_type = "application/json";
    std::string body;
    std::string if_match{};  ///< refused if another is in its place; empty: whatever is there
};

class ApiClient {
public:
    explicit ApiClient(const Context& context) : context_(context) {}

    /// The JSON of a successful answer (null for an empty one). kUnavailable if the daemon cannot
    /// be reached or does not answer in time; else the error the daemon named.
    base::Result<boost::json::value> call(const ApiRequest& request) const;

    /// The answer as it is, also one of 300 or above; kUnavailable if there is none.
    base::Result<HttpAnswer> send(const ApiRequest& request) const;

    /// The same as call() for an answer that is not JSON.
    base::Result<std::string> call_text(const ApiRequest& request) const;

private:
    base::Result<HttpAnswer> exchange(const std::string& request) const;

    const Context& context_;
};

/// Percent-encodes one path segment or query value.
std::string percent_encode(std::string_view text);

}  // namespace frugal::cli
