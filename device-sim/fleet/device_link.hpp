// SPDX-License-Identifier: Apache-2.0
// One device of the swarm in the world: its power, its sampling, its radio, its MQTT session. Owned
// by the fleet, loop thread, never moves. It reconnects by itself with jittered backoff, and boots
// the device again after a power cut. It decides nothing a real device's node would decide.
#pragma once

#include <memory>

#include "device-sim/fleet/device_books.hpp"
#include "device-sim/fleet/link_context.hpp"
#include "device-sim/hostile/evil_broker.hpp"
#include "device-sim/net/backoff.hpp"
#include "device-sim/net/identity.hpp"
#include "device-sim/net/mqtt_client.hpp"
#include "device-sim/radio/air.hpp"

namespace frugal::swarm {

class DeviceLink : DeviceHost, MqttClient::Listener {
public:
    struct Settings {
        VirtualDevice::Settings device;
        Identity identity;
        mqtt::Version version = mqtt::Version::k5;
        std::vector<PowerCutScenario> power_cuts;
        bool is_attacked = false;
    };

    static Result<std::unique_ptr<DeviceLink>> create(LinkContext& context, Settings settings);
    ~DeviceLink() override;

    DeviceBooks& books() { return books_; }
    const VirtualDevice& device() const { return *device_; }

    /// Powers the device on now and connects after `delay`.
    void start(Milliseconds delay);
    /// The connection breaks, as when the broker restarts.
    void break_connection(bool backs_off);
    void stop_sampling();
    /// Says goodbye and closes; nothing happens afterwards.
    void stop();

    bool is_connected() const { return client_ && client_->is_ready(); }
    /// The broker refuses the device again and again: it cannot drain.
    bool is_locked_out() const { return failures_in_a_row_ >= 3; }
    /// Everything decided was acknowledged and no escalation waits.
    bool is_drained() const;
    std::uint64_t pending() const;
    /// Bytes on the socket of the present session.
    TlsConnection::Traffic live_traffic() const;
    bool is_attacked() const { return evil_ != nullptr; }
    bool was_attacked() const { return evil_ && evil_->has_struck(); }
    bool has_refused_attack() const { return has_refused_attack_; }

private:
    DeviceLink(LinkContext& context, Settings settings);

    bool send(fr_up_kind_t kind, ByteView payload) override;
    void join_shared(ByteView artifact) override;
    void leave_shared(ByteView artifact) override;
    std::uint16_t rtt_ms() const override;
    void on_decided(const fr_decision_t& decision, std::optional<int> label) override;
    void on_phase(std::uint32_t task, fr_phase_t phase, fr_reason_t reason) override;

    void on_mqtt_ready() override;
    void on_mqtt_message(std::string_view topic, ByteView payload) override;
    void on_mqtt_puback(std::uint16_t packet_id, std::uint8_t reason) override;
    void on_mqtt_closed(const Error& error) override;

    void boot();
    void connect_after(Milliseconds delay);
    void connect();
    MqttClient::Settings client_settings();
    void leave_gate();
    void discard_client();
    void transmit(fr_up_kind_t kind, const Bytes& payload);
    void arrive(fr_down_kind_t kind, const Bytes& payload);
    /// Looks after the device after any call into it: power, acks, next tick.
    void settle();
    void on_power_lost();
    void arm_tick();
    void arm_sample();
    void arm_power_cut(const std::string& phase);
    void judge_attack(fr_phase_t phase, fr_reason_t reason);
    bool is_in_session() const { return generation_ % 2 == 1; }
    TimerWheel& timers() { return context_.loop->timers(); }

    LinkContext& context_;
    Settings settings_;
    DeviceBooks books_;
    std::unique_ptr<VirtualDevice> device_;
    std::unique_ptr<MqttClient> client_;
    std::unique_ptr<EvilBroker> evil_;
    Air up_air_;
    Air down_air_;
    Random random_;
    Backoff backoff_;
    Bytes tls_session_;
    ConnectGate::Ticket ticket_ = 0;
    TimerId connect_timer_ = 0;
    TimerId tick_timer_ = 0;
    TimerId sample_timer_ = 0;
    TimerId boot_timer_ = 0;
    Milliseconds tick_at_{-1};
    std::uint64_t generation_ = 0;  ///< odd in a session: what is in the air dies with it
    std::uint32_t failures_in_a_row_ = 0;
    std::uint32_t off_ms_ = 500;
    bool is_sampling_ = true;
    bool is_stopped_ = false;
    bool has_refused_attack_ = false;
    bool has_judged_attack_ = false;
};

}  // namespace frugal::swarm
