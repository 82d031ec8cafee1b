// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/mqtt_client.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "device-sim/mqtt/encoder.hpp"

namespace frugal::swarm {
namespace {

constexpr std::uint16_t kAliasesMax = 8;  // a device publishes to seven topics

}  // namespace

MqttClient::MqttClient(EventLoop& loop, Listener& listener, Settings settings)
    : loop_(loop),
      listener_(listener),
      settings_(std::move(settings)),
      connection_(loop, *this),
      parser_(settings_.version, settings_.connect.maximum_packet_size) {}

MqttClient::~MqttClient() {
    loop_.timers().cancel(timer_);
}

Result<void> MqttClient::open() {
    auto opened = connection_.open(*settings_.endpoint, *settings_.context, *settings_.identity,
                                   *settings_.session);
    if (!opened) {
        return opened;
    }
    phase_ = Phase::kConnecting;
    timer_ = loop_.timers().arm(kConnectDeadline, [this] {
        finish(Error{"the broker did not answer in time", "60 s without CONNACK and SUBACK", {}});
    });
    return {};
}

void MqttClient::on_tls_open() {
    Bytes packet;
    mqtt::encode_connect(settings_.connect, settings_.version, packet);
    connection_.send(packet);
}

void MqttClient::on_tls_data(ByteView bytes) {
    const auto fed = parser_.feed(bytes, [this](const mqtt::Packet& packet) {
        if (phase_ != Phase::kClosed) {
            on_packet(packet);
        }
    });
    if (!fed && phase_ != Phase::kClosed) {
        finish(fed.error());
    }
}

void MqttClient::on_tls_closed(const Error& error) {
    finish(error);
}

void MqttClient::finish(const Error& error) {
    if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) {
        return;
    }
    loop_.timers().cancel(timer_);
    connection_.close();
    listener_.on_mqtt_closed(error);
}

void MqttClient::on_packet(const mqtt::Packet& packet) {
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        on_connack(*connack);
    } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
        on_suback(*suback);
    } else if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        on_publish(*publish);
    } else if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
        listener_.on_mqtt_puback(puback->packet_id, puback->reason);
    } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) {
        finish(Error{"the broker ended the session", mqtt::reason_text(disconnect->reason), {}});
    } else if (std::holds_alternative<mqtt::Pingresp>(packet)) {
        awaits_pong_ = false;
    }
}

void MqttClient::subscribe(const std::string& filter) {
    if (phase_ == Phase::kReady) {
        Bytes packet;
        mqtt::encode_subscribe(next_packet_id(), std::span(&filter, 1), mqtt::Qos::kAtMostOnce,
                               settings_.version, packet);
        connection_.send(packet);
    }
}

void MqttClient::unsubscribe(const std::string& filter) {
    if (phase_ == Phase::kReady) {
        Bytes packet;
        mqtt::encode_unsubscribe(next_packet_id(), filter, settings_.version, packet);
        connection_.send(packet);
    }
}

void MqttClient::on_connack(const mqtt::Connack& connack) {
    if (connack.reason != 0 || phase_ != Phase::kConnecting) {
        finish(Error{"the broker refused the session", mqtt::reason_text(connack.reason), {}});
        return;
    }
    alias_maximum_ = std::min(connack.topic_alias_maximum, kAliasesMax);
    settings_.connect.keep_alive_s =
        connack.server_keep_alive_s.value_or(settings_.connect.keep_alive_s);
    phase_ = Phase::kSubscribing;
    Bytes packet;
    mqtt::encode_subscribe(next_packet_id(), settings_.filters, mqtt::Qos::kAtMostOnce,
                           settings_.version, packet);
    connection_.send(packet);
}

void MqttClient::on_suback(const mqtt::Suback& suback) {
    if (phase_ != Phase::kSubscribing) {
        return;
    }
    const auto refused = std::find_if(suback.reasons.begin(), suback.reasons.end(),
                                      [](std::uint8_t reason) { return reason >= 0x80; });
    if (refused != suback.reasons.end()) {
        finish(Error{"the broker refused a subscription", mqtt::reason_text(*refused),
                     "check the broker's ACL for this device"});
        return;
    }
    phase_ = Phase::kReady;
    arm_keep_alive();
    listener_.on_mqtt_ready();
}

void MqttClient::on_publish(const mqtt::Publish& publish) {
    if (publish.qos == mqtt::Qos::kAtLeastOnce) {
        Bytes packet;
        mqtt::encode_puback(publish.packet_id, packet);
        connection_.send(packet);
    }
    if (phase_ == Phase::kReady && !publish.topic.empty()) {
        listener_.on_mqtt_message(publish.topic, publish.payload);
    }
}

void MqttClient::arm_keep_alive() {
    loop_.timers().cancel(timer_);
    const int seconds = std::max<int>(settings_.connect.keep_alive_s, 2);
    timer_ = loop_.timers().arm(Milliseconds{seconds * 500}, [this] { on_keep_alive(); });
}

void MqttClient::on_keep_alive() {
    if (awaits_pong_) {
        finish(Error{"the broker stopped answering", "no PINGRESP within half the keep alive", {}});
        return;
    }
    if (!std::exchange(has_sent_, false)) {
        Bytes packet;
        mqtt::encode_pingreq(packet);
        awaits_pong_ = connection_.send(packet);
    }
    arm_keep_alive();
}

std::uint16_t MqttClient::next_packet_id() {
    last_packet_id_ = last_packet_id_ == 0xffff ? 1 : last_packet_id_ + 1;
    return last_packet_id_;
}

void MqttClient::choose_alias(mqtt::Publish& publish) {
    const auto found = std::find(aliased_topics_.begin(), aliased_topics_.end(), publish.topic);
    if (found != aliased_topics_.end()) {
        publish.topic_alias = static_cast<std::uint16_t>(found - aliased_topics_.begin() + 1);
        publish.topic = {};
    } else if (aliased_topics_.size() < alias_maximum_) {
        aliased_topics_.emplace_back(publish.topic);
        publish.topic_alias = static_cast<std::uint16_t>(aliased_topics_.size());
    }
}

std::optional<std::uint16_t> MqttClient::publish(std::string_view topic, ByteView payload,
                                                 mqtt::Qos qos) {
    if (phase_ != Phase::kReady) {
        return std::nullopt;
    }
    mqtt::Publish publish;
    publish.topic = topic;
    publish.payload = payload;
    publish.qos = qos;
    publish.packet_id = qos == mqtt::Qos::kAtLeastOnce ? next_packet_id() : std::uint16_t{0};
    const std::size_t known = aliased_topics_.size();
    choose_alias(publish);
    Bytes packet;
    mqtt::encode_publish(publish, settings_.version, packet);
    if (!connection_.send(packet)) {
        aliased_topics_.resize(known);  // the broker never learned it
        return std::nullopt;
    }
    has_sent_ = true;
    return publish.packet_id;
}

void MqttClient::close() {
    if (std::exchange(phase_, Phase::kClosed) == Phase::kReady) {
        Bytes packet;
        mqtt::encode_disconnect(packet);
        connection_.send(packet);
    }
    loop_.timers().cancel(timer_);
    connection_.close();
}

void MqttClient::drop() {
    phase_ = Phase::kClosed;
    loop_.timers().cancel(timer_);
    connection_.close();
}

}  // namespace frugal::swarm
