// SPDX-License-Identifier: Apache-2.0
// One MQTT session of one device: connects, subscribes, keeps itself alive, publishes. Owned by the
// device's link, on the loop's thread. It never reconnects by itself and never queues while it is
// not ready: the node library repairs what is lost. The listener must not destroy it from a call.
#pragma once

#include <optional>

#include "device-sim/mqtt/parser.hpp"
#include "device-sim/net/tls_connection.hpp"

namespace frugal::swarm {

class MqttClient : TlsConnection::Listener {
public:
    class Listener {
    public:
        virtual ~Listener() = default;
        /// Connected and subscribed.
        virtual void on_mqtt_ready() = 0;
        virtual void on_mqtt_message(std::string_view topic, ByteView payload) = 0;
        /// The broker's answer to a QoS 1 publish.
        virtual void on_mqtt_puback(std::uint16_t packet_id, std::uint8_t reason) = 0;
        /// The session is over; nothing follows.
        virtual void on_mqtt_closed(const Error& error) = 0;
    };
    struct Settings {
        const Endpoint* endpoint = nullptr;
        const TlsContext* context = nullptr;
        const Identity* identity = nullptr;
        Bytes* session = nullptr;  ///< TLS session to resume and to replace
        mqtt::Version version = mqtt::Version::k5;
        mqtt::Connect connect;
        std::vector<std::string> filters;
    };
    static constexpr Milliseconds kConnectDeadline{60000};

    MqttClient(EventLoop& loop, Listener& listener, Settings settings);
    ~MqttClient() override;

    Result<void> open();

    /// Publishes; at QoS 1 the packet id is returned, at QoS 0 zero. Absent if it cannot be sent.
    std::optional<std::uint16_t> publish(std::string_view topic, ByteView payload, mqtt::Qos qos);

    /// Joins or leaves a topic while ready; what the broker answers is not waited for.
    void subscribe(const std::string& filter);
    void unsubscribe(const std::string& filter);

    /// Orderly: DISCONNECT, then TLS and socket. The listener is not told.
    void close();

    /// As a power cut would: the socket goes, the broker finds out by itself and sends the will.
    void drop();

    bool is_ready() const { return phase_ == Phase::kReady; }
    bool was_resumed() const { return connection_.was_resumed(); }
    TlsConnection::Traffic traffic() const { return connection_.traffic(); }

private:
    enum class Phase { kClosed, kConnecting, kSubscribing, kReady };

    void on_tls_open() override;
    void on_tls_data(ByteView bytes) override;
    void on_tls_closed(const Error& error) override;

    void on_packet(const mqtt::Packet& packet);
    void on_connack(const mqtt::Connack& connack);
    void on_suback(const mqtt::Suback& suback);
    void on_publish(const mqtt::Publish& publish);
    void finish(const Error& error);
    void arm_keep_alive();
    void on_keep_alive();
    std::uint16_t next_packet_id();
    /// Sets topic and alias of a publish so that a known topic travels as two bytes.
    void choose_alias(mqtt::Publish& publish);

    EventLoop& loop_;
    Listener& listener_;
    Settings settings_;
    TlsConnection connection_;
    mqtt::Parser parser_;
    Phase phase_ = Phase::kClosed;
    TimerId timer_ = 0;
    bool has_sent_ = false;
    bool awaits_pong_ = false;
    std::uint16_t last_packet_id_ = 0;
    std::uint16_t alias_maximum_ = 0;
    std::vector<std::string> aliased_topics_;
};

}  // namespace frugal::swarm
