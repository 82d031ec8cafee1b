// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/tls_connection.hpp"

#include <sys/epoll.h>

#include <array>

#include "device-sim/net/openssl.hpp"

namespace frugal::swarm {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;

/// All connections read into one buffer: only one reads at a time.
ByteView read_record(SSL* ssl, std::array<std::uint8_t, kReadSize>& buffer, int& result) {
    ERR_clear_error();
    result = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    return {buffer.data(), static_cast<std::size_t>(result > 0 ? result : 0)};
}

std::string failure_cause(SSL* ssl, int result) {
    const int kind = SSL_get_error(ssl, result);
    const long verification = SSL_get_verify_result(ssl);
    if (verification != X509_V_OK) {
        ERR_clear_error();
        return X509_verify_cert_error_string(verification);
    }
    if (kind == SSL_ERROR_ZERO_RETURN) {
        return "closed by the server";
    }
    if (kind == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        return errno != 0 ? system_cause() : "connection reset";
    }
    return openssl_cause();
}

}  // namespace

void TlsConnection::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

Result<void> TlsConnection::open(const Endpoint& endpoint, const TlsContext& context,
                                 const Identity& identity, Bytes& session) {
    auto connected = connect_socket(endpoint, SocketMode::kNonBlocking);
    if (!connected) {
        return tl::unexpected<Error>(connected.error());
    }
    const auto ssl = context.new_client(connected->get(), endpoint.host, &identity, session);
    if (!ssl) {
        return tl::unexpected<Error>(ssl.error());
    }
    ssl_.reset(*ssl);
    TlsContext::keep_sessions_in(*ssl, session);
    socket_ = std::move(*connected);
    phase_ = Phase::kHandshake;
    wanted_ = EPOLLOUT;
    loop_.watch(socket_.get(), wanted_, *this);
    return {};
}

TlsConnection::Traffic TlsConnection::traffic() const {
    if (!ssl_) {
        return last_traffic_;
    }
    return {BIO_number_written(SSL_get_wbio(ssl_.get())),
            BIO_number_read(SSL_get_rbio(ssl_.get()))};
}

void TlsConnection::close() {
    if (!ssl_) {
        return;
    }
    if (phase_ == Phase::kOpen) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
    last_traffic_ = traffic();
    phase_ = Phase::kClosed;
    loop_.unwatch(socket_.get());
    ssl_.reset();
    socket_.reset();
    unsent_ = Bytes();
}

void TlsConnection::break_off(const std::string& what) {
    close();
    listener_.on_tls_closed(Error{"the TLS connection to the broker ended", what, {}});
}

void TlsConnection::want(std::uint32_t events) {
    if (phase_ != Phase::kClosed && events != wanted_) {
        wanted_ = events;
        loop_.change(socket_.get(), events);
    }
}

void TlsConnection::on_ready(std::uint32_t events) {
    if (phase_ == Phase::kHandshake) {
        handshake();
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        write_some();
    }
    if (phase_ == Phase::kOpen && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        read_some();
    }
}

void TlsConnection::handshake() {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        phase_ = Phase::kOpen;
        was_resumed_ = SSL_session_reused(ssl_.get()) == 1;
        SSL_certs_clear(ssl_.get());  // only the handshake needed them: 8 KB less per device
        want(EPOLLIN);
        listener_.on_tls_open();
        return;
    }
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        want(kind == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
        return;
    }
    break_off(failure_cause(ssl_.get(), result));
}

void TlsConnection::read_some() {
    std::array<std::uint8_t, kReadSize> buffer;
    do {
        errno = 0;
        int result = 0;
        const ByteView bytes = read_record(ssl_.get(), buffer, result);
        if (!bytes.empty()) {
            listener_.on_tls_data(bytes);
            continue;
        }
        const int kind = SSL_get_error(ssl_.get(), result);
        if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
            break_off(failure_cause(ssl_.get(), result));
        }
        return;
    } while (phase_ == Phase::kOpen && SSL_pending(ssl_.get()) > 0);
}

bool TlsConnection::send(ByteView bytes) {
    if (phase_ != Phase::kOpen || unsent_.size() + bytes.size() > kUnsentLimit) {
        return false;
    }
    const bool was_empty = unsent_.empty();
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    if (was_empty) {
        write_some();
    }
    return true;
}

void TlsConnection::write_some() {
    std::size_t sent = 0;
    while (sent < unsent_.size()) {
        ERR_clear_error();
        const int result =
            SSL_write(ssl_.get(), unsent_.data() + sent, static_cast<int>(unsent_.size() - sent));
        if (result <= 0) {
            break;  // would block, or broken: then reading tells
        }
        sent += static_cast<std::size_t>(result);
    }
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
    if (unsent_.empty()) {
        unsent_.shrink_to_fit();
    }
    want(unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

}  // namespace frugal::swarm
