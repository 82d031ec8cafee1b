// SPDX-License-Identifier: Apache-2.0
// The REST interface on sockets: HTTPS (TLS 1.3, or 1.2 with AEAD) and optionally a Unix socket
// whose peers are known by their uid. Owned by the composition root; runs on the loop's thread,
// handlers too. Reads no body before the caller is known to be allowed to send it; every phase of a
// connection has a deadline and every buffer a limit; an error closes the connection. Sets no
// cookies, so a page of another origin can do nothing with a visitor's rights.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/event_broadcaster.hpp"
#include "net/failure_limiter.hpp"
#include "net/http_access.hpp"
#include "wire/http_message.hpp"
#include "wire/http_parser.hpp"
#include "wire/http_routes.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::net {

struct HttpSettings {
    std::string address = "127.0.0.1";  ///< empty: no TCP listener
    std::uint16_t port = 8443;          ///< 0: the system picks one, see HttpServer::port()
    std::string certificate_file;       ///< PEM chain
    std::string key_file;               ///< PEM
    std::string unix_socket;            ///< path; empty: none
    wire::HttpLimits limits;
    EventLimits event_limits;
    FailureLimits failure_limits;
    std::size_t connections_max = 256;
    base::Duration handshake_timeout = std::chrono::seconds(10);
    base::Duration head_timeout = std::chrono::seconds(10);
    base::Duration body_timeout = std::chrono::seconds(60);
    base::Duration write_timeout = std::chrono::seconds(30);
    base::Duration idle_timeout = std::chrono::seconds(75);
    base::Duration handler_timeout = std::chrono::seconds(60);
    base::Duration event_heartbeat = std::chrono::seconds(15);
};

/// Answers one request, at once or later, from the loop's thread. Copies share the one answer; only
/// the first call counts. If the last copy goes away unused, the client gets 500.
class Responder {
public:
    struct State;
    explicit Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void operator()(wire::HttpResponse response) const;

private:
    std::shared_ptr<State> state_;
};

using HttpHandler = std::function<void(wire::HttpRequest, Responder)>;
using HttpHandlers = std::map<std::string, HttpHandler, std::less<>>;  ///< by operation

/// Totals of one route and status for the metrics page.
struct HttpRouteTotals {
    std::uint64_t requests = 0;
    double seconds = 0;
};

struct HttpStatistics {
    std::size_t open_connections = 0;
    std::uint64_t accepted = 0;
    std::uint64_t evicted = 0;  ///< slow strangers closed to make room
    std::uint64_t failed_logins = 0;
    std::uint64_t failed_handshakes = 0;
    std::map<std::pair<std::string, int>, HttpRouteTotals> routes;  ///< by operation and status
};

class HttpServer {
public:
    /// Every route's operation must have a handler (asserted). `routes` must outlive the server.
    HttpServer(boost::asio::io_context& loop, HttpSettings settings,
               std::span<const wire::HttpRoute> routes, HttpHandlers handlers,
               Authenticator authenticator);

    /// Closes every connection.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Loads the certificate and listens. kNotFound or kInvalidInput for the certificate,
    /// kUnavailable for a port in use or an address this machine does not have, kDenied for a
    /// port below 1024 without the right to it.
    base::Result<void> start();

    /// Stops listening and closes connections once the answers under way are written.
    void stop();

    /// Reads certificate and key again for new connections; on error the old ones stay.
    base::Result<void> reload_certificate();

    /// The TCP port listened on; 0 before start().
    std::uint16_t port() const;

    EventBroadcaster& events();
    const HttpStatistics& statistics() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace frugal::net
