// SPDX-License-Identifier: Apache-2.0
#include "net/http_call.hpp"

#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "core/features.hpp"

namespace frugal::net {

namespace {

namespace http = boost::beast::http;
using base::ErrorKind;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytesMax = 8 * 1024;

/// Collects bytes until the response is whole.
class ReplyReader {
public:
    explicit ReplyReader(std::size_t body_bytes_max) {
        parser_.eager(true);
        parser_.header_limit(kHeadBytesMax);
        parser_.body_limit(body_bytes_max);
    }

    error_code take(std::string_view bytes) {
        waiting_.append(bytes);
        error_code error;
        while (!waiting_.empty() && !parser_.is_done()) {
            const auto used =
                parser_.put(boost::asio::buffer(waiting_.data(), waiting_.size()), error);
            waiting_.erase(0, used);
            if (error == http::error::need_more) {
                return {};
            }
            if (error) {
                return error;
            }
        }
        return {};
    }

    error_code end() {
        error_code error;
        parser_.put_eof(error);
        return error;
    }

    bool is_done() const { return parser_.is_done(); }

    HttpReply reply() {
        HttpReply reply;
        reply.status = parser_.get().result_int();
        reply.keeps_open = parser_.keep_alive() && waiting_.empty();
        reply.body = std::move(parser_.get().body());
        return reply;
    }

private:
    http::response_parser<http::string_body> parser_;
    std::string waiting_;
};

tl::unexpected<base::Error> broken(const error_code& error) {
    return base::fail(ErrorKind::kUnavailable, "the connection to the inference server broke",
                      error.message());
}

}  // namespace

boost::asio::awaitable<HttpExchange> exchange_http(HttpTransport* transport, std::string request,
                                                   std::size_t body_bytes_max) {
    HttpExchange exchange;
    const IoResult written = co_await transport->write(request);
    core::wipe_bytes({reinterpret_cast<std::uint8_t*>(request.data()), request.size()});
    if (written.error) {
        exchange.reply = broken(written.error);
        co_return exchange;
    }
    ReplyReader reader(body_bytes_max);
    std::array<std::uint8_t, 4096> buffer;
    while (!reader.is_done()) {
        const IoResult read = co_await transport->read_some(buffer);
        if (read.error && !(read.error == boost::asio::error::eof && exchange.has_answer_begun)) {
            exchange.reply = broken(read.error);
            co_return exchange;
        }
        exchange.has_answer_begun = true;
        const error_code error =
            read.error ? reader.end()
                       : reader.take({reinterpret_cast<const char*>(buffer.data()), read.size});
        if (error) {
            exchange.reply =
                base::fail(ErrorKind::kInvalidInput,
                           "the inference server's answer is no HTTP response", error.message());
            co_return exchange;
        }
    }
    exchange.reply = reader.reply();
    co_return exchange;
}

}  // namespace frugal::net
