// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer over a connection of its own, all under one deadline: names,
// connection, TLS, writing and reading. Blocking; one thread, but for the resolver's. Never waits
// longer than it was told, and never returns a part of an answer.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "cli/http_answer.hpp"

namespace frugal::cli {

/// Over a Unix socket. kUnavailable when nobody listens, or the time is up (the message says how
/// much it was).
base::Result<HttpAnswer> exchange_unix(const std::string& socket, const std::string& request,
                                       std::chrono::seconds timeout);

struct HttpsServer {
    std::string host;
    std::string port;
    std::string ca_file;  ///< PEM; empty: the system's authorities
};

/// Over TLS; the server's certificate must be of the authority and name the host. kUnavailable,
/// kInvalidInput for an authority that cannot be read.
base::Result<HttpAnswer> exchange_https(const HttpsServer& server, const std::string& request,
                                        std::chrono::seconds timeout);

}  // namespace frugal::cli
