// SPDX-License-Identifier: Apache-2.0
// The gateway's MQTT session with its broker: libmosquitto on a thread of its own, over a Unix
// socket to a local broker or mutual TLS to a remote one. Owned by the composition root; every
// public function and both handlers run on the loop's thread, the library's callbacks only copy
// and post. Promises nothing about delivery: a full hand-off queue drops and counts (no MQTT ack is
// an ack, devices repeat). Never retains, never relies on a session.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/message_batch.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::net {

struct MqttTlsFiles {
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
};

struct MqttSettings {
    std::string host = "127.0.0.1";  ///< or the path of a Unix socket when port is 0
    std::uint16_t port = 8883;
    std::optional<MqttTlsFiles> tls;         ///< absent: plain (Unix socket or loopback only)
    std::string client_id;                   ///< "frugald:SITE": a colon can be no device's id
    std::vector<std::string> subscriptions;  ///< granted QoS 1, so that hello keeps its QoS
    int keepalive_s = 30;
    base::Duration reconnect_min = std::chrono::milliseconds(200);
    base::Duration reconnect_max = std::chrono::seconds(15);
    base::Duration connect_timeout = std::chrono::seconds(10);  ///< start to subscribed
    std::uint64_t jitter_seed = 0;  ///< random in a daemon, so that gateways do not march in step
    std::size_t inbound_messages_max = 32768;  ///< waiting for the loop
    std::size_t inbound_bytes_max = 32u * 1024 * 1024;
    std::size_t payload_bytes_max = 6144;       ///< longer messages are dropped and counted
    std::size_t outbound_messages_max = 16384;  ///< published, not yet written to the socket
};

enum class Qos { kAtMostOnce = 0, kAtLeastOnce = 1 };

struct LinkChange {
    bool is_up = false;
    bool uses_mqtt5 = false;
    /// Why it is down: kUnavailable, kDenied (refused), kConflict (another client took the client
    /// id over); empty when up.
    base::Error error;
};

/// Totals since construction; read from any thread.
struct MqttCounters {
    std::uint64_t received = 0;
    std::uint64_t dropped_queue_full = 0;
    std::uint64_t dropped_too_large = 0;
    std::uint64_t dropped_retained = 0;
    std::uint64_t published = 0;
    std::uint64_t refused_publishes = 0;  ///< link down or outbound queue full
    std::uint64_t connects = 0;
};

class MqttLink {
public:
    struct Handlers {
        std::function<void(const MessageBatch&)> on_messages;
        std::function<void(const LinkChange&)> on_change;
    };

    /// The loop must outlive the link. Nothing happens before start().
    MqttLink(boost::asio::io_context& loop, MqttSettings settings, Handlers handlers);

    /// Stops if running.
    ~MqttLink();
    MqttLink(const MqttLink&) = delete;
    MqttLink& operator=(const MqttLink&) = delete;

    /// Starts the thread, which connects and reconnects until stop(). kInvalidInput for settings
    /// that can never work (a TLS file that does not exist, plain TCP to another machine).
    base::Result<void> start();

    /// Disconnects politely, waits for the thread; no handler runs afterwards.
    void stop();

    /// Hands one message to the library. kUnavailable when the link is down, kLimit when the
    /// outbound queue is full, kInvalidInput for a topic with wildcards or an oversized payload.
    base::Result<void> publish(std::string_view topic, base::ByteView payload, Qos qos);

    bool is_up() const;
    MqttCounters counters() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace frugal::net
