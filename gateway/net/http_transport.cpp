// SPDX-License-Identifier: Apache-2.0
#include "net/http_transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/assert.hpp"

namespace frugal::net {

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using base::ErrorKind;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Reading and writing are the same over every stream of Asio.
template <typename Stream>
class StreamTransport : public HttpTransport {
public:
    template <typename... Arguments>
    explicit StreamTransport(Arguments&&... arguments)
        : stream_(std::forward<Arguments>(arguments)...) {}

    awaitable<IoResult> read_some(std::span<std::uint8_t> destination) override {
        const auto buffer = asio::buffer(destination.data(), destination.size());
        auto [error, size] = co_await stream_.async_read_some(buffer, kAwait);
        co_return IoResult(error, size);
    }

    awaitable<IoResult> write(std::string_view bytes) override {
        const auto buffer = asio::buffer(bytes.data(), bytes.size());
        auto [error, size] = co_await asio::async_write(stream_, buffer, kAwait);
        co_return IoResult(error, size);
    }

    void close() override {
        error_code ignored;
        stream_.lowest_layer().close(ignored);
    }

    std::optional<wire::HttpActor> local_actor() const override { return std::nullopt; }

protected:
    void end_sending() {
        error_code ignored;
        stream_.lowest_layer().shutdown(asio::socket_base::shutdown_send, ignored);
    }

    Stream stream_;
};

/// A base before the stream's, so that the context outlives the stream.
struct TlsContextHolder {
    std::shared_ptr<asio::ssl::context> context;
};

class TlsTransport : private TlsContextHolder,
                     public StreamTransport<asio::ssl::stream<asio::ip::tcp::socket>> {
public:
    TlsTransport(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                 asio::ssl::stream_base::handshake_type side)
        : TlsContextHolder{std::move(tls)},
          StreamTransport(std::move(socket), *context),
          side_(side) {
        error_code ignored;
        const auto endpoint = stream_.next_layer().remote_endpoint(ignored);
        peer_ = endpoint.address().to_string();
        stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
    }

    /// Who answers must be this host. False if the name cannot be used.
    bool expect(const std::string& host) {
        error_code error;
        stream_.set_verify_callback(asio::ssl::host_name_verification(host), error);
        return !error && SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str()) == 1;
    }

    awaitable<error_code> handshake() override {
        auto [error] = co_await stream_.async_handshake(side_, kAwait);
        co_return error;
    }

    /// Only our close_notify: asio's async_shutdown would wait for the peer's and throw away what
    /// the peer still sends.
    awaitable<void> finish_writing() override {
        ERR_clear_error();
        SSL_set_shutdown(stream_.native_handle(), SSL_SENT_SHUTDOWN);
        end_sending();
        co_return;
    }

    std::string peer() const override { return peer_; }

private:
    asio::ssl::stream_base::handshake_type side_;
    std::string peer_;
};

template <typename Socket>
class PlainTransport : public StreamTransport<Socket> {
public:
    using StreamTransport<Socket>::StreamTransport;

    awaitable<error_code> handshake() override { co_return error_code(); }

    awaitable<void> finish_writing() override {
        this->end_sending();
        co_return;
    }
};

class TcpTransport : public PlainTransport<asio::ip::tcp::socket> {
public:
    explicit TcpTransport(asio::ip::tcp::socket socket) : PlainTransport(std::move(socket)) {
        error_code ignored;
        stream_.set_option(asio::ip::tcp::no_delay(true), ignored);
    }

    std::string peer() const override { return "tcp"; }
};

class UnixTransport : public PlainTransport<asio::local::stream_protocol::socket> {
public:
    explicit UnixTransport(asio::local::stream_protocol::socket socket)
        : PlainTransport(std::move(socket)) {
        ucred credentials{};
        socklen_t size = sizeof(credentials);
        if (::getsockopt(stream_.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) ==
                0 &&
            (credentials.uid == 0 || credentials.uid == ::geteuid())) {
            actor_.emplace();
            actor_->name = "uid:" + std::to_string(credentials.uid);
            actor_->role = wire::Role::kAdmin;
        }
    }

    std::string peer() const override { return "unix"; }
    std::optional<wire::HttpActor> local_actor() const override { return actor_; }

private:
    std::optional<wire::HttpActor> actor_;
};

int select_http(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
    static constexpr unsigned char kHttp[] = "\x08http/1.1";
    unsigned char* selected = nullptr;
    const int result = SSL_select_next_proto(&selected, chosen_size, kHttp, sizeof(kHttp) - 1,
                                             offered, offered_size);
    *chosen = selected;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

base::Result<std::shared_ptr<asio::ssl::context>> make_tls_context(
    const std::string& certificate_file, const std::string& key_file) {
    for (const std::string& file : {certificate_file, key_file}) {
        std::error_code ignored;
        if (!std::filesystem::exists(file, ignored)) {
            return base::fail(ErrorKind::kNotFound, "TLS file " + file + " does not exist",
                              "HTTPS needs a certificate and its key",
                              "create them with frugalctl setup, or correct the path");
        }
    }
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_options(
        native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(native, select_http, nullptr);
    constexpr unsigned char session_id[] = "frugal";
    const bool is_set =
        SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
        SSL_CTX_set_session_id_context(native, session_id, sizeof(session_id) - 1) == 1;
    FRUGAL_ASSERT(is_set);
    error_code error;
    context->use_certificate_chain_file(certificate_file, error);
    if (!error) {
        context->use_private_key_file(key_file, asio::ssl::context::pem, error);
    }
    if (error) {
        return base::fail(ErrorKind::kInvalidInput,
                          "cannot use " + certificate_file + " with " + key_file, error.message(),
                          "both must be PEM, readable by this user, and belong together");
    }
    return context;
}

std::unique_ptr<HttpTransport> make_tls_transport(asio::ip::tcp::socket socket,
                                                  std::shared_ptr<asio::ssl::context> context) {
    return std::make_unique<TlsTransport>(std::move(socket), std::move(context),
                                          asio::ssl::stream_base::server);
}

base::Result<std::shared_ptr<asio::ssl::context>> make_tls_client_context(
    const std::string& ca_file) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    error_code error;
    context->set_verify_mode(asio::ssl::verify_peer, error);
    FRUGAL_ASSERT(!error);
    const bool is_set =
        SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) == 1;
    FRUGAL_ASSERT(is_set);
    if (ca_file.empty()) {
        context->set_default_verify_paths(error);
    } else {
        context->load_verify_file(ca_file, error);
    }
    if (error) {
        return base::fail(ErrorKind::kInvalidInput, "cannot read the authority's file " + ca_file,
                          error.message(), "it must be PEM and readable by this user");
    }
    return context;
}

std::unique_ptr<HttpTransport> make_tls_client_transport(
    asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context,
    const std::string& host) {
    auto transport = std::make_unique<TlsTransport>(std::move(socket), std::move(context),
                                                    asio::ssl::stream_base::client);
    if (!transport->expect(host)) {
        transport->close();  // the handshake fails then
    }
    return transport;
}

std::unique_ptr<HttpTransport> make_tcp_transport(asio::ip::tcp::socket socket) {
    return std::make_unique<TcpTransport>(std::move(socket));
}

std::unique_ptr<HttpTransport> make_unix_transport(asio::local::stream_protocol::socket socket) {
    return std::make_unique<UnixTransport>(std::move(socket));
}

}  // namespace frugal::net
