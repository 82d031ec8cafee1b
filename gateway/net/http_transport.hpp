// SPDX-License-Identifier: Apache-2.0
// Private to this folder: the byte stream under one HTTP connection of either side, TLS over TCP,
// plain TCP or a Unix socket.
// Owned by the connection, loop thread only. Keeps no deadline: whoever owns it calls close().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/http_message.hpp"

namespace frugal::net {

/// How one read or write ended. Has constructors because GCC 12 destroys aggregate temporaries of a
/// co_await expression twice.
struct IoResult {
    IoResult(boost::system::error_code e, std::size_t s) : error(e), size(s) {}
    boost::system::error_code error;
    std::size_t size;
};

class HttpTransport {
public:
    HttpTransport() = default;
    virtual ~HttpTransport() = default;
    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;

    virtual boost::asio::awaitable<boost::system::error_code> handshake() = 0;
    virtual boost::asio::awaitable<IoResult> read_some(std::span<std::uint8_t> destination) = 0;
    /// Writes everything or fails; the bytes must live until then.
    virtual boost::asio::awaitable<IoResult> write(std::string_view bytes) = 0;
    /// Says that nothing more is sent; what arrives can still be read.
    virtual boost::asio::awaitable<void> finish_writing() = 0;
    /// At once; operations under way end with an error.
    virtual void close() = 0;

    virtual std::string peer() const = 0;
    /// The actor a Unix socket's kernel vouches for.
    virtual std::optional<wire::HttpActor> local_actor() const = 0;
};

/// Server side: TLS 1.3 or 1.2 with AEAD, ALPN http/1.1. kNotFound, kInvalidInput.
base::Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(
    const std::string& certificate_file, const std::string& key_file);

std::unique_ptr<HttpTransport> make_tls_transport(
    boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context);

/// Client side: TLS 1.2 or 1.3, the server's name checked against its certificate. The authority's
/// file, or the system's if it is empty. kNotFound, kInvalidInput.
base::Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_client_context(
    const std::string& ca_file);
std::unique_ptr<HttpTransport> make_tls_client_transport(
    boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context,
    const std::string& host);
std::unique_ptr<HttpTransport> make_tcp_transport(boost::asio::ip::tcp::socket socket);

std::unique_ptr<HttpTransport> make_unix_transport(
    boost::asio::local::stream_protocol::socket socket);

}  // namespace frugal::net
