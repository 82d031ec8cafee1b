// SPDX-License-Identifier: Apache-2.0
// The messages of a device link, both ways: books, energy, air, then the session or the node.
#include <algorithm>
#include <utility>

#include "device-sim/fleet/device_link.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

std::optional<fr_down_kind_t> down_kind(std::string_view topic) {
    if (topic.find("/all/chunk/") != std::string_view::npos) {
        return FR_DOWN_SHARED_CHUNK;
    }
    const std::string_view name = topic.substr(topic.rfind('/') + 1);
    for (int kind = 0; kind < FR_DOWN_SHARED_CHUNK; ++kind) {
        if (name == down_kind_name(static_cast<fr_down_kind_t>(kind))) {
            return static_cast<fr_down_kind_t>(kind);
        }
    }
    return std::nullopt;
}

}  // namespace

bool DeviceLink::send(fr_up_kind_t kind, ByteView payload) {
    if (!is_connected()) {
        return false;
    }
    books_.sent(kind, payload);
    const Milliseconds now = context_.loop->now();
    device_->charge_uj(fr_use_of_up(kind), device_->energy().spend_message_uj(payload.size(), now));
    const auto arrivals = up_air_.arrivals(now);
    context_.statistics->lost_up += arrivals.empty() ? 1 : 0;
    context_.statistics->duplicated += arrivals.size() > 1 ? 1 : 0;
    for (const Milliseconds arrival : arrivals) {
        Bytes copy(payload.begin(), payload.end());
        if (arrival <= now || is_stopped_) {  // a goodbye does not wait for the radio
            transmit(kind, copy);
            continue;
        }
        timers().arm(arrival - now, [this, kind, copy = std::move(copy), session = generation_] {
            if (session == generation_) {
                transmit(kind, copy);
            }
        });
    }
    return true;
}

void DeviceLink::transmit(fr_up_kind_t kind, const Bytes& payload) {
    if (!is_connected()) {
        return;
    }
    context_.flush_failed = context_.flush_failed || !context_.ledger->flush();
    const std::string topic = "frugal/v1/" + context_.environment->site + "/" + device_->name() +
                              "/up/" + up_kind_name(kind);
    const auto qos = kind == FR_UP_HELLO ? mqtt::Qos::kAtLeastOnce : mqtt::Qos::kAtMostOnce;
    client_->publish(topic, payload, qos);
}

void DeviceLink::join_shared(ByteView artifact) {
    if (is_connected()) {
        client_->subscribe("frugal/v1/" + context_.environment->site + "/all/chunk/" +
                           to_hex(artifact));
    }
}

void DeviceLink::leave_shared(ByteView artifact) {
    if (is_connected()) {
        client_->unsubscribe("frugal/v1/" + context_.environment->site + "/all/chunk/" +
                             to_hex(artifact));
    }
}

std::uint16_t DeviceLink::rtt_ms() const {
    const double rtt_ms = up_air_.mean_delay_ms() + down_air_.mean_delay_ms();
    return static_cast<std::uint16_t>(std::clamp(rtt_ms, 1.0, 65535.0));
}

void DeviceLink::on_mqtt_message(std::string_view topic, ByteView payload) {
    const auto kind = down_kind(topic);
    if (!kind) {
        return;
    }
    books_.received(*kind, payload);
    const Milliseconds now = context_.loop->now();
    device_->charge_uj(fr_use_of_down(*kind),
                       device_->energy().spend_message_uj(payload.size(), now));
    const auto arrivals = down_air_.arrivals(now);
    context_.statistics->lost_down += arrivals.empty() ? 1 : 0;
    context_.statistics->duplicated += arrivals.size() > 1 ? 1 : 0;
    for (const Milliseconds arrival : arrivals) {
        Bytes copy(payload.begin(), payload.end());
        if (arrival <= now) {
            arrive(*kind, copy);
            continue;
        }
        timers().arm(arrival - now,
                     [this, kind = *kind, copy = std::move(copy), session = generation_] {
                         if (session == generation_) {
                             arrive(kind, copy);
                         }
                     });
    }
}

void DeviceLink::arrive(fr_down_kind_t kind, const Bytes& payload) {
    const Milliseconds now = context_.loop->now();
    if (!evil_) {
        device_->on_message(kind, payload, now);
        settle();
        return;
    }
    const std::uint64_t strikes = evil_->strikes();
    for (const DownMessage& message :
         evil_->pass({kind, payload}, device_->task_status().burned_counter)) {
        device_->on_message(message.kind, message.payload, now);
    }
    context_.statistics->attack_strikes += evil_->strikes() - strikes;
    settle();
}

}  // namespace frugal::swarm
