// SPDX-License-Identifier: Apache-2.0
// Private to this folder: one HTTP connection from handshake to close, as a coroutine. Owned by its
// own coroutine and listed by the server, which closes it when its phase lasts too long. Loop
// thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http_server.hpp"
#include "net/http_transport.hpp"
#include "wire/http_parser.hpp"

namespace frugal::net {

/// What the connection needs of the server; outlives every connection.
class HttpHost {
public:
    virtual ~HttpHost() = default;
    virtual const HttpSettings& settings() const = 0;
    virtual HttpAccess& access() = 0;
    virtual EventBroadcaster& broadcaster() = 0;
    virtual bool is_stopping() const = 0;
    virtual const HttpHandler& handler(std::string_view operation) const = 0;
    virtual void count(std::string_view operation, int status, base::Duration taken) = 0;
    virtual void count_failed_handshake() = 0;
};

/// The meeting place of a connection that waits and a handler that answers later.
struct HttpExchange {
    std::optional<wire::HttpResponse> response;
    boost::asio::steady_timer* wake = nullptr;  ///< null once the connection has given up

    void answer(wire::HttpResponse value);
};

/// Tells late handlers that nobody waits any more, also when the coroutine is destroyed unfinished.
class ExchangeWait {
public:
    ExchangeWait(std::shared_ptr<HttpExchange> exchange, boost::asio::steady_timer& wake)
        : exchange_(std::move(exchange)) {
        exchange_->wake = &wake;
    }
    ~ExchangeWait() { exchange_->wake = nullptr; }
    ExchangeWait(const ExchangeWait&) = delete;
    ExchangeWait& operator=(const ExchangeWait&) = delete;

private:
    std::shared_ptr<HttpExchange> exchange_;
};

enum class HttpPhase { kHandshake, kIdle, kHead, kBody, kHandler, kWrite, kEvents, kClosing };

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(boost::asio::io_context& loop, std::shared_ptr<HttpHost> host,
                   std::unique_ptr<HttpTransport> transport);

    /// The whole life; keeps itself alive.
    static boost::asio::awaitable<void> run(std::shared_ptr<HttpConnection> self);

    void close() { transport_->close(); }
    /// Ends an idle connection or event stream now, others after the answer under way.
    void stop();

    HttpPhase phase() const { return phase_; }
    base::Instant phase_start() const { return phase_start_; }
    base::Instant deadline() const { return deadline_; }
    bool is_trusted() const { return is_trusted_; }

private:
    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<bool> read_until(wire::HttpParser::State reached);
    boost::asio::awaitable<bool> read_body(std::size_t limit);
    boost::asio::awaitable<bool> dispatch(Admission admission);
    boost::asio::awaitable<bool> respond(wire::HttpResponse response, bool keep_alive);
    boost::asio::awaitable<void> stream_events(wire::HttpResponse response);
    boost::asio::awaitable<bool> write(std::string bytes);
    boost::asio::awaitable<void> wait(base::Duration duration);
    boost::asio::awaitable<void> linger();

    void enter(HttpPhase phase, base::Duration timeout);
    void count(int status);

    std::shared_ptr<HttpHost> host_;
    std::unique_ptr<HttpTransport> transport_;
    boost::asio::steady_timer wake_;
    wire::HttpParser parser_;
    std::vector<std::uint8_t> buffer_;
    std::size_t buffered_ = 0;

    HttpPhase phase_ = HttpPhase::kHandshake;
    base::Instant phase_start_;
    base::Instant deadline_;
    base::Instant request_start_;
    std::string_view operation_;
    bool is_head_request_ = false;
    bool is_trusted_ = false;  ///< at least one request was admitted with a token or by its uid
};

/// The monotonic clock of this process.
base::Instant http_now();

}  // namespace frugal::net
