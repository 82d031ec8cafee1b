// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <future>
#include <thread>

#include "crypto/private_file.hpp"
#include "crypto/site_authority.hpp"
#include "support/temporary_directory.hpp"
#include "unit/net/tls_client.hpp"
#include "wire/http_problem.hpp"

namespace frugal::net {
namespace {

using base::ErrorKind;
using tests::TlsClient;
using wire::HttpMethod;
using wire::HttpRequest;
using wire::HttpResponse;
using wire::Role;
using wire::RouteAccess;

constexpr std::array kRoutes{
    wire::HttpRoute{HttpMethod::kGet, "/echo", RouteAccess::kOpen, Role::kAnonymous, 0, "echo"},
    wire::HttpRoute{HttpMethod::kPost, "/echo", RouteAccess::kToken, Role::kViewer, 1 << 20,
                    "echo_body"},
    wire::HttpRoute{HttpMethod::kGet, "/later", RouteAccess::kOpen, Role::kAnonymous, 0, "later"},
    wire::HttpRoute{HttpMethod::kGet, "/never", RouteAccess::kOpen, Role::kAnonymous, 0, "never"},
    wire::HttpRoute{HttpMethod::kGet, "/forgotten", RouteAccess::kOpen, Role::kAnonymous, 0,
                    "forgotten"},
    wire::HttpRoute{HttpMethod::kGet, "/events", RouteAccess::kOpen, Role::kAnonymous, 0, "events"},
    wire::HttpRoute{HttpMethod::kGet, "/who", RouteAccess::kToken, Role::kViewer, 0, "who"},
};

std::optional<wire::HttpActor> viewer_only(std::string_view token) {
    wire::HttpActor actor;
    actor.name = "token:test";
    actor.role = Role::kViewer;
    return token == "good" ? std::optional(actor) : std::nullopt;
}

/// A server with certificates of its own; its loop runs in the test's thread while a client talks
/// from another.
class HttpServerLoopback : public ::testing::Test {
protected:
    void SetUp() override {
        const base::WallTime now{std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count()};
        const auto authority =
            crypto::SiteAuthority::create(base::SiteId::parse("test").value(), now).value();
        const auto server = authority.issue_server({}, now).value();
        ASSERT_TRUE(authority.save(directory_.path()));
        write("server.pem", server.certificate.pem);
        write("server.key", server.key_pem);
        settings_.port = 0;
        settings_.certificate_file = path("server.pem");
        settings_.key_file = path("server.key");
        settings_.unix_socket = path("api.sock");
    }

    void write(const std::string& name, const std::string& text) {
        ASSERT_TRUE(crypto::write_file(directory_.path() / name, base::as_bytes(text),
                                       crypto::FileAccess::kOwnerOnly));
    }
    std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

    HttpHandlers handlers() {
        HttpHandlers table;
        table["echo"] = [](HttpRequest request, Responder respond) {
            respond(wire::text_response(200, "text/plain",
                                        std::string(request.query_value("say").value_or("?"))));
        };
        table["echo_body"] = [](HttpRequest request, Responder respond) {
            respond(wire::text_response(200, "application/octet-stream",
                                        std::string(base::as_text(request.body))));
        };
        table["later"] = [this](HttpRequest, Responder respond) {
            boost::asio::post(loop_, [respond] { respond(wire::json_response(200, "\"later\"")); });
        };
        table["never"] = [this](HttpRequest, Responder respond) { kept_.push_back(respond); };
        table["forgotten"] = [](HttpRequest, Responder) {};
        table["events"] = [](HttpRequest request, Responder respond) {
            HttpResponse response;
            response.events.emplace();
            const auto last = request.field("last-event-id");
            if (last) {
                response.events->last_event_id = std::stoull(std::string(*last));
            }
            respond(std::move(response));
        };
        table["who"] = [](HttpRequest request, Responder respond) {
            respond(wire::text_response(200, "text/plain", request.actor.name));
        };
        return table;
    }

    void start() {
        server_ = std::make_unique<HttpServer>(loop_, settings_, kRoutes, handlers(), viewer_only);
        const auto started = server_->start();
        ASSERT_TRUE(started) << started.error().describe();
    }

    /// Runs the client in a thread of its own and the server here until the client is done.
    template <typename Client>
    void converse(Client client) {
        auto done = std::async(std::launch::async, client);
        while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            loop_.restart();
            loop_.run_for(std::chrono::milliseconds(5));
        }
        done.get();
    }

    /// Publishes until the only subscriber is gone.
    void flood(std::promise<std::size_t>& left) {
        for (int i = 0; i < 50; ++i) {
            server_->events().publish("flood", std::string(1000, 'f'));
        }
        if (server_->events().subscriber_count() == 0) {
            left.set_value(0);
        } else {
            boost::asio::post(loop_, [this, &left] { flood(left); });
        }
    }

    TlsClient client() const { return TlsClient(path("ca.crt")); }

    tests::TemporaryDirectory directory_;
    boost::asio::io_context loop_;
    HttpSettings settings_;
    std::vector<Responder> kept_;
    std::size_t kept_count_ = 0;
    std::unique_ptr<HttpServer> server_;
};

std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST_F(HttpServerLoopback, answers_several_requests_on_one_connection) {
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        EXPECT_TRUE(peer.exchange(get("/echo?say=one")).ends_with("\r\n\r\none"));
        EXPECT_TRUE(peer.exchange(get("/echo?say=two")).ends_with("\r\n\r\ntwo"));
        EXPECT_TRUE(peer.exchange(get("/later")).ends_with("\r\n\r\n\"later\""));
        EXPECT_NE(peer.exchange("HEAD /echo?say=three HTTP/1.1\r\nHost: x\r\nConnection: "
                                "close\r\n\r\n")
                      .find("Content-Length: 5\r\n"),
                  std::string::npos);
        EXPECT_EQ(peer.receive(), "");
    });
    EXPECT_EQ(server_->statistics().routes.at({"echo", 200}).requests, 3u);
}

TEST_F(HttpServerLoopback, answers_pipelined_requests_in_order) {
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        std::string text = peer.exchange(get("/later") + get("/echo?say=b"));
        while (!text.ends_with("\r\n\r\nb")) {
            const std::string more = peer.receive();
            ASSERT_FALSE(more.empty());
            text += more;
        }
        EXPECT_LT(text.find("later"), text.find("\r\n\r\nb"));
    });
}

TEST_F(HttpServerLoopback, speaks_nothing_older_than_tls_1_2) {
    start();
    converse([&] {
        TlsClient old = client();
        SSL_CTX_set_max_proto_version(old.native(), TLS1_1_VERSION);
        SSL_CTX_set_security_level(old.native(), 0);
        EXPECT_FALSE(old.connect(server_->port()));
        TlsClient block_cipher = client();
        SSL_CTX_set_max_proto_version(block_cipher.native(), TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(block_cipher.native(), "ECDHE-ECDSA-AES128-SHA256");
        EXPECT_FALSE(block_cipher.connect(server_->port()));
        TlsClient modern = client();
        SSL_CTX_set_max_proto_version(modern.native(), TLS1_2_VERSION);
        EXPECT_TRUE(modern.connect(server_->port()));
    });
    EXPECT_GE(server_->statistics().failed_handshakes, 2u);
}

TEST_F(HttpServerLoopback, takes_bodies_up_to_the_routes_limit_from_those_who_may) {
    start();
    converse([&] {
        const std::string body(1 << 20, 'm');
        const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n";
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        const std::string answer = peer.exchange(head + "Content-Length: 1048576\r\n\r\n" + body);
        EXPECT_TRUE(answer.ends_with(body));

        EXPECT_TRUE(
            peer.exchange(head + "Content-Length: 1048577\r\n\r\n").starts_with("HTTP/1.1 413 "));
        EXPECT_EQ(peer.receive(), "");

        TlsClient stranger = client();
        ASSERT_TRUE(stranger.connect(server_->port()));
        EXPECT_TRUE(stranger
                        .exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
                                  "1000000\r\n\r\n")
                        .starts_with("HTTP/1.1 401 "));
    });
}

TEST_F(HttpServerLoopback, says_continue_only_to_those_who_may_send) {
    start();
    converse([&] {
        const std::string head =
            "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n";
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        ASSERT_TRUE(peer.send(head + "Authorization: Bearer good\r\n\r\n"));
        EXPECT_EQ(peer.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_TRUE(peer.exchange("hi").ends_with("\r\n\r\nhi"));
        TlsClient stranger = client();
        ASSERT_TRUE(stranger.connect(server_->port()));
        EXPECT_TRUE(stranger.exchange(head + "\r\n").starts_with("HTTP/1.1 401 "));
    });
}

TEST_F(HttpServerLoopback, closes_after_a_malformed_request) {
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        const std::string answer = peer.exchange("nonsense\r\n\r\n" + get("/echo?say=x"));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 "));
        EXPECT_NE(answer.find("Connection: close"), std::string::npos);
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
        EXPECT_EQ(peer.receive(), "");
    });
}

TEST_F(HttpServerLoopback, gives_up_on_handlers_that_are_late_or_forget) {
    settings_.handler_timeout = std::chrono::milliseconds(50);
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        EXPECT_TRUE(peer.exchange(get("/forgotten")).starts_with("HTTP/1.1 500 "));
        EXPECT_TRUE(peer.exchange(get("/never")).starts_with("HTTP/1.1 504 "));
    });
    ASSERT_EQ(kept_.size(), 1u);
    kept_[0](wire::json_response(200, "{}"));  // too late: nobody is there any more
}

TEST_F(HttpServerLoopback, closes_connections_that_take_too_long_over_a_phase) {
    settings_.head_timeout = std::chrono::milliseconds(1);
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        ASSERT_TRUE(peer.send("GET / HTTP/1.1\r\nHost:"));
        EXPECT_EQ(peer.receive(), "");
    });
}

TEST_F(HttpServerLoopback, makes_room_for_newcomers_at_the_cost_of_slow_strangers) {
    settings_.connections_max = 4;
    start();
    converse([&] {
        TlsClient known = client();
        ASSERT_TRUE(known.connect(server_->port()));
        ASSERT_TRUE(known
                        .exchange("GET /who HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                  "good\r\n\r\n")
                        .ends_with("token:test"));
        std::vector<std::unique_ptr<TlsClient>> strangers;
        for (int i = 0; i < 20; ++i) {
            strangers.push_back(std::make_unique<TlsClient>(path("ca.crt")));
            ASSERT_TRUE(strangers.back()->connect(server_->port()));
            ASSERT_TRUE(strangers.back()->send("GET / HTTP/1.1\r\n"));
        }
        TlsClient newcomer = client();
        ASSERT_TRUE(newcomer.connect(server_->port()));
        EXPECT_TRUE(newcomer.exchange(get("/echo?say=in")).ends_with("in"));
        EXPECT_TRUE(known.exchange(get("/echo?say=still")).ends_with("still"));
    });
    EXPECT_GE(server_->statistics().evicted, 17u);
}

TEST_F(HttpServerLoopback, streams_events_and_repeats_the_missed) {
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        ASSERT_TRUE(peer.send(get("/events")));
        EXPECT_NE(peer.receive().find("text/event-stream"), std::string::npos);
        boost::asio::post(loop_, [this] { server_->events().publish("fleet", "{\"a\":1}"); });
        EXPECT_EQ(peer.receive(), "id: 1\nevent: fleet\ndata: {\"a\":1}\n\n");
        TlsClient back = client();
        ASSERT_TRUE(back.connect(server_->port()));
        ASSERT_TRUE(back.send("GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n"));
        EXPECT_NE(back.receive().find("text/event-stream"), std::string::npos);
        EXPECT_EQ(back.receive(), "id: 1\nevent: fleet\ndata: {\"a\":1}\n\n");
    });
}

TEST_F(HttpServerLoopback, sends_heartbeats_to_quiet_streams) {
    settings_.event_heartbeat = std::chrono::milliseconds(10);
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        ASSERT_TRUE(peer.send(get("/events")));
        peer.receive();
        EXPECT_TRUE(peer.receive().starts_with(":\n\n"));
    });
}

TEST_F(HttpServerLoopback, drops_a_stream_whose_client_does_not_read) {
    settings_.event_limits.queue_bytes = 1 << 16;
    start();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(server_->port()));
        ASSERT_TRUE(peer.send(get("/events")));
        peer.receive();
        std::promise<std::size_t> left;
        boost::asio::post(loop_, [&] { flood(left); });
        EXPECT_EQ(left.get_future().get(), 0u);
    });
}

TEST_F(HttpServerLoopback, knows_the_peer_of_its_unix_socket) {
    start();
    converse([&] {
        boost::asio::io_context loop;
        boost::asio::local::stream_protocol::socket socket(loop);
        socket.connect(settings_.unix_socket);
        boost::asio::write(socket, boost::asio::buffer(get("/who")));
        std::string text(4096, '\0');
        text.resize(socket.read_some(boost::asio::buffer(text)));
        EXPECT_TRUE(text.ends_with("uid:" + std::to_string(::geteuid())));
    });
}

TEST_F(HttpServerLoopback, says_why_it_cannot_listen) {
    start();
    HttpSettings second = settings_;
    second.port = server_->port();
    const auto taken = HttpServer(loop_, second, kRoutes, handlers(), viewer_only).start();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::kUnavailable);
    EXPECT_NE(taken.error().message.find(std::to_string(server_->port())), std::string::npos);
    second.port = 0;
    second.certificate_file = path("missing.pem");
    EXPECT_EQ(HttpServer(loop_, second, kRoutes, handlers(), viewer_only).start().error().kind,
              ErrorKind::kNotFound);
    second.certificate_file = path("ca.crt");
    EXPECT_EQ(HttpServer(loop_, second, kRoutes, handlers(), viewer_only).start().error().kind,
              ErrorKind::kInvalidInput);
    second.address = "nowhere";
    second.certificate_file = settings_.certificate_file;
    EXPECT_EQ(HttpServer(loop_, second, kRoutes, handlers(), viewer_only).start().error().kind,
              ErrorKind::kInvalidInput);
}

TEST_F(HttpServerLoopback, stops_after_the_answer_under_way) {
    start();
    std::uint16_t port = server_->port();
    converse([&] {
        TlsClient peer = client();
        ASSERT_TRUE(peer.connect(port));
        ASSERT_TRUE(peer.exchange(get("/echo?say=a")).ends_with("a"));
        TlsClient waiting = client();
        ASSERT_TRUE(waiting.connect(port));
        ASSERT_TRUE(waiting.send(get("/never")));
        while (kept_count_ == 0) {
            std::promise<std::size_t> count;
            boost::asio::post(loop_, [&] { count.set_value(kept_.size()); });
            kept_count_ = count.get_future().get();
        }
        boost::asio::post(loop_, [this] {
            server_->stop();
            kept_.at(0)(wire::text_response(200, "text/plain", "last words"));
        });
        EXPECT_TRUE(waiting.response().ends_with("last words"));
        EXPECT_EQ(peer.receive(), "");
        TlsClient late = client();
        EXPECT_FALSE(late.connect(port));
    });
}

}  // namespace
}  // namespace frugal::net
