// SPDX-License-Identifier: Apache-2.0
// One publisher of the ingest bench: a real MQTT/TLS session that keeps a window of decisions in
// flight and goes on when an ack arrives. Owned by LoadFleet, loop thread, never moves. It runs no
// model and keeps no ledger: it costs as little as a client can, so that the broker is the limit.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "device-sim/net/connect_gate.hpp"
#include "device-sim/net/mqtt_client.hpp"

namespace frugal::bench {

struct LoadCounters {
    std::uint64_t acked = 0;  ///< decisions
    std::uint64_t acks = 0;   ///< ack messages that moved a window
    std::uint64_t messages = 0;
    std::uint64_t payload_bytes = 0;
    std::uint64_t repeats = 0;  ///< times a device began again because no ack came
    std::uint64_t disconnects = 0;
    std::uint64_t answered = 0;      ///< escalations
    std::uint64_t turned_away = 0;   ///< with BUSY or a refusal
    std::vector<double> trips_us{};  ///< of the answered ones, from publish to verdict
};

/// What the devices of a fleet share.
struct LoadContext {
    swarm::EventLoop* loop = nullptr;
    swarm::ConnectGate* gate = nullptr;
    const swarm::TlsContext* tls = nullptr;
    const swarm::Endpoint* broker = nullptr;
    std::string site;
    std::size_t phase = 0;  ///< which of the streams is in use: one a kind of subscriber
    bool is_sending = false;
    LoadCounters counters;
    std::string last_error;
};

class LoadDevice : swarm::MqttClient::Listener {
public:
    static constexpr std::size_t kStreams = 2;
    static constexpr std::uint32_t kBatch = 8;

    LoadDevice(LoadContext& context, std::string name, swarm::Identity identity,
               std::uint64_t seed);

    void connect();
    bool is_connected() const { return client_ && client_->is_ready(); }

    /// Asks the gateway for an ack of the present stream; has_answer() once it came.
    void say_hello();
    bool has_answer() const { return has_answer_; }

    /// Sends one escalation of so many input bytes; the verdict is counted. Nothing while one
    /// waits.
    void ask(std::uint32_t task, std::size_t input_bytes);

    /// Fills the window.
    void pump();
    bool is_drained() const { return stream().next == stream().acked; }
    /// Begins again at the first unacked decision if nothing moved for two seconds.
    void look_after();
    void close();

private:
    struct Stream {
        std::uint64_t id = 0;
        std::uint64_t next = 0;
        std::uint64_t acked = 0;
        swarm::Bytes head;  ///< canonical bytes before first_sequence
        swarm::Bytes tail;  ///< and after it
    };

    void on_mqtt_ready() override;
    void on_mqtt_message(std::string_view topic, swarm::ByteView payload) override;
    void on_mqtt_puback(std::uint16_t, std::uint8_t) override {}
    void on_mqtt_closed(const swarm::Error& error) override;

    void prepare(Stream& stream);
    void open();
    void on_verdict(swarm::ByteView payload);
    void send_batch();
    Stream& stream() { return streams_[context_.phase]; }
    const Stream& stream() const { return streams_[context_.phase]; }

    LoadContext& context_;
    std::string name_;
    std::string prefix_;
    std::string decisions_topic_;
    swarm::Identity identity_;
    swarm::Bytes session_;
    std::unique_ptr<swarm::MqttClient> client_;
    swarm::ConnectGate::Ticket ticket_ = 0;
    std::array<Stream, kStreams> streams_;
    swarm::Bytes buffer_;
    swarm::Milliseconds moved_at_{0};
    bool has_answer_ = false;
    bool is_asking_ = false;
    std::uint64_t next_question_ = 1;
    std::chrono::steady_clock::time_point asked_at_;
    bool is_closing_ = false;
};

}  // namespace frugal::bench
