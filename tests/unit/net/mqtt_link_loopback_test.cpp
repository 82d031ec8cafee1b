// SPDX-License-Identifier: Apache-2.0
#include "net/mqtt_link.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <fstream>

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
