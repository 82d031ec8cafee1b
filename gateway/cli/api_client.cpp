// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <charconv>

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include "app/config.hpp"
#include "app/site_files.hpp"

namespace frugal::cli {

namespace asio = boost::asio;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kAnswerMax = 64u * 1024 * 1024;

struct Answer {
    int status = 0;
    std::string body;
};

Result<Answer> parse_answer(const std::string& text) {
    Answer answer;
    const auto head_end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || head_end == std::string::npos) {
        return fail(ErrorKind::kUnavailable, "the daemon closed the connection without an answer",
                    {}, "See its log; then try again.");
    }
    std::from_chars(text.data() + 9, text.data() + 12, answer.status);
    answer.body = text.substr(head_end + 4);
    return answer;
}

ErrorKind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::kDenied;
        case 404:
            return ErrorKind::kNotFound;
        case 409:
        case 412:
            return ErrorKind::kConflict;
        case 413:
        case 429:
            return ErrorKind::kLimit;
        case 501:
            return ErrorKind::kUnsupported;
        case 503:
            return ErrorKind::kUnavailable;
        case 507:
            return ErrorKind::kStorage;
        default:
            return status < 500 ? ErrorKind::kInvalidInput : ErrorKind::kInternal;
    }
}

std::string text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

base::Error error_of(const Answer& answer) {
    base::Error error{
        kind_of(answer.status), fmt::format("the daemon answered {}", answer.status), {}, {}};
    boost::system::error_code ignored;
    const auto problem = boost::json::parse(answer.body, ignored);
    if (const auto* object = problem.if_object()) {
        const auto detail = text_of(*object, "detail");
        error.message = detail.empty() ? text_of(*object, "title") : detail;
        error.cause = text_of(*object, "cause");
        error.remedy = text_of(*object, "remedy");
    }
    return error;
}

/// Reads and writes fail with "timed out" instead of waiting for ever.
void set_timeout(int descriptor, int seconds) {
    const timeval limit{seconds, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

template <typename Stream>
Result<std::string> write_and_read(Stream& stream, const std::string& request) {
    boost::system::error_code error;
    asio::write(stream, asio::buffer(request), error);
    std::string answer;
    if (!error) {
        asio::read(stream, asio::dynamic_buffer(answer, kAnswerMax), error);
    }
    // A server that closes without TLS goodbye after a whole answer is harmless: the length says.
    const bool is_end = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    if (error && !is_end) {
        return fail(ErrorKind::kUnavailable, "the daemon did not answer", error.message(),
                    "Try again with a longer --timeout, or look at its log.");
    }
    return answer;
}

}  // namespace

Result<boost::json::value> ApiClient::call(const ApiRequest& request) const {
    const auto text = call_text(request);
    if (!text) {
        return tl::unexpected(text.error());
    }
    if (text->empty()) {
        return boost::json::value(nullptr);
    }
    boost::system::error_code error;
    auto value = boost::json::parse(*text, error);
    if (error) {
        return fail(ErrorKind::kInternal, "the daemon's answer is not JSON", error.message(),
                    "Is the address that of a frugald?");
    }
    return value;
}

Result<std::string> ApiClient::call_text(const ApiRequest& request) const {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: frugald\r\nConnection: close\r\n",
                                   request.method, request.target);
    if (!context_.token.empty()) {
        text += "Authorization: Bearer " + context_.token + "\r\n";
    }
    if (!request.body.empty()) {
        text += "Content-Type: " + request.content_type + "\r\n";
    }
    if (request.method != "GET") {
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    const auto received = exchange(text + "\r\n" + request.body);
    if (!received) {
        return tl::unexpected(received.error());
    }
    auto answer = parse_answer(*received);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->status >= 300) {
        return tl::unexpected(error_of(*answer));
    }
    return std::move(answer->body);
}

Result<std::string> ApiClient::exchange(const std::string& request) const {
    return context_.url.empty() ? exchange_unix(request) : exchange_https(request);
}

Result<std::string> ApiClient::exchange_unix(const std::string& request) const {
    const auto config = app::load_config(app::SiteFiles(context_.site).config().string());
    if (!config) {
        return fail(config.error(), "no site at " + context_.site);
    }
    asio::io_context loop;
    asio::local::stream_protocol::socket socket(loop);
    boost::system::error_code error;
    socket.connect(asio::local::stream_protocol::endpoint(config->http_socket), error);
    if (error) {
        return fail(ErrorKind::kUnavailable, "no gateway answers at " + config->http_socket,
                    error.message(),
                    "Start it: frugald --config " + context_.site + "/frugal.toml");
    }
    set_timeout(socket.native_handle(), context_.timeout_s);
    return write_and_read(socket, request);
}

Result<std::string> ApiClient::exchange_https(const std::string& request) const {
    static constexpr std::string_view kScheme = "https://";
    const std::string target =
        context_.url.starts_with(kScheme) ? context_.url.substr(kScheme.size()) : context_.url;
    const auto authority = target.substr(0, target.find('/'));
    const auto colon = authority.rfind(':');
    const std::string host = authority.substr(0, colon);
    const std::string port = colon == std::string::npos ? "8443" : authority.substr(colon + 1);

    asio::io_context loop;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    boost::system::error_code error;
    if (context_.ca_file.empty()) {
        tls.set_default_verify_paths(error);
    } else {
        tls.load_verify_file(context_.ca_file, error);
    }
    if (error) {
        return fail(ErrorKind::kInvalidInput, "cannot use the authority " + context_.ca_file,
                    error.message(), "Name the site's ca/ca.crt with --ca.");
    }
    asio::ssl::stream<asio::ip::tcp::socket> stream(loop, tls);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    asio::ip::tcp::resolver resolver(loop);
    const auto addresses = resolver.resolve(host, port, error);
    if (!error) {
        asio::connect(stream.next_layer(), addresses, error);
    }
    if (!error) {
        set_timeout(stream.next_layer().native_handle(), context_.timeout_s);
        stream.handshake(asio::ssl::stream_base::client, error);
    }
    if (error) {
        return fail(ErrorKind::kUnavailable, "cannot reach https://" + authority, error.message(),
                    "Check address, port and --ca.");
    }
    return write_and_read(stream, request);
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return encoded;
}

}  // namespace frugal::cli
