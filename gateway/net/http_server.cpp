// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.hpp"
#include "net/http_connection.hpp"

namespace frugal::net {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using asio::local::stream_protocol;
using base::ErrorKind;
using base::Result;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr base::Duration kSweepInterval = std::chrono::milliseconds(500);
constexpr base::Duration kAcceptPause = std::chrono::milliseconds(100);

tl::unexpected<base::Error> listen_failure(const std::string& where, const error_code& error) {
    if (error == asio::error::address_in_use) {
        return base::fail(ErrorKind::kUnavailable, "cannot listen on " + where,
                          "another process listens there",
                          "stop it, or choose another http.listen");
    }
    if (error == asio::error::access_denied) {
        return base::fail(ErrorKind::kDenied, "cannot listen on " + where, error.message(),
                          "choose a port above 1023, or a directory this user can write");
    }
    return base::fail(ErrorKind::kUnavailable, "cannot listen on " + where, error.message(),
                      "use an address of this machine in http.listen");
}

}  // namespace

class HttpServer::Impl : public HttpHost, public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::io_context& loop, HttpSettings settings, std::span<const wire::HttpRoute> routes,
         HttpHandlers handlers, Authenticator authenticator)
        : loop_(loop),
          settings_(std::move(settings)),
          handlers_(std::move(handlers)),
          access_(routes, std::move(authenticator), settings_.failure_limits),
          broadcaster_(settings_.event_limits),
          tcp_(loop),
          unix_(loop),
          sweep_timer_(loop) {
        for (const wire::HttpRoute& route : routes) {
            FRUGAL_ASSERT(handlers_.contains(route.operation));
        }
    }

    // HttpHost
    const HttpSettings& settings() const override { return settings_; }
    HttpAccess& access() override { return access_; }
    EventBroadcaster& broadcaster() override { return broadcaster_; }
    bool is_stopping() const override { return is_stopping_; }
    const HttpHandler& handler(std::string_view operation) const override {
        return handlers_.find(operation)->second;
    }
    void count(std::string_view operation, int status, base::Duration taken) override {
        HttpRouteTotals& totals = statistics_.routes[{std::string(operation), status}];
        ++totals.requests;
        totals.seconds += std::chrono::duration<double>(taken).count();
    }
    void count_failed_handshake() override { ++statistics_.failed_handshakes; }

    Result<void> start();
    Result<void> reload_certificate();
    void stop();
    void close_all();
    std::uint16_t port() const { return port_; }
    const HttpStatistics& statistics() {
        statistics_.open_connections = connections_.size();
        statistics_.failed_logins = access_.failed_logins();
        return statistics_;
    }

private:
    using Self = std::shared_ptr<Impl>;

    Result<void> listen_tcp();
    Result<void> listen_unix();
    static awaitable<void> accept_tcp(Self self);
    static awaitable<void> accept_unix(Self self);
    static awaitable<void> sweep(Self self);
    static awaitable<void> converse(Self self, std::shared_ptr<HttpConnection> connection);
    void adopt(std::unique_ptr<HttpTransport> transport);
    bool make_room();

    asio::io_context& loop_;
    const HttpSettings settings_;
    const HttpHandlers handlers_;
    HttpAccess access_;
    EventBroadcaster broadcaster_;
    std::shared_ptr<asio::ssl::context> context_;
    tcp::acceptor tcp_;
    stream_protocol::acceptor unix_;
    asio::steady_timer sweep_timer_;
    std::vector<std::shared_ptr<HttpConnection>> connections_;
    HttpStatistics statistics_;
    std::uint16_t port_ = 0;
    bool is_stopping_ = false;
};

Result<void> HttpServer::Impl::start() {
    if (!settings_.address.empty()) {
        auto loaded = reload_certificate();
        if (loaded) {
            loaded = listen_tcp();
        }
        if (!loaded) {
            return loaded;
        }
        asio::co_spawn(loop_, accept_tcp(shared_from_this()), asio::detached);
    }
    if (!settings_.unix_socket.empty()) {
        const auto listening = listen_unix();
        if (!listening) {
            return listening;
        }
        asio::co_spawn(loop_, accept_unix(shared_from_this()), asio::detached);
    }
    asio::co_spawn(loop_, sweep(shared_from_this()), asio::detached);
    return {};
}

Result<void> HttpServer::Impl::reload_certificate() {
    auto context = make_tls_context(settings_.certificate_file, settings_.key_file);
    if (!context) {
        return tl::unexpected(context.error());
    }
    context_ = std::move(*context);
    return {};
}

Result<void> HttpServer::Impl::listen_tcp() {
    const std::string where = settings_.address + ":" + std::to_string(settings_.port);
    error_code error;
    const auto address = asio::ip::make_address(settings_.address, error);
    if (error) {
        return base::fail(ErrorKind::kInvalidInput, settings_.address + " is not an IP address", {},
                          "write http.listen as 127.0.0.1:8443 or [::]:8443");
    }
    const tcp::endpoint endpoint(address, settings_.port);
    tcp_.open(endpoint.protocol(), error);
    if (!error) {
        tcp_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        tcp_.bind(endpoint, error);
    }
    if (!error) {
        tcp_.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (error) {
        return listen_failure(where, error);
    }
    port_ = tcp_.local_endpoint(error).port();
    return {};
}

Result<void> HttpServer::Impl::listen_unix() {
    const std::string& path = settings_.unix_socket;
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        return base::fail(ErrorKind::kInvalidInput, "the socket path is too long: " + path,
                          "a Unix socket's path has at most 107 characters",
                          "use a shorter http.socket");
    }
    const stream_protocol::endpoint endpoint(path);
    error_code error;
    stream_protocol::socket probe(loop_);
    probe.connect(endpoint, error);
    if (!error) {
        return listen_failure(path, asio::error::address_in_use);
    }
    ::unlink(path.c_str());  // left behind by a process that is gone
    error.clear();
    unix_.open(endpoint.protocol(), error);
    if (!error) {
        unix_.bind(endpoint, error);
    }
    if (!error) {
        ::chmod(path.c_str(), 0660);
        unix_.listen(stream_protocol::acceptor::max_listen_connections, error);
    }
    return error ? Result<void>(listen_failure(path, error)) : Result<void>{};
}

awaitable<void> HttpServer::Impl::accept_tcp(Self self) {
    while (self->tcp_.is_open()) {
        auto [error, socket] = co_await self->tcp_.async_accept(kAwait);
        if (!error) {
            self->adopt(make_tls_transport(std::move(socket), self->context_));
        } else if (error != asio::error::operation_aborted) {
            asio::steady_timer pause(self->loop_, kAcceptPause);  // out of descriptors: let some go
            auto [ignored] = co_await pause.async_wait(kAwait);
            (void)ignored;
        }
    }
}

awaitable<void> HttpServer::Impl::accept_unix(Self self) {
    while (self->unix_.is_open()) {
        auto [error, socket] = co_await self->unix_.async_accept(kAwait);
        if (!error) {
            self->adopt(make_unix_transport(std::move(socket)));
        } else if (error != asio::error::operation_aborted) {
            asio::steady_timer pause(self->loop_, kAcceptPause);
            auto [ignored] = co_await pause.async_wait(kAwait);
            (void)ignored;
        }
    }
}

void HttpServer::Impl::adopt(std::unique_ptr<HttpTransport> transport) {
    ++statistics_.accepted;
    if (is_stopping_ || (connections_.size() >= settings_.connections_max && !make_room())) {
        transport->close();
        return;
    }
    auto connection =
        std::make_shared<HttpConnection>(loop_, shared_from_this(), std::move(transport));
    connections_.push_back(connection);
    asio::co_spawn(loop_, converse(shared_from_this(), std::move(connection)), asio::detached);
}

awaitable<void> HttpServer::Impl::converse(Self self, std::shared_ptr<HttpConnection> connection) {
    co_await HttpConnection::run(connection);
    std::erase(self->connections_, connection);
}

/// Closes whoever has kept us waiting longest: first strangers that never finished a request, then
/// idle acquaintances. So a thousand slow strangers cannot lock an administrator out.
bool HttpServer::Impl::make_room() {
    HttpConnection* victim = nullptr;
    for (const auto& connection : connections_) {
        const HttpPhase phase = connection->phase();
        const bool waits_for_peer = phase == HttpPhase::kHandshake || phase == HttpPhase::kIdle ||
                                    phase == HttpPhase::kHead || phase == HttpPhase::kClosing;
        const bool is_better =
            victim == nullptr || std::pair(connection->is_trusted(), connection->phase_start()) <
                                     std::pair(victim->is_trusted(), victim->phase_start());
        if (waits_for_peer && is_better) {
            victim = connection.get();
        }
    }
    if (victim == nullptr) {
        return false;
    }
    ++statistics_.evicted;
    victim->close();
    std::erase_if(connections_, [&](const auto& entry) { return entry.get() == victim; });
    return true;
}

awaitable<void> HttpServer::Impl::sweep(Self self) {
    for (;;) {
        self->sweep_timer_.expires_after(kSweepInterval);
        auto [error] = co_await self->sweep_timer_.async_wait(kAwait);
        if (error || (self->is_stopping_ && self->connections_.empty())) {
            co_return;
        }
        const base::Instant now = http_now();
        for (const auto& connection : self->connections_) {
            if (now > connection->deadline()) {
                connection->close();
            }
        }
    }
}

void HttpServer::Impl::stop() {
    is_stopping_ = true;
    error_code ignored;
    tcp_.close(ignored);
    if (unix_.is_open()) {
        unix_.close(ignored);
        ::unlink(settings_.unix_socket.c_str());
    }
    broadcaster_.close();
    for (const auto& connection : connections_) {
        connection->stop();
    }
}

void HttpServer::Impl::close_all() {
    stop();
    sweep_timer_.cancel();
    for (const auto& connection : connections_) {
        connection->close();
    }
    connections_.clear();  // they own us as we own them
}

HttpServer::HttpServer(asio::io_context& loop, HttpSettings settings,
                       std::span<const wire::HttpRoute> routes, HttpHandlers handlers,
                       Authenticator authenticator)
    : impl_(std::make_shared<Impl>(loop, std::move(settings), routes, std::move(handlers),
                                   std::move(authenticator))) {}

HttpServer::~HttpServer() {
    impl_->close_all();
}

Result<void> HttpServer::start() {
    return impl_->start();
}

void HttpServer::stop() {
    impl_->stop();
}

Result<void> HttpServer::reload_certificate() {
    return impl_->reload_certificate();
}

std::uint16_t HttpServer::port() const {
    return impl_->port();
}

EventBroadcaster& HttpServer::events() {
    return impl_->broadcaster();
}

const HttpStatistics& HttpServer::statistics() const {
    return impl_->statistics();
}

}  // namespace frugal::net
