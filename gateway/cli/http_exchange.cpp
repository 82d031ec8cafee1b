// SPDX-License-Identifier: Apache-2.0
#include "cli/http_exchange.hpp"

#include <future>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace frugal::cli {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::ErrorKind;
using base::fail;
using base::Result;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kPieceBytes = 64u * 1024;

/// Runs asynchronous operations one after the other until they end or the time is up. Asio's
/// synchronous ones wait for ever: they ignore SO_RCVTIMEO.
class Deadline {
public:
    Deadline(asio::io_context& loop, std::string where, std::chrono::seconds timeout)
        : loop_(loop), where_(std::move(where)), timeout_(timeout), at_(Clock::now() + timeout) {}

    /// `start` gets the operation's handler; `abort` ends an operation that is late, so that its
    /// handler runs and nothing refers to this frame any more.
    template <typename Start, typename Abort>
    error_code run(Start start, Abort abort) {
        std::optional<error_code> outcome;
        start([&outcome](const error_code& error) { outcome = error; });
        loop_.restart();
        while (!outcome && loop_.run_one_until(at_) > 0) {
        }
        if (outcome) {
            return *outcome;
        }
        abort();
        loop_.restart();
        loop_.run();
        return asio::error::timed_out;
    }

    /// @param what the gateway did not do, for example "answer"
    tl::unexpected<base::Error> failure(const std::string& what, const error_code& error) const {
        if (error == asio::error::timed_out) {
            return fail(ErrorKind::kUnavailable,
                        fmt::format("the gateway at {} did not {} within {} s", where_, what,
                                    timeout_.count()),
                        "it hangs or is busy, or the way to it is cut",
                        "Look at its log, or wait longer with --timeout.");
        }
        return fail(ErrorKind::kUnavailable,
                    fmt::format("the gateway at {} did not {}", where_, what), error.message(),
                    "Look at its log, then try again.");
    }

    Clock::time_point at() const { return at_; }

private:
    asio::io_context& loop_;
    std::string where_;
    std::chrono::seconds timeout_;
    Clock::time_point at_;
};

/// A server may answer and close before it has read everything: its answer is what counts then.
template <typename Stream>
Result<HttpAnswer> converse(Stream& stream, Deadline& deadline, const std::string& request) {
    const auto abort = [&stream] {
        error_code ignored;
        stream.lowest_layer().close(ignored);
    };
    const error_code unwritten = deadline.run(
        [&](auto handler) {
            asio::async_write(
                stream, asio::buffer(request),
                [handler](const error_code& error, std::size_t) mutable { handler(error); });
        },
        abort);
    if (unwritten == asio::error::timed_out) {
        return deadline.failure("take the request", unwritten);
    }
    HttpAnswerReader reader;
    std::string piece(kPieceBytes, '\0');
    while (!reader.is_whole()) {
        std::size_t received = 0;
        const error_code error = deadline.run(
            [&](auto handler) {
                stream.async_read_some(
                    asio::buffer(piece),
                    [handler, &received](const error_code& code, std::size_t size) mutable {
                        received = size;
                        handler(code);
                    });
            },
            abort);
        if (auto fed = reader.feed(std::string_view(piece).substr(0, received)); !fed) {
            return tl::unexpected(fed.error());
        }
        if (!error || reader.is_whole()) {
            continue;
        }
        const bool is_end =
            error == asio::error::eof || error == asio::ssl::error::stream_truncated;
        if (!is_end || unwritten) {
            return deadline.failure(unwritten ? "take the request" : "answer",
                                    unwritten ? unwritten : error);
        }
        return tl::unexpected(reader.finish().error());
    }
    return reader.take();
}

using Addresses = tcp::resolver::results_type;

/// Names are looked up on a thread that is left behind when it is late: nothing can stop it, and
/// the process ends soon.
error_code resolve(const HttpsServer& server, const Deadline& deadline, Addresses& addresses) {
    struct Found {
        error_code error;
        Addresses addresses;
    };
    std::promise<Found> promise;
    auto future = promise.get_future();
    std::thread([promise = std::move(promise), host = server.host, port = server.port]() mutable {
        asio::io_context loop;
        tcp::resolver resolver(loop);
        Found found;
        found.addresses = resolver.resolve(host, port, found.error);
        promise.set_value(std::move(found));
    }).detach();
    if (future.wait_until(deadline.at()) != std::future_status::ready) {
        return asio::error::timed_out;
    }
    Found found = future.get();
    addresses = std::move(found.addresses);
    return found.error;
}

Result<void> load_authority(asio::ssl::context& tls, const std::string& ca_file) {
    error_code error;
    if (ca_file.empty()) {
        tls.set_default_verify_paths(error);
    } else {
        tls.load_verify_file(ca_file, error);
    }
    if (error) {
        return fail(ErrorKind::kInvalidInput, "cannot use the authority " + ca_file,
                    error.message(), "Name the site's ca/ca.crt with --ca.");
    }
    return {};
}

tl::unexpected<base::Error> unreachable(const Deadline& deadline, const std::string& what,
                                        const error_code& error) {
    auto failure = deadline.failure(what, error);
    if (error != asio::error::timed_out) {
        failure.value().remedy = "Check address, port and --ca.";
    }
    return failure;
}

}  // namespace

Result<HttpAnswer> exchange_unix(const std::string& path, const std::string& request,
                                 std::chrono::seconds timeout) {
    asio::io_context loop;
    Deadline deadline(loop, path, timeout);
    asio::local::stream_protocol::socket socket(loop);
    const error_code error = deadline.run(
        [&](auto handler) {
            socket.async_connect(asio::local::stream_protocol::endpoint(path), handler);
        },
        [&] { socket.close(); });
    if (error == asio::error::timed_out) {
        return deadline.failure("accept the connection", error);
    }
    if (error) {
        return fail(ErrorKind::kUnavailable, "no gateway answers at " + path, error.message(), {});
    }
    return converse(socket, deadline, request);
}

Result<HttpAnswer> exchange_https(const HttpsServer& server, const std::string& request,
                                  std::chrono::seconds timeout) {
    asio::io_context loop;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    if (auto loaded = load_authority(tls, server.ca_file); !loaded) {
        return tl::unexpected(loaded.error());
    }
    Deadline deadline(loop, "https://" + server.host + ":" + server.port, timeout);
    asio::ssl::stream<tcp::socket> stream(loop, tls);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(server.host));
    SSL_set_tlsext_host_name(stream.native_handle(), server.host.c_str());
    const auto abort = [&stream] {
        error_code ignored;
        stream.lowest_layer().close(ignored);
    };
    Addresses addresses;
    if (const error_code error = resolve(server, deadline, addresses)) {
        return unreachable(deadline, "turn up under its name", error);
    }
    const error_code unconnected = deadline.run(
        [&](auto handler) {
            asio::async_connect(stream.next_layer(), addresses,
                                [handler](const error_code& error, const tcp::endpoint&) mutable {
                                    handler(error);
                                });
        },
        abort);
    if (unconnected) {
        return unreachable(deadline, "accept the connection", unconnected);
    }
    const error_code unverified = deadline.run(
        [&](auto handler) { stream.async_handshake(asio::ssl::stream_base::client, handler); },
        abort);
    if (unverified) {
        return unreachable(deadline, "finish the TLS handshake", unverified);
    }
    return converse(stream, deadline, request);
}

}  // namespace frugal::cli
