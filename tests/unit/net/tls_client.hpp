// SPDX-License-Identifier: Apache-2.0
// A blocking HTTPS (or Unix socket) client of the tests. Owned by one test thread; says nothing
// clever: writes bytes, reads bytes.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <string_view>

namespace frugal::tests {

class TlsClient {
public:
    explicit TlsClient(const std::string& ca_file) {
        context_.load_verify_file(ca_file);
        context_.set_verify_mode(boost::asio::ssl::verify_peer);
    }

    SSL_CTX* native() { return context_.native_handle(); }

    bool connect(std::uint16_t port) {
        boost::system::error_code error;
        stream_.emplace(loop_, context_);
        stream_->next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port}, error);
        SSL_set1_host(stream_->native_handle(), "localhost");
        if (!error) {
            stream_->handshake(boost::asio::ssl::stream_base::client, error);
        }
        return !error;
    }

    bool send(std::string_view bytes) {
        boost::system::error_code error;
        boost::asio::write(*stream_, boost::asio::buffer(bytes.data(), bytes.size()), error);
        return !error;
    }

    /// What arrives next; empty at the end of the stream.
    std::string receive() {
        boost::system::error_code error;
        std::string bytes(65536, '\0');
        bytes.resize(stream_->read_some(boost::asio::buffer(bytes), error));
        return bytes;
    }

    /// One response with Content-Length; what was there of it if the stream ends.
    std::string response() {
        std::string text;
        for (;;) {
            const std::size_t head = text.find("\r\n\r\n");
            const std::size_t field = text.find("Content-Length: ");
            if (head != std::string::npos && field < head) {
                const std::size_t size = std::stoul(text.substr(field + 16));
                if (text.size() >= head + 4 + size) {
                    return text;
                }
            }
            const std::string more = receive();
            if (more.empty()) {
                return text;
            }
            text += more;
        }
    }

    std::string exchange(std::string_view bytes) { return send(bytes) ? response() : ""; }

private:
    boost::asio::io_context loop_;
    boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> stream_;
};

}  // namespace frugal::tests
