// SPDX-License-Identifier: Apache-2.0
// The link over mutual TLS against a real broker: who is let in, and what is said to who is not.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>

#include "crypto/private_file.hpp"
#include "crypto/site_authority.hpp"
#include "net/mqtt_link.hpp"
#include "unit/net/local_broker.hpp"

namespace frugal::net {
namespace {

using base::ErrorKind;
using tests::LocalBroker;

std::uint16_t free_port() {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

base::WallTime today() {
    return {std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
}

class MqttTlsLoopback : public ::testing::Test {
protected:
    void SetUp() override {
        if (!LocalBroker::is_installed()) {
            GTEST_SKIP() << "needs " << LocalBroker::kProgram;
        }
        const auto server = authority_.issue_server({}, today()).value();
        write("ca.pem", authority_.root().pem);
        write("server.pem", server.certificate.pem);
        write("server.key", server.key_pem);
        write("revoked.crl", authority_.make_revocation_list({}, 1).value());
        write_client("gateway", authority_);
    }

    void write(const std::string& name, const std::string& text) {
        ASSERT_TRUE(crypto::write_file(files_.path() / name, base::as_bytes(text),
                                       crypto::FileAccess::kOwnerOnly));
    }
    std::string file(const std::string& name) const { return (files_.path() / name).string(); }

    void write_client(const std::string& name, const crypto::SiteAuthority& authority) {
        const auto client = authority.issue_gateway_client(today()).value();
        write(name + ".pem", client.certificate.pem);
        write(name + ".key", client.key_pem);
        serial_ = client.certificate.serial;
    }

    std::string listener() const {
        return "per_listener_settings false\nlistener " + std::to_string(port_) +
               " 127.0.0.1\ncafile " + file("ca.pem") + "\ncertfile " + file("server.pem") +
               "\nkeyfile " + file("server.key") + "\ncrlfile " + file("revoked.crl") +
               "\nrequire_certificate true\n";
    }

    /// The first change of a link that dials the TLS listener.
    LinkChange first_change(const std::string& ca, const std::string& client) {
        MqttSettings settings;
        settings.host = "127.0.0.1";  // a name needs /etc/hosts, which a bare root lacks
        settings.port = port_;
        settings.client_id = "frugald:test";
        settings.tls = MqttTlsFiles{file(ca), file(client + ".pem"), file(client + ".key")};
        boost::asio::io_context loop;
        std::deque<LinkChange> changes;
        MqttLink link(loop, settings,
                      {[](const MessageBatch&) {},
                       [&](const LinkChange& change) { changes.push_back(change); }});
        EXPECT_TRUE(link.start());
        for (int i = 0; i < 100 && changes.empty(); ++i) {
            loop.restart();
            const auto guard = boost::asio::make_work_guard(loop);
            loop.run_one_for(std::chrono::milliseconds(100));
        }
        EXPECT_FALSE(changes.empty());
        return changes.empty() ? LinkChange{} : changes.front();
    }

    tests::TemporaryDirectory files_;
    crypto::SiteAuthority authority_ =
        crypto::SiteAuthority::create(base::SiteId::parse("test").value(), today()).value();
    crypto::SerialNumber serial_;
    std::uint16_t port_ = free_port();
};

TEST_F(MqttTlsLoopback, lets_the_gateway_in_with_its_certificate) {
    const LocalBroker broker(listener());
    const LinkChange change = first_change("ca.pem", "gateway");
    EXPECT_TRUE(change.is_up) << change.error.describe();
    EXPECT_TRUE(change.uses_mqtt5);
}

TEST_F(MqttTlsLoopback, does_not_talk_to_a_broker_of_another_authority) {
    const LocalBroker broker(listener());
    const auto stranger =
        crypto::SiteAuthority::create(base::SiteId::parse("other").value(), today()).value();
    write("other.pem", stranger.root().pem);
    const LinkChange change = first_change("other.pem", "gateway");
    EXPECT_FALSE(change.is_up);
    EXPECT_NE(change.error.describe().find("certificate"), std::string::npos)
        << change.error.describe();
}

TEST_F(MqttTlsLoopback, says_so_when_the_broker_does_not_trust_our_certificate) {
    const LocalBroker broker(listener());
    const auto stranger =
        crypto::SiteAuthority::create(base::SiteId::parse("other").value(), today()).value();
    write_client("foreign", stranger);
    const LinkChange change = first_change("ca.pem", "foreign");
    EXPECT_FALSE(change.is_up);
    EXPECT_NE(change.error.remedy.find("certificate"), std::string::npos)
        << change.error.describe();
}

TEST_F(MqttTlsLoopback, is_refused_once_its_certificate_is_revoked) {
    const std::vector<crypto::RevokedSerial> revoked{{serial_, today()}};
    write("revoked.crl", authority_.make_revocation_list(revoked, 2).value());
    const LocalBroker broker(listener());
    EXPECT_FALSE(first_change("ca.pem", "gateway").is_up);
}

TEST_F(MqttTlsLoopback, says_that_nobody_listens) {
    const LinkChange change = first_change("ca.pem", "gateway");
    EXPECT_FALSE(change.is_up);
    EXPECT_EQ(change.error.kind, ErrorKind::kUnavailable);
    EXPECT_NE(change.error.message.find(std::to_string(port_)), std::string::npos);
    EXPECT_EQ(change.error.cause, "Connection refused");
}

/// The library alone would poll such a connection without pause until the keepalive runs out.
TEST_F(MqttTlsLoopback, notices_a_peer_that_accepts_and_closes) {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor acceptor(loop,
                                            {boost::asio::ip::make_address("127.0.0.1"), port_});
    std::thread peer([&] {
        boost::system::error_code ignored;
        boost::asio::ip::tcp::socket socket(loop);
        acceptor.accept(socket, ignored);
    });
    const LinkChange change = first_change("ca.pem", "gateway");
    EXPECT_FALSE(change.is_up);
    EXPECT_FALSE(change.error.message.empty());
    peer.join();
}

}  // namespace
}  // namespace frugal::net
