// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/device_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frugal/limits.h"

namespace frugal::swarm {
namespace {

constexpr std::uint16_t kKeepAliveS = 60;
constexpr std::uint32_t kPacketLimit = FR_MESSAGE_SIZE_MAX + FR_TOPIC_SIZE_MAX + 64;

std::string phase_key(fr_phase_t phase) {
    std::string name = phase_name(static_cast<std::uint32_t>(phase));
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
    });
    return name;
}

}  // namespace

DeviceLink::DeviceLink(LinkContext& context, Settings settings)
    : context_(context),
      settings_(std::move(settings)),
      books_(context, settings_.device.name, context.environment->task.task),
      up_air_(context.scenario->link, settings_.device.profile->radio,
              derive_seed(settings_.device.seed, "up")),
      down_air_(context.scenario->link, settings_.device.profile->radio,
                derive_seed(settings_.device.seed, "down")),
      random_(derive_seed(settings_.device.seed, "link")) {}

Result<std::unique_ptr<DeviceLink>> DeviceLink::create(LinkContext& context, Settings settings) {
    std::unique_ptr<DeviceLink> link(new DeviceLink(context, std::move(settings)));
    auto device = VirtualDevice::create(*context.environment, link->settings_.device, *link);
    if (!device) {
        return tl::unexpected<Error>(device.error());
    }
    link->device_ = std::move(*device);
    if (link->settings_.is_attacked) {
        link->evil_ = std::make_unique<EvilBroker>(
            context.scenario->hostile, derive_seed(link->settings_.device.seed, "evil"));
    }
    return link;
}

DeviceLink::~DeviceLink() {
    stop();
}

void DeviceLink::start(Milliseconds delay) {
    boot();
    arm_sample();
    connect_after(delay);
}

void DeviceLink::boot() {
    auto booted = device_->boot(context_.loop->now());
    if (booted) {
        books_.booted(*device_);
        arm_power_cut("any");
    } else if (device_->flash().has_power()) {
        context_.statistics->last_error = booted.error().describe();
    }
    settle();
}

void DeviceLink::arm_power_cut(const std::string& phase) {
    for (PowerCutScenario& cut : settings_.power_cuts) {
        if (cut.phase == phase && cut.times > 0) {
            --cut.times;
            off_ms_ = cut.off_ms;
            device_->cut_power_after(cut.flash_operations +
                                     random_.below(cut.random_operations + 1ull));
            return;
        }
    }
}

void DeviceLink::connect_after(Milliseconds delay) {
    if (is_stopped_) {
        return;
    }
    timers().cancel(connect_timer_);
    connect_timer_ = timers().arm(delay, [this] {
        leave_gate();
        ticket_ = context_.gate->enter([this] { context_.loop->defer([this] { connect(); }); });
    });
}

MqttClient::Settings DeviceLink::client_settings() {
    const std::string prefix =
        "frugal/v1/" + context_.environment->site + "/" + device_->name() + "/";
    MqttClient::Settings client;
    client.endpoint = context_.broker;
    client.context = context_.tls;
    client.identity = &settings_.identity;
    client.session = &tls_session_;
    client.version = settings_.version;
    client.connect.client_id = device_->name();
    client.connect.keep_alive_s = kKeepAliveS;
    client.connect.maximum_packet_size = kPacketLimit;
    client.connect.will = mqtt::Will{prefix + "up/bye", device_->will()};
    client.filters = {prefix + "down/#"};
    return client;
}

void DeviceLink::connect() {
    if (is_stopped_ || !device_->is_alive() || client_) {
        leave_gate();
        return;
    }
    ++context_.statistics->connect_attempts;
    if (!context_.resumes_sessions) {
        tls_session_.clear();
    }
    MqttClient::Listener& listener = *this;
    client_ = std::make_unique<MqttClient>(*context_.loop, listener, client_settings());
    if (const auto opened = client_->open(); !opened) {
        on_mqtt_closed(opened.error());
    }
}

void DeviceLink::leave_gate() {
    if (ticket_ != 0) {
        context_.gate->leave(std::exchange(ticket_, 0));
    }
}

void DeviceLink::on_mqtt_ready() {
    leave_gate();
    backoff_.reset();
    failures_in_a_row_ = 0;
    ++generation_;
    Statistics& statistics = *context_.statistics;
    ++statistics.connects;
    statistics.connects_resumed += client_->was_resumed() ? 1 : 0;
    device_->charge_uj(FR_USE_OTHER, device_->energy().spend_handshake_uj(client_->was_resumed()));
    device_->on_connected(context_.loop->now());
    settle();
}

void DeviceLink::on_mqtt_closed(const Error& error) {
    leave_gate();
    Statistics& statistics = *context_.statistics;
    const bool was_connected = is_in_session();
    if (was_connected) {
        ++statistics.disconnects;
    } else {
        ++statistics.connect_failures;
        ++failures_in_a_row_;
        tls_session_.clear();  // the broker may have forgotten its ticket key
    }
    statistics.last_error = device_->name() + ": " + error.describe();
    discard_client();
    device_->on_disconnected(context_.loop->now());
    settle();
    connect_after(backoff_.next(random_));
}

void DeviceLink::discard_client() {
    generation_ += generation_ % 2;
    if (!client_) {
        return;
    }
    const auto traffic = client_->traffic();
    context_.statistics->tls_sent_bytes += traffic.sent_bytes;
    context_.statistics->tls_received_bytes += traffic.received_bytes;
    client_->drop();
    context_.loop->defer([client = std::shared_ptr<MqttClient>(std::move(client_))] {});
}

void DeviceLink::on_mqtt_puback(std::uint16_t, std::uint8_t reason) {
    constexpr std::uint8_t kNobodyListens = 16;
    constexpr std::uint8_t kNotAuthorized = 135;
    context_.statistics->hello_unheard += reason == kNobodyListens ? 1 : 0;
    context_.statistics->hello_denied += reason == kNotAuthorized ? 1 : 0;
}

void DeviceLink::on_decided(const fr_decision_t& decision, std::optional<int> label) {
    books_.follow_stream(fr_node_stream(&device_->node()));
    books_.decided(decision, label);
}

void DeviceLink::on_phase(std::uint32_t, fr_phase_t phase, fr_reason_t reason) {
    books_.phase(device_->task_status(), phase, reason);
    judge_attack(phase, reason);
    arm_power_cut(phase_key(phase));
}

void DeviceLink::judge_attack(fr_phase_t phase, fr_reason_t reason) {
    const HostileScenario& hostile = context_.scenario->hostile;
    const bool is_answer = phase == FR_PHASE_REFUSED || phase == FR_PHASE_STAGED;
    if (hostile.expected_reason.empty() || !was_attacked() || !is_answer || has_judged_attack_) {
        return;
    }
    has_judged_attack_ = true;
    const bool has_refused =
        phase == FR_PHASE_REFUSED &&
        hostile.expected_reason == reason_name(static_cast<std::uint32_t>(reason));
    has_refused_attack_ = has_refused;
    books_.attacked(hostile.attack == Attack::kDowngrade ? "downgrade" : "bad_signature",
                    phase == FR_PHASE_REFUSED ? static_cast<std::uint32_t>(reason) : 0u);
}

void DeviceLink::settle() {
    if (!device_->is_alive()) {
        if (boot_timer_ == 0) {
            on_power_lost();
        }
        return;
    }
    books_.acked(fr_node_acked_sequence(&device_->node()));
    arm_tick();
}

void DeviceLink::on_power_lost() {
    if (is_stopped_) {
        return;
    }
    books_.power_cut(device_->task_status());
    device_->lose_power();
    timers().cancel(tick_timer_);
    tick_at_ = Milliseconds{-1};
    timers().cancel(connect_timer_);
    leave_gate();
    discard_client();
    boot_timer_ = timers().arm(Milliseconds{std::max(off_ms_, 1u)}, [this] {
        boot_timer_ = 0;
        boot();
        connect_after(backoff_.next(random_));
    });
}

void DeviceLink::arm_tick() {
    const auto due = device_->next_deadline();
    const Milliseconds at = due.value_or(Milliseconds{-1});
    if (at == tick_at_) {
        return;
    }
    timers().cancel(tick_timer_);
    tick_at_ = at;
    if (due) {
        tick_timer_ = timers().arm(*due - context_.loop->now(), [this] {
            tick_at_ = Milliseconds{-1};
            device_->tick(context_.loop->now());
            settle();
        });
    }
}

void DeviceLink::arm_sample() {
    const double rate = context_.scenario->decisions_per_second;
    if (!is_sampling_ || rate <= 0) {
        return;
    }
    const double period_ms = 1000.0 / rate * (0.9 + 0.2 * random_.uniform());
    sample_timer_ = timers().arm(Milliseconds{static_cast<std::int64_t>(period_ms)}, [this] {
        arm_sample();
        if (!device_->is_alive()) {
            return;
        }
        const auto outcome = device_->sample(context_.loop->now());
        Statistics& statistics = *context_.statistics;
        statistics.samples_without_model +=
            outcome == VirtualDevice::SampleOutcome::kNoModel ? 1 : 0;
        statistics.samples_failed += outcome == VirtualDevice::SampleOutcome::kFailed ? 1 : 0;
        settle();
    });
}

void DeviceLink::break_connection(bool backs_off) {
    if (!client_ || is_stopped_) {
        return;
    }
    ++context_.statistics->disconnects;
    leave_gate();
    discard_client();
    device_->on_disconnected(context_.loop->now());
    settle();
    connect_after(backs_off ? backoff_.next(random_) : Milliseconds{1});
}

void DeviceLink::stop_sampling() {
    is_sampling_ = false;
    timers().cancel(sample_timer_);
}

std::uint64_t DeviceLink::pending() const {
    const fr_node_t& node = device_->node();
    return fr_node_next_sequence(&node) - fr_node_acked_sequence(&node);
}

bool DeviceLink::is_drained() const {
    return device_->is_alive() && pending() == 0;
}

TlsConnection::Traffic DeviceLink::live_traffic() const {
    return client_ ? client_->traffic() : TlsConnection::Traffic{};
}

void DeviceLink::stop() {
    if (std::exchange(is_stopped_, true)) {
        return;
    }
    stop_sampling();
    for (const TimerId timer : {connect_timer_, tick_timer_, boot_timer_}) {
        timers().cancel(timer);
    }
    leave_gate();
    if (is_connected()) {
        device_->say_bye(0, context_.loop->now());
        client_->close();
    }
    discard_client();
}

}  // namespace frugal::swarm
