// SPDX-License-Identifier: Apache-2.0
#include "net/mqtt_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <fstream>
#include <thread>

#include "unit/net/local_broker.hpp"

namespace frugal::net {
namespace {

using base::ErrorKind;
using tests::LocalBroker;

class Peer {
public:
    explicit Peer(MqttSettings settings)
        : link_(loop_, std::move(settings),
                {[this](const MessageBatch& batch) {
                     for (std::size_t i = 0; i < batch.size(); ++i) {
                         messages.emplace_back(std::string(batch[i].topic) + " " +
                                               std::string(base::as_text(batch[i].payload)));
                     }
                 },
                 [this](const LinkChange& change) { changes.push_back(change); }}) {}

    MqttLink& link() { return link_; }

    /// Runs the loop until the condition holds; false after ten seconds.
    template <typename Condition>
    bool until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            loop_.run_one_for(std::chrono::milliseconds(100));
        }
        return true;
    }
    bool until_up() {
        return until([this] { return !changes.empty() && changes.back().is_up; });
    }

    std::deque<std::string> messages;
    std::deque<LinkChange> changes;

private:
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        loop_.get_executor()};
    MqttLink link_;
};

MqttSettings local(const std::string& socket, std::string client_id) {
    MqttSettings settings;
    settings.host = socket;
    settings.port = 0;
    settings.client_id = std::move(client_id);
    settings.reconnect_min = std::chrono::milliseconds(20);
    settings.reconnect_max = std::chrono::milliseconds(200);
    return settings;
}

class MqttLinkLoopback : public ::testing::Test {
protected:
    void SetUp() override {
        if (!LocalBroker::is_installed()) {
            GTEST_SKIP() << "needs " << LocalBroker::kProgram;
        }
    }
};

TEST_F(MqttLinkLoopback, carries_messages_in_order_over_a_unix_socket) {
    const LocalBroker broker;
    MqttSettings gateway = local(broker.socket(), "frugald:plant-7");
    gateway.subscriptions = {"frugal/v1/plant-7/+/up/+"};
    Peer receiver(gateway);
    Peer sender(local(broker.socket(), "device"));
    ASSERT_TRUE(receiver.link().start());
    ASSERT_TRUE(sender.link().start());
    ASSERT_TRUE(receiver.until_up());
    EXPECT_TRUE(receiver.changes.back().uses_mqtt5);
    ASSERT_TRUE(sender.until_up());
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(sender.link().publish("frugal/v1/plant-7/d/up/decisions",
                                          base::as_bytes(std::to_string(i)), Qos::kAtMostOnce));
    }
    ASSERT_TRUE(receiver.until([&] { return receiver.messages.size() >= 1000; }));
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(receiver.messages[i], "frugal/v1/plant-7/d/up/decisions " + std::to_string(i));
    }
    EXPECT_EQ(receiver.link().counters().received, 1000u);
    EXPECT_EQ(sender.link().counters().published, 1000u);
}

TEST_F(MqttLinkLoopback, says_who_cannot_be_reached_and_comes_back_by_itself) {
    LocalBroker broker;
    broker.stop();
    Peer peer(local(broker.socket(), "frugald:plant-7"));
    ASSERT_TRUE(peer.link().start());
    ASSERT_TRUE(peer.until([&] { return peer.changes.size() >= 2; }));
    EXPECT_FALSE(peer.changes[0].is_up);
    EXPECT_EQ(peer.changes[0].error.kind, ErrorKind::kUnavailable);
    EXPECT_NE(peer.changes[0].error.message.find(broker.socket()), std::string::npos);
    EXPECT_FALSE(peer.changes[0].error.cause.empty());
    EXPECT_EQ(peer.link().publish("t", {}, Qos::kAtMostOnce).error().kind, ErrorKind::kUnavailable);

    broker.start();
    ASSERT_TRUE(peer.until_up());
    broker.stop();
    ASSERT_TRUE(peer.until([&] { return !peer.changes.back().is_up; }));
    broker.start();
    ASSERT_TRUE(peer.until_up());
    EXPECT_EQ(peer.link().counters().connects, 2u);
}

bool is_takeover(const LinkChange& change) {
    return !change.is_up && change.error.kind == ErrorKind::kConflict;
}

TEST_F(MqttLinkLoopback, says_that_another_client_takes_its_session_over) {
    // Mosquitto 2.0 closes such a session without a word: the row of losses tells.
    const LocalBroker broker;
    Peer first(local(broker.socket(), "frugald:plant-7"));
    ASSERT_TRUE(first.link().start());
    ASSERT_TRUE(first.until_up());
    Peer second(local(broker.socket(), "frugald:plant-7"));
    ASSERT_TRUE(second.link().start());
    ASSERT_TRUE(
        first.until([&] { return !first.changes.empty() && is_takeover(first.changes.back()); }));
    second.link().stop();
    const base::Error error = first.changes.back().error;
    EXPECT_NE(error.message.find("another client"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(broker.socket()), std::string::npos) << error.message;
    EXPECT_NE(error.cause.find("frugald:plant-7"), std::string::npos) << error.cause;
    EXPECT_NE(error.remedy.find("stop it"), std::string::npos) << error.remedy;
    // The very first loss could be a broker that stopped: it names both.
    EXPECT_EQ(first.changes[1].error.kind, ErrorKind::kUnavailable);
    EXPECT_NE(first.changes[1].error.remedy.find("another client"), std::string::npos);
    // The other one has gone: the first comes back by itself.
    EXPECT_TRUE(first.until_up());
}

TEST_F(MqttLinkLoopback, hears_a_broker_that_says_who_ended_the_session) {
    const tests::TemporaryDirectory directory;
    const std::string path = (directory.path() / "mqtt.sock").string();
    boost::asio::io_context loop;
    using boost::asio::local::stream_protocol;
    stream_protocol::acceptor acceptor(loop, stream_protocol::endpoint(path));
    std::thread broker([&] {
        stream_protocol::socket socket(loop);
        acceptor.accept(socket);
        std::array<char, 256> connect{};
        socket.read_some(boost::asio::buffer(connect));
        // CONNACK, then DISCONNECT with reason 0x8E, session taken over (MQTT 5, 3.14.2.1).
        const std::array<std::uint8_t, 9> answer{0x20, 3, 0, 0, 0, 0xe0, 2, 0x8e, 0};
        boost::asio::write(socket, boost::asio::buffer(answer));
    });
    Peer peer(local(path, "frugald:plant-7"));
    ASSERT_TRUE(peer.link().start());
    const bool is_told = peer.until(
        [&] { return std::any_of(peer.changes.begin(), peer.changes.end(), is_takeover); });
    broker.join();
    EXPECT_TRUE(is_told);
}

TEST_F(MqttLinkLoopback, drops_and_counts_what_is_too_large_or_too_much) {
    const LocalBroker broker;
    MqttSettings gateway = local(broker.socket(), "frugald:plant-7");
    gateway.subscriptions = {"up/#"};
    gateway.payload_bytes_max = 100;
    gateway.inbound_messages_max = 10;
    Peer receiver(gateway);
    Peer sender(local(broker.socket(), "device"));
    ASSERT_TRUE(receiver.link().start());
    ASSERT_TRUE(sender.link().start());
    ASSERT_TRUE(receiver.until_up());
    ASSERT_TRUE(sender.until_up());
    ASSERT_TRUE(sender.link().publish("up/a", base::Bytes(101), Qos::kAtMostOnce));
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(sender.link().publish("up/a", base::Bytes(100), Qos::kAtLeastOnce));
    }
    // Nobody takes from the receiver's loop while these arrive.
    ASSERT_TRUE(sender.until([&] { return receiver.link().counters().received >= 51; }));
    ASSERT_TRUE(receiver.until([&] { return receiver.messages.size() >= 10; }));
    EXPECT_EQ(receiver.messages.size(), 10u);
    EXPECT_EQ(receiver.link().counters().dropped_too_large, 1u);
    EXPECT_EQ(receiver.link().counters().dropped_queue_full, 40u);
}

TEST_F(MqttLinkLoopback, stops_while_connecting_and_calls_nobody_afterwards) {
    LocalBroker broker;
    broker.stop();
    Peer peer(local(broker.socket(), "frugald:plant-7"));
    ASSERT_TRUE(peer.link().start());
    peer.link().stop();
    EXPECT_FALSE(peer.link().is_up());
}

TEST_F(MqttLinkLoopback, refuses_settings_that_can_never_work) {
    MqttSettings remote;
    remote.host = "broker.example";
    remote.client_id = "frugald:plant-7";
    const auto plain = Peer(remote).link().start();
    ASSERT_FALSE(plain);
    EXPECT_NE(plain.error().message.find("TLS"), std::string::npos);
    remote.tls = MqttTlsFiles{"/nonexistent/ca.pem", "/nonexistent/c.pem", "/nonexistent/k.pem"};
    const auto missing = Peer(remote).link().start();
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace frugal::net
