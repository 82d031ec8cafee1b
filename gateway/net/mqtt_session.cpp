// SPDX-License-Identifier: Apache-2.0
#include "net/mqtt_session.hpp"

#include <errno.h>
#include <mqtt_protocol.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "base/assert.hpp"

namespace frugal::net {

namespace {

using base::ErrorKind;
using base::Result;

constexpr int kReadsPerWakeUp = 128;
/// A session that is lost sooner than this counts as taken away, if the next one is too.
constexpr base::Duration kFightWindow = std::chrono::seconds(10);
constexpr base::Duration kHousekeepingInterval = std::chrono::seconds(1);
/// AEAD only; TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

base::Instant steady_now() {
    return {std::chrono::duration_cast<base::Duration>(
        std::chrono::steady_clock::now().time_since_epoch())};
}

int milliseconds_until(base::Instant deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_now()).count();
    return left < 0 ? 0 : static_cast<int>(left) + 1;
}

bool is_handshaking(mosquitto* client) {
    const auto* ssl = static_cast<const SSL*>(mosquitto_ssl_get(client));
    return ssl != nullptr && SSL_is_init_finished(ssl) == 0;
}

bool wants_write(mosquitto* client) {
    if (is_handshaking(client)) {
        return SSL_want_write(static_cast<const SSL*>(mosquitto_ssl_get(client)));
    }
    return mosquitto_want_write(client);
}

int refuse_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

MqttSession::MqttSession(const MqttSettings& settings, MessageInbox& inbox, Callbacks callbacks)
    : settings_(settings),
      inbox_(inbox),
      callbacks_(std::move(callbacks)),
      backoff_(settings.reconnect_min, settings.reconnect_max, settings.jitter_seed) {
    FRUGAL_ASSERT(mosquitto_lib_init() == MOSQ_ERR_SUCCESS);
}

MqttSession::~MqttSession() {
    stop();
    client_.reset();
    if (wake_fd_ >= 0) {
        ::close(wake_fd_);
    }
    mosquitto_lib_cleanup();
}

Result<void> MqttSession::start() {
    FRUGAL_ASSERT(!thread_.joinable());
    client_.reset(mosquitto_new(settings_.client_id.c_str(), true, this));
    wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!client_ || wake_fd_ < 0) {
        return base::fail(ErrorKind::kInternal, "no MQTT client could be made",
                          std::strerror(errno), "check the limit of open files");
    }
    mosquitto_threaded_set(client_.get(), true);  // publish() from another thread only queues
    mosquitto_int_option(client_.get(), MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(client_.get(), MOSQ_OPT_TCP_NODELAY, 1);
    if (settings_.tls) {
        const auto applied = apply_tls();
        if (!applied) {
            return applied;
        }
    }
    set_callbacks();
    thread_ = std::thread([this] { run(); });
    return {};
}

Result<void> MqttSession::apply_tls() {
    const MqttTlsFiles& files = *settings_.tls;
    const int set = mosquitto_tls_set(client_.get(), files.ca_file.c_str(), nullptr,
                                      files.certificate_file.c_str(), files.key_file.c_str(),
                                      refuse_passphrase);
    if (set != MOSQ_ERR_SUCCESS) {
        return base::fail(ErrorKind::kInvalidInput,
                          "the broker connection's TLS files are unusable",
                          files.ca_file + ", " + files.certificate_file + ", " + files.key_file +
                              ": " + mosquitto_strerror(set),
                          "check that all three exist and can be read by this user");
    }
    FRUGAL_ASSERT(mosquitto_tls_opts_set(client_.get(), 1, nullptr, kCiphers) == MOSQ_ERR_SUCCESS);
    return {};
}

void MqttSession::set_callbacks() {
    mosquitto* client = client_.get();
    mosquitto_connect_v5_callback_set(
        client, [](mosquitto*, void* self, int reason, int, const mosquitto_property*) {
            static_cast<MqttSession*>(self)->on_connect(reason);
        });
    mosquitto_disconnect_v5_callback_set(
        client, [](mosquitto*, void* self, int reason, const mosquitto_property*) {
            static_cast<MqttSession*>(self)->on_disconnect(reason);
        });
    mosquitto_subscribe_callback_set(
        client, [](mosquitto*, void* self, int, int count, const int* granted) {
            for (int i = 0; i < count; ++i) {
                static_cast<MqttSession*>(self)->on_subscribe(granted[i]);
            }
        });
    mosquitto_message_callback_set(client,
                                   [](mosquitto*, void* self, const mosquitto_message* message) {
                                       static_cast<MqttSession*>(self)->on_message(*message);
                                   });
    mosquitto_publish_callback_set(client, [](mosquitto*, void* self, int) {
        auto& outbound = static_cast<MqttSession*>(self)->outbound_;
        std::size_t count = outbound.load();
        while (count > 0 && !outbound.compare_exchange_weak(count, count - 1)) {
        }
    });
    mosquitto_log_callback_set(client, [](mosquitto*, void* self, int level, const char* text) {
        if (level == MOSQ_LOG_ERR) {
            static_cast<MqttSession*>(self)->last_tls_error_ = text;
        }
    });
}

void MqttSession::stop() {
    if (!thread_.joinable()) {
        return;
    }
    is_stopping_ = true;
    wake();
    thread_.join();
}

Result<void> MqttSession::publish(std::string_view topic, base::ByteView payload, Qos qos) {
    if (!is_up()) {
        counters_.refused_publishes.fetch_add(1, std::memory_order_relaxed);
        return base::fail(ErrorKind::kUnavailable, "not connected to the broker");
    }
    if (outbound_.load() >= settings_.outbound_messages_max) {
        counters_.refused_publishes.fetch_add(1, std::memory_order_relaxed);
        return base::fail(ErrorKind::kLimit, "too many messages wait for the broker");
    }
    const std::string name(topic);
    outbound_.fetch_add(1);
    const int code =
        mosquitto_publish(client_.get(), nullptr, name.c_str(), static_cast<int>(payload.size()),
                          payload.data(), static_cast<int>(qos), false);
    if (code != MOSQ_ERR_SUCCESS) {
        outbound_.fetch_sub(1);
        counters_.refused_publishes.fetch_add(1, std::memory_order_relaxed);
        return base::fail(
            code == MOSQ_ERR_NO_CONN ? ErrorKind::kUnavailable : ErrorKind::kInvalidInput,
            "cannot publish on " + name, mosquitto_strerror(code));
    }
    counters_.published.fetch_add(1, std::memory_order_relaxed);
    wake();
    return {};
}

void MqttSession::run() {
    while (!is_stopping_) {
        base::Error why = serve();
        if (is_up_.exchange(false)) {
            backoff_.reset();
        }
        outbound_ = 0;
        if (is_stopping_) {
            return;
        }
        if (inbox_.needs_wake()) {
            callbacks_.on_inbox();
        }
        callbacks_.on_change({false, uses_mqtt5_, std::move(why)});
        wait(backoff_.next());
    }
}

base::Error MqttSession::serve() {
    refusal_ = {};
    last_tls_error_.clear();
    missing_grants_ = settings_.subscriptions.size();
    is_tcp_connected_ = false;
    last_housekeeping_ = steady_now();
    deadline_ = last_housekeeping_ + settings_.connect_timeout;
    ERR_clear_error();
    errno = 0;
    const int code = mosquitto_connect_async(client_.get(), settings_.host.c_str(), settings_.port,
                                             settings_.keepalive_s);
    if (code != MOSQ_ERR_SUCCESS) {
        note_loss();
        return library_error(code);
    }
    if (errno == ECONNREFUSED) {
        note_loss();
        // On this machine the refusal comes at once, and the first TLS write has eaten it.
        return connection_error("cannot reach the broker", std::strerror(ECONNREFUSED));
    }
    for (;;) {
        const int fd = mosquitto_socket(client_.get());
        if (fd < 0) {
            note_loss();
            return library_error(MOSQ_ERR_CONN_LOST);
        }
        const auto turned = turn(fd);
        if (!turned) {
            mosquitto_disconnect(client_.get());  // closes what is left of the connection
            mosquitto_loop_write(client_.get(), 1);
            return turned.error();
        }
        if (is_stopping_) {
            mosquitto_disconnect(client_.get());
            mosquitto_loop_write(client_.get(), 1);
            return {};
        }
    }
}

Result<void> MqttSession::turn(int fd) {
    const bool writes = !is_tcp_connected_ || wants_write(client_.get());
    std::array<pollfd, 2> polled{
        {{fd, static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0}, {wake_fd_, POLLIN, 0}}};
    ::poll(polled.data(), polled.size(),
           milliseconds_until(last_housekeeping_ + kHousekeepingInterval));
    if (polled[1].revents != 0) {
        drain_wake();
    }
    if (!is_up_ && steady_now() > deadline_) {
        return tl::unexpected(connection_error("the broker did not answer in time", "timed out"));
    }
    if (!is_tcp_connected_) {
        return polled[0].revents == 0 ? Result<void>{} : await_tcp(fd);
    }
    int code = MOSQ_ERR_SUCCESS;
    const bool drives_handshake = is_handshaking(client_.get()) && polled[0].revents != 0;
    if (drives_handshake || (polled[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        code = read_burst(fd);
    }
    if (inbox_.needs_wake()) {
        callbacks_.on_inbox();
    }
    if (code == MOSQ_ERR_SUCCESS && !is_handshaking(client_.get()) &&
        mosquitto_want_write(client_.get())) {
        ERR_clear_error();
        code = mosquitto_loop_write(client_.get(), 1);
    }
    if (code == MOSQ_ERR_SUCCESS && steady_now() - last_housekeeping_ >= kHousekeepingInterval) {
        last_housekeeping_ = steady_now();
        ERR_clear_error();
        code = mosquitto_loop_misc(client_.get());
    }
    if (code != MOSQ_ERR_SUCCESS) {
        note_loss();
        return tl::unexpected(library_error(code));
    }
    if (!is_up_ && peer_has_closed(fd)) {
        return tl::unexpected(library_error(MOSQ_ERR_CONN_LOST));
    }
    return {};
}

void MqttSession::go_up() {
    up_since_ = steady_now();
    is_up_.store(true, std::memory_order_release);
    callbacks_.on_change({true, uses_mqtt5_, {}});
}

/// Called before the error is made, so that it can tell a fight from a single loss.
void MqttSession::note_loss() {
    const bool is_quick = is_up_ && steady_now() - up_since_ < kFightWindow;
    quick_losses_ = is_quick ? quick_losses_ + 1 : 0;
}

Result<void> MqttSession::await_tcp(int fd) {
    int code = 0;
    socklen_t size = sizeof(code);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
    // A reset means that somebody answered: a busy thread can find the whole handshake behind it.
    is_tcp_connected_ = code == 0 || code == ECONNRESET;
    if (code != 0) {
        errno = code;
        return tl::unexpected(library_error(MOSQ_ERR_ERRNO));
    }
    return {};
}

/// The library reads one packet per call; TLS may hold more than the socket shows.
int MqttSession::read_burst(int fd) {
    for (int i = 0; i < kReadsPerWakeUp; ++i) {
        ERR_clear_error();
        const int code = mosquitto_loop_read(client_.get(), 1);
        if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(client_.get()) < 0) {
            return code;
        }
        const auto* ssl = static_cast<const SSL*>(mosquitto_ssl_get(client_.get()));
        int waiting = 0;
        const bool has_more = (ssl != nullptr && SSL_has_pending(ssl) == 1) ||
                              (::ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0);
        if (!has_more) {
            break;
        }
    }
    return MOSQ_ERR_SUCCESS;
}

/// While connecting the library swallows a closed connection and would leave us polling forever.
bool MqttSession::peer_has_closed(int fd) const {
    char byte = 0;
    const ssize_t count = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void MqttSession::wait(base::Duration duration) {
    const base::Instant end = steady_now() + duration;
    while (!is_stopping_ && steady_now() < end) {
        pollfd polled{wake_fd_, POLLIN, 0};
        ::poll(&polled, 1, milliseconds_until(end));
        drain_wake();
    }
}

void MqttSession::drain_wake() {
    is_wake_pending_ = false;  // before the read: a wake() in between writes again, none is lost
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t count = ::read(wake_fd_, &ignored, sizeof(ignored));
}

void MqttSession::wake() {
    if (!is_wake_pending_.exchange(true)) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t count = ::write(wake_fd_, &one, sizeof(one));
    }
}

}  // namespace frugal::net
