// SPDX-License-Identifier: Apache-2.0
// What the broker tells the session, and what the session tells people when something is wrong.
#include <errno.h>
#include <mqtt_protocol.h>

#include <cstring>

#include "net/mqtt_session.hpp"

namespace frugal::net {

namespace {

using base::ErrorKind;

constexpr int kUnsupportedVersionV3 = 1;
constexpr int kQuickLossesOfAFight = 2;
constexpr int kFirstErrorReason = 0x80;  // below it are the library's own codes

}  // namespace

base::Error MqttSession::connection_error(std::string message, std::string cause) const {
    const std::string where = settings_.port == 0
                                  ? settings_.host
                                  : settings_.host + ":" + std::to_string(settings_.port);
    return {ErrorKind::kUnavailable, std::move(message) + " at " + where, std::move(cause),
            "start the broker, or correct mqtt.url"};
}

base::Error MqttSession::library_error(int code) const {
    const std::string cause =
        code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
    if (!refusal_.message.empty()) {
        return refusal_;
    }
    if (is_up_) {
        return closed_session_error(cause);
    }
    if (!last_tls_error_.empty()) {
        base::Error error = connection_error("no TLS session with the broker", last_tls_error_);
        error.remedy =
            "check that the broker's certificate is of this site's authority and names this host, "
            "and that the broker accepts the gateway's certificate";
        return error;
    }
    if (settings_.tls && is_tcp_connected_) {
        base::Error error = connection_error("the broker closed the connection", cause);
        error.remedy = "the broker's log says why: most often it does not trust our certificate";
        return error;
    }
    return connection_error("cannot reach the broker", cause);
}

void MqttSession::on_connect(int reason) {
    if (uses_mqtt5_ &&
        (reason == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || reason == kUnsupportedVersionV3)) {
        uses_mqtt5_ = false;
        mosquitto_int_option(client_.get(), MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311);
        refusal_ = connection_error("the broker does not speak MQTT 5", "falling back to 3.1.1");
        return;
    }
    if (reason != 0) {
        const char* text =
            uses_mqtt5_ ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason);
        refusal_ = connection_error("the broker refused the gateway", text);
        refusal_.kind = ErrorKind::kDenied;
        refusal_.remedy = "check the broker's access rules for client id " + settings_.client_id;
        return;
    }
    counters_.connects.fetch_add(1, std::memory_order_relaxed);
    for (const std::string& filter : settings_.subscriptions) {
        const int options =
            uses_mqtt5_ ? MQTT_SUB_OPT_SEND_RETAIN_NEVER | MQTT_SUB_OPT_NO_LOCAL : 0;
        mosquitto_subscribe_v5(client_.get(), nullptr, filter.c_str(), 1, options, nullptr);
    }
    if (settings_.subscriptions.empty()) {
        go_up();
    }
}

void MqttSession::on_subscribe(int granted) {
    if (granted > 2) {
        refusal_ = connection_error("the broker refused the gateway's subscription",
                                    mosquitto_reason_string(granted));
        refusal_.kind = ErrorKind::kDenied;
        refusal_.remedy = "check the broker's access rules for client id " + settings_.client_id;
        mosquitto_disconnect(client_.get());
        return;
    }
    if (missing_grants_ > 0 && --missing_grants_ == 0) {
        go_up();
    }
}

/// Mosquitto 2.0 closes a session that is taken over without a word, as it does when it stops. But
/// a broker that stopped does not let us in again at once, over and over.
base::Error MqttSession::closed_session_error(const std::string& cause) const {
    if (quick_losses_ >= kQuickLossesOfAFight) {
        return taken_over_error();
    }
    base::Error error = connection_error("the broker closed the session", cause);
    error.remedy =
        "start the broker if it stopped; if it runs, its log says whether another client "
        "connected as " +
        settings_.client_id;
    return error;
}

base::Error MqttSession::taken_over_error() const {
    base::Error error = connection_error("another client took the session over",
                                         "it connects with the client id " + settings_.client_id +
                                             ", which belongs to this gateway alone");
    error.kind = ErrorKind::kConflict;
    error.remedy =
        "find the second frugald of this site (the broker's log names it) and stop it, or give it "
        "a site of its own";
    return error;
}

/// MQTT 5 only: many brokers say why they end a session.
void MqttSession::on_disconnect(int reason) {
    if (reason < kFirstErrorReason || !refusal_.message.empty()) {
        return;
    }
    refusal_ = connection_error("the broker ended the session", mosquitto_reason_string(reason));
    refusal_.remedy = "the broker's log says more; the gateway connects again by itself";
    if (reason != MQTT_RC_SESSION_TAKEN_OVER) {
        return;
    }
    refusal_ = taken_over_error();
}

void MqttSession::on_message(const mosquitto_message& message) {
    counters_.received.fetch_add(1, std::memory_order_relaxed);
    const auto size = static_cast<std::size_t>(message.payloadlen);
    if (message.retain) {
        counters_.dropped_retained.fetch_add(1, std::memory_order_relaxed);
    } else if (size > settings_.payload_bytes_max) {
        counters_.dropped_too_large.fetch_add(1, std::memory_order_relaxed);
    } else if (!inbox_.put(message.topic,
                           {static_cast<const std::uint8_t*>(message.payload), size})) {
        counters_.dropped_queue_full.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace frugal::net
