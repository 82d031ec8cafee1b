// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/load_device.hpp"

#include "bench/ingest/varint.hpp"
#include "frugal/limits.h"
#include "wire/device_messages.hpp"

namespace frugal::bench {
namespace {

constexpr swarm::Milliseconds kPatience{2000};
// fixed64 stream and a boot epoch of one byte come before first_sequence.
constexpr std::size_t kHeadBytes = 11;
constexpr std::uint8_t kFirstSequenceTag = 3 << 3;
// An ack is: tag, fixed64 stream, tag, varint next_sequence (left out when 0), ...
constexpr std::size_t kAckSequenceAt = 10;
constexpr std::uint8_t kAckSequenceTag = 2 << 3;

core::Decisions example(std::uint64_t stream, std::size_t salt) {
    core::Decisions decisions;
    decisions.stream = {stream};
    decisions.boot_epoch = 1;
    decisions.task = 1;
    decisions.release = 2;
    decisions.energy_uj = 900;
    decisions.count = LoadDevice::kBatch;
    for (std::uint32_t i = 0; i < decisions.count; ++i) {
        decisions.ticks[i] = 1'000'000 + i * 6 + i % 2;
        decisions.classes[i] = static_cast<std::uint8_t>((salt + i) % 10);
        decisions.confidences[i] = static_cast<std::uint8_t>(255 - (salt * 7 + i * 11) % 90);
        decisions.outcomes[i] = 0x11;
    }
    return decisions;
}

core::Hello hello_of(const std::string& device, std::uint64_t stream, std::uint64_t next) {
    core::Hello hello{.capability = {.device_class = *base::ClassName::parse("m4"),
                                     .runtime_abi = 1,
                                     .arena_bytes = 65'536,
                                     .slot_bytes = 262'144,
                                     .staging_bytes = 262'144,
                                     .block_bytes = 1024,
                                     .decoder_ram_bytes = 65'472,
                                     .decoder_profiles = 7,
                                     .operators = {776, 2316, 5634, 6403}}};
    hello.protocol = FR_PROTOCOL_VERSION;
    hello.device = device;
    hello.stream = {stream};
    hello.boot_epoch = 1;
    hello.next_sequence = next;
    hello.oldest_sequence = next;
    return hello;
}

}  // namespace

LoadDevice::LoadDevice(LoadContext& context, std::string name, swarm::Identity identity,
                       std::uint64_t seed)
    : context_(context),
      name_(std::move(name)),
      prefix_("frugal/v1/" + context.site + "/" + name_ + "/"),
      decisions_topic_(prefix_ + "up/decisions"),
      identity_(std::move(identity)) {
    for (std::size_t i = 0; i < kStreams; ++i) {
        streams_[i].id = seed * kStreams + i + 1;
        prepare(streams_[i]);
    }
}

void LoadDevice::prepare(Stream& stream) {
    const auto bytes = wire::encode_up(core::UpMessage{example(stream.id, stream.id % 97)});
    stream.head.assign(bytes.begin(), bytes.begin() + kHeadBytes);
    stream.tail.assign(bytes.begin() + kHeadBytes, bytes.end());
}

void LoadDevice::connect() {
    ticket_ = context_.gate->enter([this] { context_.loop->defer([this] { open(); }); });
}

void LoadDevice::open() {
    swarm::MqttClient::Settings settings;
    settings.endpoint = context_.broker;
    settings.context = context_.tls;
    settings.identity = &identity_;
    settings.session = &session_;
    settings.connect.client_id = name_;
    settings.connect.keep_alive_s = 60;
    settings.connect.maximum_packet_size = 8192;
    settings.filters = {prefix_ + "down/#"};
    swarm::MqttClient::Listener& listener = *this;
    client_ = std::make_unique<swarm::MqttClient>(*context_.loop, listener, std::move(settings));
    if (const auto opened = client_->open(); !opened) {
        on_mqtt_closed(opened.error());
    }
}

void LoadDevice::on_mqtt_ready() {
    context_.gate->leave(std::exchange(ticket_, 0));
}

void LoadDevice::on_mqtt_closed(const swarm::Error& error) {
    if (ticket_ != 0) {
        context_.gate->leave(std::exchange(ticket_, 0));
    }
    ++context_.counters.disconnects;
    context_.last_error = name_ + ": " + error.describe();
    context_.loop->defer([client = std::shared_ptr<swarm::MqttClient>(std::move(client_))] {});
    if (!is_closing_) {
        context_.loop->timers().arm(swarm::Milliseconds{500}, [this] { connect(); });
    }
}

void LoadDevice::say_hello() {
    has_answer_ = false;
    if (is_connected()) {
        const auto hello = hello_of(name_, stream().id, stream().acked);
        client_->publish(prefix_ + "up/hello", wire::encode_up(core::UpMessage{hello}),
                         swarm::mqtt::Qos::kAtLeastOnce);
    }
}

void LoadDevice::on_mqtt_message(std::string_view topic, swarm::ByteView payload) {
    if (topic.ends_with("/verdict")) {
        on_verdict(payload);
        return;
    }
    if (!topic.ends_with("/ack") || payload.size() < 9 ||
        read_fixed64(payload.subspan(1)) != stream().id) {
        return;
    }
    has_answer_ = true;
    const bool has_sequence = payload.size() > kAckSequenceAt && payload[9] == kAckSequenceTag;
    const auto next = has_sequence ? read_varint(payload.subspan(kAckSequenceAt)) : 0;
    if (next <= stream().acked || next > stream().next) {
        return;
    }
    context_.counters.acked += next - stream().acked;
    ++context_.counters.acks;
    stream().acked = next;
    moved_at_ = context_.loop->now();
    pump();
}

void LoadDevice::ask(std::uint32_t task, std::size_t input_bytes) {
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (!is_connected() || (is_asking_ && now - asked_at_ < 2s)) {
        return;
    }
    core::Escalate message;
    message.stream = {stream().id};
    message.sequence = next_question_++;
    message.task = task;
    message.deadline_ms = 1000;
    message.release = 2;
    message.local_class = 1;
    message.local_confidence = 90;
    message.policy_reason = core::PolicyReason::kEscalateGain;
    message.features = core::Features(base::Bytes(input_bytes, 0x11));
    const auto payload = wire::encode_up(core::UpMessage{std::move(message)});
    is_asking_ = true;
    asked_at_ = std::chrono::steady_clock::now();
    client_->publish(prefix_ + "up/escalate", payload, swarm::mqtt::Qos::kAtMostOnce);
}

// A verdict is: tag, fixed64 stream, tag, varint sequence, tag, varint status, ...
void LoadDevice::on_verdict(swarm::ByteView payload) {
    constexpr std::uint8_t kStatusTag = 3 << 3;
    if (!is_asking_ || payload.size() < 12) {
        return;
    }
    std::size_t at = 10;
    while (at < payload.size() && (payload[at] & 0x80U) != 0) {
        ++at;
    }
    const bool is_answered =
        at + 2 < payload.size() && payload[at + 1] == kStatusTag &&
        payload[at + 2] == static_cast<std::uint8_t>(core::VerdictStatus::kAnswered);
    is_asking_ = false;
    ++(is_answered ? context_.counters.answered : context_.counters.turned_away);
    if (is_answered) {
        context_.counters.trips_us.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - asked_at_)
                .count());
    }
}

void LoadDevice::pump() {
    while (context_.is_sending && is_connected() &&
           stream().next + kBatch <= stream().acked + FR_DECISION_WINDOW) {
        send_batch();
    }
}

void LoadDevice::send_batch() {
    buffer_ = stream().head;
    if (stream().next != 0) {
        buffer_.push_back(kFirstSequenceTag);
        append_varint(buffer_, stream().next);
    }
    buffer_.insert(buffer_.end(), stream().tail.begin(), stream().tail.end());
    stream().next += kBatch;
    ++context_.counters.messages;
    context_.counters.payload_bytes += buffer_.size();
    client_->publish(decisions_topic_, buffer_, swarm::mqtt::Qos::kAtMostOnce);
}

void LoadDevice::look_after() {
    if (!is_connected() || is_drained() || context_.loop->now() - moved_at_ < kPatience) {
        return;
    }
    ++context_.counters.repeats;
    moved_at_ = context_.loop->now();
    const auto until = stream().next;
    stream().next = stream().acked;
    while (stream().next < until) {
        send_batch();
    }
}

void LoadDevice::close() {
    is_closing_ = true;
    if (client_) {
        client_->close();
    }
}

}  // namespace frugal::bench
