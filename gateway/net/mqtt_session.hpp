// SPDX-License-Identifier: Apache-2.0
// Private to this folder: libmosquitto and the thread that drives it. The thread polls the socket
// itself, because the library's own loop spins on a peer that closes during the TLS handshake,
// reads one packet per wake-up and cannot watch descriptors above 1023. Owned by MqttLink;
// publish() is called from the loop's thread, everything else here runs on the session's thread.
#pragma once

#include <mosquitto.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "net/backoff.hpp"
#include "net/message_inbox.hpp"
#include "net/mqtt_link.hpp"

namespace frugal::net {

/// Counters as they are written: each by one thread, read by any.
struct AtomicMqttCounters {
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> dropped_queue_full{0};
    std::atomic<std::uint64_t> dropped_too_large{0};
    std::atomic<std::uint64_t> dropped_retained{0};
    std::atomic<std::uint64_t> published{0};
    std::atomic<std::uint64_t> refused_publishes{0};
    std::atomic<std::uint64_t> connects{0};
};

class MqttSession {
public:
    struct Callbacks {
        std::function<void()> on_inbox;  ///< something waits in the inbox
        std::function<void(const LinkChange&)> on_change;
    };

    MqttSession(const MqttSettings& settings, MessageInbox& inbox, Callbacks callbacks);
    ~MqttSession();
    MqttSession(const MqttSession&) = delete;
    MqttSession& operator=(const MqttSession&) = delete;

    /// Applies TLS settings and starts the thread.
    base::Result<void> start();
    void stop();

    base::Result<void> publish(std::string_view topic, base::ByteView payload, Qos qos);
    bool is_up() const { return is_up_.load(std::memory_order_acquire); }
    const AtomicMqttCounters& counters() const { return counters_; }

private:
    struct Releaser {
        void operator()(mosquitto* client) const { mosquitto_destroy(client); }
    };

    base::Result<void> apply_tls();
    void set_callbacks();
    void run();
    /// One connection from start to end; returns why it ended.
    base::Error serve();
    base::Result<void> await_tcp(int fd);
    base::Result<void> turn(int fd);
    int read_burst(int fd);
    bool peer_has_closed(int fd) const;
    void wait(base::Duration duration);
    void drain_wake();
    void wake();
    base::Error connection_error(std::string message, std::string cause) const;
    base::Error library_error(int code) const;
    base::Error closed_session_error(const std::string& cause) const;
    base::Error taken_over_error() const;
    void note_loss();

    void on_connect(int reason);
    void on_subscribe(int granted);
    void on_disconnect(int reason);
    void on_message(const mosquitto_message& message);
    void go_up();

    const MqttSettings settings_;
    MessageInbox& inbox_;
    Callbacks callbacks_;
    std::unique_ptr<mosquitto, Releaser> client_;
    Backoff backoff_;
    int wake_fd_ = -1;
    std::thread thread_;
    std::atomic<bool> is_stopping_{false};
    std::atomic<bool> is_up_{false};
    std::atomic<bool> is_wake_pending_{false};
    std::atomic<std::size_t> outbound_{0};
    AtomicMqttCounters counters_;

    // Session thread only.
    bool uses_mqtt5_ = true;
    bool is_tcp_connected_ = false;
    std::size_t missing_grants_ = 0;
    int quick_losses_ = 0;  ///< sessions in a row that were up, each only for moments
    base::Instant up_since_;
    base::Instant deadline_;
    base::Instant last_housekeeping_;
    base::Error refusal_;         ///< what the broker said when it refused us
    std::string last_tls_error_;  ///< from the library's log
};

}  // namespace frugal::net
