// SPDX-License-Identifier: Apache-2.0
#include "net/mqtt_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>

#include "base/assert.hpp"
#include "net/mqtt_session.hpp"

namespace frugal::net {

namespace asio = boost::asio;
using base::ErrorKind;
using base::Result;

namespace {

bool is_this_machine(const MqttSettings& settings) {
    return settings.port == 0 || settings.host == "localhost" || settings.host == "::1" ||
           settings.host.starts_with("127.");
}

Result<void> check(const MqttSettings& settings) {
    if (settings.client_id.empty()) {
        return base::fail(ErrorKind::kInvalidInput, "the MQTT client id is empty", {},
                          "use frugald:SITE");
    }
    if (!settings.tls && !is_this_machine(settings)) {
        return base::fail(ErrorKind::kInvalidInput,
                          "a broker on another machine needs TLS: " + settings.host,
                          "without it anybody on the way reads and forges messages",
                          "use mqtts:// and give CA, certificate and key");
    }
    if (settings.tls) {
        for (const std::string& file :
             {settings.tls->ca_file, settings.tls->certificate_file, settings.tls->key_file}) {
            std::error_code ignored;
            if (!std::filesystem::exists(file, ignored)) {
                return base::fail(ErrorKind::kInvalidInput, "TLS file " + file + " does not exist",
                                  "the broker connection needs it",
                                  "create it with frugalctl setup, or correct the path");
            }
        }
    }
    return {};
}

}  // namespace

/// Shared with the posted closures, so that one that runs late finds a closed door, not a hole.
struct Mailbox {
    Mailbox(const MqttSettings& settings, MqttLink::Handlers h)
        : handlers(std::move(h)),
          inbox(settings.inbound_messages_max, settings.inbound_bytes_max) {}

    void deliver() {
        inbox.take(batch);
        if (!is_closed && !batch.empty()) {
            handlers.on_messages(batch);
        }
    }

    MqttLink::Handlers handlers;
    MessageInbox inbox;
    MessageBatch batch;      ///< loop thread only
    bool is_closed = false;  ///< loop thread only
};

class MqttLink::Impl {
public:
    Impl(asio::io_context& loop, MqttSettings settings, Handlers handlers)
        : settings_(std::move(settings)),
          mailbox_(std::make_shared<Mailbox>(settings_, std::move(handlers))),
          session_(settings_, mailbox_->inbox, callbacks(loop)) {}

    Result<void> start() {
        const auto checked = check(settings_);
        return checked ? session_.start() : checked;
    }

    void stop() {
        mailbox_->is_closed = true;
        session_.stop();
    }

    Result<void> publish(std::string_view topic, base::ByteView payload, Qos qos) {
        if (payload.size() > settings_.payload_bytes_max) {
            return base::fail(ErrorKind::kInvalidInput,
                              "payload of " + std::to_string(payload.size()) + " bytes is too long",
                              "devices take " + std::to_string(settings_.payload_bytes_max));
        }
        return session_.publish(topic, payload, qos);
    }

    const MqttSession& session() const { return session_; }

private:
    MqttSession::Callbacks callbacks(asio::io_context& loop) {
        return {
            [&loop, mailbox = mailbox_] { asio::post(loop, [mailbox] { mailbox->deliver(); }); },
            [&loop, mailbox = mailbox_](const LinkChange& change) {
                asio::post(loop, [mailbox, change] {
                    if (!mailbox->is_closed) {
                        mailbox->handlers.on_change(change);
                    }
                });
            }};
    }

    const MqttSettings settings_;
    std::shared_ptr<Mailbox> mailbox_;
    MqttSession session_;
};

MqttLink::MqttLink(asio::io_context& loop, MqttSettings settings, Handlers handlers)
    : impl_(std::make_unique<Impl>(loop, std::move(settings), std::move(handlers))) {}

MqttLink::~MqttLink() {
    impl_->stop();
}

Result<void> MqttLink::start() {
    return impl_->start();
}

void MqttLink::stop() {
    impl_->stop();
}

Result<void> MqttLink::publish(std::string_view topic, base::ByteView payload, Qos qos) {
    return impl_->publish(topic, payload, qos);
}

bool MqttLink::is_up() const {
    return impl_->session().is_up();
}

MqttCounters MqttLink::counters() const {
    const AtomicMqttCounters& now = impl_->session().counters();
    return {now.received,  now.dropped_queue_full, now.dropped_too_large, now.dropped_retained,
            now.published, now.refused_publishes,  now.connects};
}

}  // namespace frugal::net
