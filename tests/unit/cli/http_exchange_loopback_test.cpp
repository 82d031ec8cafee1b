// SPDX-License-Identifier: Apache-2.0
// frugalctl against daemons that hang, stop in mid-answer or do not listen to the end. Real
// listeners on a Unix socket and on 127.0.0.1.
#include "cli/http_exchange.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "cli/api_client.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::cli {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using base::ErrorKind;

const std::string kRequest = "GET /livez HTTP/1.1\r\nHost: frugald\r\n\r\n";

/// A daemon on a Unix socket that does one thing with its only connection.
class Daemon {
public:
    using Behaviour = std::function<void(stream_protocol::socket&)>;

    explicit Daemon(Behaviour behaviour)
        : acceptor_(loop_, stream_protocol::endpoint(path())),
          thread_([this, behaviour = std::move(behaviour)] {
              stream_protocol::socket socket(loop_);
              acceptor_.accept(socket);
              behaviour(socket);
          }) {}
    ~Daemon() { thread_.join(); }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    std::string path() const { return (directory_.path() / "api.sock").string(); }
    const std::filesystem::path& directory() const { return directory_.path(); }

    /// Reads the request's head, then writes the text and closes.
    static Behaviour answers(const std::string& text) {
        return [text](stream_protocol::socket& socket) {
            std::string head;
            boost::system::error_code ignored;
            asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", ignored);
            asio::write(socket, asio::buffer(text), ignored);
        };
    }

    /// Never says a word; goes when the client has gone.
    static void hangs(stream_protocol::socket& socket) {
        std::string all;
        boost::system::error_code ignored;
        asio::read(socket, asio::dynamic_buffer(all), ignored);
    }

private:
    tests::TemporaryDirectory directory_;
    asio::io_context loop_;
    stream_protocol::acceptor acceptor_;
    std::thread thread_;
};

TEST(HttpExchangeLoopback, BringsTheAnswer) {
    const Daemon daemon(Daemon::answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    const auto answer = exchange_unix(daemon.path(), kRequest, std::chrono::seconds(60));
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "{}");
}

TEST(HttpExchangeLoopback, EndsWithAHungDaemonAndNamesTheTimeout) {
    const Daemon daemon(Daemon::hangs);
    const auto answer = exchange_unix(daemon.path(), kRequest, std::chrono::seconds(1));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
    EXPECT_NE(answer.error().message.find("did not answer within 1 s"), std::string::npos)
        << answer.error().message;
    EXPECT_NE(answer.error().remedy.find("--timeout"), std::string::npos);
}

TEST(HttpExchangeLoopback, EndsWithADaemonThatTakesNoMore) {
    // More than the socket's buffers hold, to a daemon that reads nothing before the client goes.
    asio::io_context loop;
    const tests::TemporaryDirectory directory;
    const std::string path = (directory.path() / "api.sock").string();
    const stream_protocol::acceptor acceptor(loop, stream_protocol::endpoint(path));
    const auto answer =
        exchange_unix(path, kRequest + std::string(16u << 20, 'x'), std::chrono::seconds(1));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("did not take the request within 1 s"), std::string::npos)
        << answer.error().message;
}

TEST(HttpExchangeLoopback, NeverTakesAPartOfAnAnswer) {
    for (const std::string text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"}) {
        const Daemon daemon(Daemon::answers(text));
        const auto answer = exchange_unix(daemon.path(), kRequest, std::chrono::seconds(60));
        ASSERT_FALSE(answer) << text;
        EXPECT_EQ(answer.error().message, "the daemon's answer is cut off");
    }
}

TEST(HttpExchangeLoopback, HearsARefusalThatDoesNotWaitForTheBody) {
    const Daemon daemon(
        Daemon::answers("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
    const auto answer = exchange_unix(daemon.path(), kRequest + std::string(16u << 20, 'x'),
                                      std::chrono::seconds(60));
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->status, 413);
}

TEST(HttpExchangeLoopback, TheTimeoutOptionReachesTheSocketOfTheSite) {
    const Daemon daemon(Daemon::hangs);
    std::ofstream(daemon.directory() / "frugal.toml")
        << "schema_version = 1\n[site]\nname = \"demo\"\ndirectory = \""
        << daemon.directory().string() << "\"\n[mqtt]\nurl = \"unix:///nonexistent\"\n"
        << "[http]\nlisten = \"127.0.0.1:0\"\nsocket = \"" << daemon.path() << "\"\n";
    Context context;
    context.site = daemon.directory().string();
    context.timeout_s = 1;
    const auto answer = ApiClient(context).call({"GET", "/livez", {}, {}});
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("did not answer within 1 s"), std::string::npos)
        << answer.error().describe();
}

TEST(HttpExchangeLoopback, EndsWithAServerThatNeverFinishesTheHandshake) {
    asio::io_context loop;
    const tcp::acceptor acceptor(loop, {asio::ip::make_address("127.0.0.1"), 0});
    Context context;
    context.url = "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    context.timeout_s = 1;
    const auto answer = ApiClient(context).call({"GET", "/livez", {}, {}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
    EXPECT_NE(answer.error().message.find("did not finish the TLS handshake within 1 s"),
              std::string::npos)
        << answer.error().message;
}

TEST(HttpExchangeLoopback, SaysThatNobodyListens) {
    const auto answer = exchange_unix("/nonexistent/api.sock", kRequest, std::chrono::seconds(60));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("/nonexistent/api.sock"), std::string::npos);
    EXPECT_FALSE(answer.error().cause.empty());
}

}  // namespace
}  // namespace frugal::cli
