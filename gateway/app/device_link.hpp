// SPDX-License-Identifier: Apache-2.0
// Between MQTT and the core: what devices say becomes events, what the core sends becomes messages.
// Owned by the Gateway, used and calling back on the loop's thread. Keeps nothing: a message that
// cannot leave now is lost on purpose, the protocol repeats end to end.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "app/log.hpp"
#include "base/ids.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "net/mqtt_link.hpp"

namespace frugal::app {

class DeviceLink {
public:
    /// Takes the events of one batch of messages, or one change of the link.
    using EventHandler = std::function<void(std::vector<core::Event>&&)>;

    DeviceLink(boost::asio::io_context& loop, const net::MqttSettings& settings, base::SiteId site,
               const Log& log, EventHandler on_events);

    base::Result<void> start() { return link_.start(); }
    void stop() { link_.stop(); }

    void send(const core::Send& message);
    /// Blocks beyond the artifact's end are left out.
    void send(const core::SendBlocks& blocks, base::ByteView artifact);

    bool is_up() const { return link_.is_up(); }
    net::MqttCounters counters() const { return link_.counters(); }
    std::uint64_t bytes_up() const { return bytes_up_; }      ///< payloads, since the start
    std::uint64_t bytes_down() const { return bytes_down_; }  ///< likewise

private:
    void on_messages(const net::MessageBatch& batch);
    void on_change(const net::LinkChange& change);
    std::optional<core::Event> event_of(const net::MessageBatch::Message& message) const;
    void publish(const std::string& topic, const base::Bytes& payload);

    base::SiteId site_;
    const Log& log_;
    EventHandler on_events_;
    net::MqttLink link_;
    std::uint64_t bytes_up_ = 0;
    std::uint64_t bytes_down_ = 0;
};

}  // namespace frugal::app
