// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/null_subscriber.hpp"

#include "bench/ingest/varint.hpp"
#include "frugal/limits.h"
#include "wire/device_messages.hpp"

namespace frugal::bench {
namespace {

constexpr std::string_view kUpDecisions = "/up/decisions";
constexpr std::string_view kUpEscalate = "/up/escalate";

net::MqttSettings settings_of(const std::string& socket, const std::string& site) {
    net::MqttSettings settings;
    settings.host = socket;
    settings.port = 0;
    settings.client_id = "frugald:" + site;
    settings.subscriptions = {"frugal/v1/" + site + "/+/up/+"};
    settings.inbound_messages_max = 65'536;
    return settings;
}

base::Bytes ack_of(std::uint64_t stream, std::uint64_t next) {
    base::Bytes ack{1 << 3 | 1};
    append_fixed64(ack, stream);
    ack.push_back(2 << 3);
    append_varint(ack, next);
    ack.push_back(3 << 3);  // fencing epoch
    append_varint(ack, 1);
    ack.push_back(6 << 3);  // credit
    append_varint(ack, FR_DECISION_WINDOW);
    return ack;
}

}  // namespace

NullSubscriber::NullSubscriber(const std::string& socket, const std::string& site,
                               std::uint32_t batch)
    : prefix_("frugal/v1/" + site + "/"),
      batch_(batch),
      work_(boost::asio::make_work_guard(loop_)),
      link_(loop_, settings_of(socket, site),
            {[this](const net::MessageBatch& messages) { on_messages(messages); },
             [](const net::LinkChange&) {}}) {}

NullSubscriber::~NullSubscriber() {
    stop();
}

base::Result<void> NullSubscriber::start() {
    auto started = link_.start();
    if (started) {
        thread_ = std::thread([this] { loop_.run(); });
    }
    return started;
}

void NullSubscriber::stop() {
    if (thread_.joinable()) {
        boost::asio::post(loop_, [this] {
            link_.stop();
            work_.reset();
        });
        thread_.join();
    }
}

void NullSubscriber::answer(std::string_view topic, base::ByteView payload) {
    if (payload.size() < 9) {
        return;
    }
    auto device = topic.substr(prefix_.size());
    device.remove_suffix(kUpEscalate.size());
    const core::Verdict verdict{.stream = {read_fixed64(payload.subspan(1))},
                                .sequence = 1,
                                .status = core::VerdictStatus::kAnswered,
                                .class_id = 3,
                                .confidence = 200,
                                .tier = core::Tier::kEdge,
                                .edge_model = 0x12345678};
    static_cast<void>(link_.publish(prefix_ + std::string(device) + "/down/verdict",
                                    wire::encode_down(core::DownMessage{verdict}),
                                    net::Qos::kAtMostOnce));
}

void NullSubscriber::on_messages(const net::MessageBatch& batch) {
    constexpr std::size_t kSequenceAt = 11;
    constexpr std::uint8_t kSequenceTag = 3 << 3;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto message = batch[i];
        if (message.topic.ends_with(kUpEscalate)) {
            answer(message.topic, message.payload);
            continue;
        }
        if (!message.topic.ends_with(kUpDecisions) || message.payload.size() < 16) {
            continue;
        }
        auto device = message.topic.substr(prefix_.size());
        device.remove_suffix(kUpDecisions.size());
        const auto payload = message.payload;
        const bool is_first = payload[kSequenceAt] != kSequenceTag;
        heard_[device] = {read_fixed64(payload.subspan(1)),
                          (is_first ? 0 : read_varint(payload.subspan(kSequenceAt + 1))) + batch_};
    }
    for (const auto& [device, position] : heard_) {
        static_cast<void>(link_.publish(prefix_ + std::string(device) + "/down/ack",
                                        ack_of(position.stream, position.next),
                                        net::Qos::kAtMostOnce));
    }
    heard_.clear();  // its keys point into the batch
}

}  // namespace frugal::bench
