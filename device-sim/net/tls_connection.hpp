// SPDX-License-Identifier: Apache-2.0
// One TLS connection on a non-blocking socket. Owned by its MQTT client, on the loop's thread.
// The listener hears of it only from inside the loop; it must not destroy the connection there but
// defer that. What is sent waits in a bounded buffer. close() shuts TLS down before the socket,
// without which OpenSSL would not resume the session.
#pragma once

#include <memory>

#include "device-sim/net/endpoint.hpp"
#include "device-sim/net/event_loop.hpp"
#include "device-sim/net/tls_context.hpp"

namespace frugal::swarm {

class TlsConnection : public Watcher {
public:
    class Listener {
    public:
        virtual ~Listener() = default;
        virtual void on_tls_open() = 0;
        virtual void on_tls_data(ByteView bytes) = 0;
        /// The connection is over; nothing follows.
        virtual void on_tls_closed(const Error& error) = 0;
    };
    struct Traffic {
        std::uint64_t sent_bytes = 0;  ///< on the socket: handshakes and records, TCP/IP left out
        std::uint64_t received_bytes = 0;
    };
    static constexpr std::size_t kUnsentLimit = 256 * 1024;

    TlsConnection(EventLoop& loop, Listener& listener) : loop_(loop), listener_(listener) {}
    TlsConnection(const TlsConnection&) = delete;
    ~TlsConnection() override { close(); }

    /// Begins to connect. `session` is read for resumption and must outlive the connection: new
    /// tickets are written into it.
    Result<void> open(const Endpoint& endpoint, const TlsContext& context, const Identity& identity,
                      Bytes& session);

    /// Queues bytes and sends what fits. False if the buffer is full or the connection not open.
    bool send(ByteView bytes);

    /// Sends close_notify and closes; the listener is not told.
    void close();

    bool is_open() const { return phase_ == Phase::kOpen; }
    bool was_resumed() const { return was_resumed_; }
    Traffic traffic() const;

    void on_ready(std::uint32_t events) override;

private:
    enum class Phase { kClosed, kHandshake, kOpen };

    void handshake();
    void read_some();
    void write_some();
    void want(std::uint32_t events);
    void break_off(const std::string& what);

    EventLoop& loop_;
    Listener& listener_;
    Phase phase_ = Phase::kClosed;
    bool was_resumed_ = false;
    std::uint32_t wanted_ = 0;
    FileDescriptor socket_;
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    std::unique_ptr<ssl_st, Free> ssl_;
    Bytes unsent_;
    Traffic last_traffic_;
};

}  // namespace frugal::swarm
