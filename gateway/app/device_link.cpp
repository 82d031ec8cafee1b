// SPDX-License-Identifier: Apache-2.0
#include "app/device_link.hpp"

#include <algorithm>

#include "wire/device_messages.hpp"
#include "wire/topics.hpp"

namespace frugal::app {

DeviceLink::DeviceLink(boost::asio::io_context& loop, const net::MqttSettings& settings,
                       base::SiteId site, const Log& log, EventHandler on_events)
    : site_(std::move(site)),
      log_(log),
      on_events_(std::move(on_events)),
      link_(loop, settings,
            net::MqttLink::Handlers{[this](const net::MessageBatch& batch) { on_messages(batch); },
                                    [this](const net::LinkChange& change) { on_change(change); }}) {
}

void DeviceLink::on_messages(const net::MessageBatch& batch) {
    std::vector<core::Event> events;
    events.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto message = batch[i];
        bytes_up_ += message.payload.size();
        if (auto event = event_of(message)) {
            events.push_back(std::move(*event));
        }
    }
    on_events_(std::move(events));
}

std::optional<core::Event> DeviceLink::event_of(const net::MessageBatch::Message& message) const {
    auto topic = wire::parse_up_topic(site_, message.topic);
    if (!topic) {
        log_.error("message.wrong-topic", topic.error());
        return std::nullopt;
    }
    auto decoded = wire::decode_up(topic->kind, message.payload);
    if (!decoded) {
        return core::MalformedMessage{std::move(topic->device), topic->kind,
                                      std::move(decoded.error())};
    }
    return core::DeviceMessage{std::move(topic->device), std::move(*decoded),
                               static_cast<std::uint32_t>(message.payload.size())};
}

void DeviceLink::on_change(const net::LinkChange& change) {
    if (!change.is_up && !change.error.message.empty()) {
        const bool is_taken = change.error.kind == base::ErrorKind::kConflict;
        log_.error(is_taken ? "broker.session-taken-over" : "broker.unreachable", change.error);
    }
    std::vector<core::Event> events;
    events.emplace_back(core::LinkChanged{change.is_up});
    on_events_(std::move(events));
}

void DeviceLink::publish(const std::string& topic, const base::Bytes& payload) {
    if (link_.publish(topic, payload, net::Qos::kAtMostOnce)) {
        bytes_down_ += payload.size();
    }
}

void DeviceLink::send(const core::Send& message) {
    publish(wire::down_topic(site_, message.device, wire::kind_of(message.message)),
            wire::encode_down(message.message));
}

void DeviceLink::send(const core::SendBlocks& blocks, base::ByteView artifact) {
    const std::string topic = blocks.device ? wire::chunk_topic(site_, *blocks.device)
                                            : wire::shared_chunk_topic(site_, blocks.artifact);
    for (const std::uint32_t block : blocks.blocks) {
        const std::size_t begin = std::size_t{block} * blocks.block_bytes;
        if (begin >= artifact.size()) {
            continue;
        }
        const std::size_t length =
            std::min<std::size_t>(blocks.block_bytes, artifact.size() - begin);
        publish(topic, wire::encode_chunk(blocks.artifact, block, artifact.subspan(begin, length)));
    }
}

}  // namespace frugal::app
